import type { FieldList } from '../../../src/proxy/message/head.ts';
import type { FilterDefinition } from '../../../src/proxy/filter/definition.ts';
import type { TollValue } from './ir.ts';

export const TOLL: FilterDefinition<TollValue> = {
  kind: 'toll',
  stages: { request: 'access' },
  precedence: 'both',
  compile: ({ settings: { lists } }) => ({
    request: {
      kind: 'toll',
      apply: ({ head }) =>
        lists.every((passes) => passes.includes(passOf(head)))
          ? 'continue'
          : { kind: 'answer', reason: 'access_denied' },
    },
  }),
  describe: ({ settings: { lists } }) => `toll: ${String(lists.length)}`,
};

function passOf(fields: FieldList): string {
  for (let at = 0; at < fields.count; at++) if (fields.name(at) === 'x-pass') return fields.value(at);
  return '';
}
