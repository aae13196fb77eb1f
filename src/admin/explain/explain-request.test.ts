/** What an explanation adds to the router's decision. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import type { Filter } from '../../ir/filter.ts';
import { explainRequest } from './explain-request.ts';
import { parseRequest } from './request.ts';

const edit = { set: [], add: [{ name: 'X-A', value: '1' }], remove: [] };
/** As a route may list them: the last one acts first. */
const FILTERS: readonly Filter[] = [
  { kind: 'response-headers', edit },
  { kind: 'url-rewrite', hostname: 'inner.example', path: null },
  { kind: 'request-headers', edit },
  {
    kind: 'cors',
    allowOrigins: ['https://app.example'],
    allowCredentials: false,
    allowMethods: [],
    allowHeaders: [],
    exposeHeaders: [],
    maxAgeSeconds: 5,
  },
];
const IN_ORDER = [
  'CORS: origins https://app.example',
  'request headers: add X-A: 1',
  'rewrite: host → inner.example',
  'response headers: add X-A: 1',
];

test('filters of a rule and of its backends are explained in the order in which they act', () => {
  const backend = { ...testBackend('a'), filters: FILTERS };
  const config = testConfig({ rules: [{ filters: FILTERS, backends: [backend] }], endpoints: { a: [9000] } });
  const parsed = parseRequest('GET http://a.example/', []);
  assert.ok(parsed.ok);
  const explanation = explainRequest(config, parsed.request, new Map());
  assert.ok(explanation !== null);
  const descriptions = (filters: readonly { readonly description: string }[]): string[] =>
    filters.map(({ description }) => description);
  assert.deepEqual(descriptions(explanation.filters), IN_ORDER);
  assert.deepEqual(descriptions(explanation.backends[0]?.filters ?? []), IN_ORDER);
});
