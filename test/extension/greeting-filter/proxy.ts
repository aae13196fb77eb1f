import type { FilterDefinition } from '../../../src/proxy/filter/definition.ts';
import type { GreetingFilter } from './ir.ts';

export const GREETING: FilterDefinition<GreetingFilter> = {
  kind: 'greeting',
  stages: { request: 'request-headers' },
  precedence: 'both',
  compile: ({ text }) => ({
    requestEdit: { set: [{ name: 'x-greeting', value: text }], add: [], remove: [] },
  }),
  describe: ({ text }) => `greeting: ${text}`,
};
