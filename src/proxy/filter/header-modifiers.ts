/** RequestHeaderModifier and ResponseHeaderModifier: edits that are known beforehand, and merged into one for each backend. */
import type { HeaderEdit, RequestHeadersFilter, ResponseHeadersFilter } from '../../ir/filter.ts';
import type { FilterDefinition } from './definition.ts';

export const REQUEST_HEADERS: FilterDefinition<RequestHeadersFilter> = {
  kind: 'request-headers',
  stages: { request: 'request-headers' },
  precedence: 'both',
  compile: ({ edit }) => ({ requestEdit: edit }),
  describe: ({ edit }) => `request headers: ${describeEdit(edit)}`,
};

export const RESPONSE_HEADERS: FilterDefinition<ResponseHeadersFilter> = {
  kind: 'response-headers',
  stages: { response: 'response-headers' },
  precedence: 'both',
  compile: ({ edit }) => ({ responseEdit: edit }),
  describe: ({ edit }) => `response headers: ${describeEdit(edit)}`,
};

function describeEdit({ set, add, remove }: HeaderEdit): string {
  return [
    ...set.map((field) => `set ${field.name}: ${field.value}`),
    ...add.map((field) => `add ${field.name}: ${field.value}`),
    ...remove.map((field) => `remove ${field}`),
  ].join('; ');
}
