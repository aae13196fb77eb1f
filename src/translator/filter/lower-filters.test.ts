/** A filter that cannot be lowered closes its rule or backend, so requests that it should stop never pass. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { clusterId } from '../../ir/ids.ts';
import { failure, success } from '../../lib/result.ts';
import type { FilterNode, Upstream } from '../graph/nodes.ts';
import type { FilterSpec } from '../graph/route-adapter.ts';
import { FILTER_KINDS } from './filter-kinds.ts';
import { lowerFailureFilters, lowerFilters } from './lower-filters.ts';
import { readClosedFilters } from './read-filters.ts';
import type { Fault } from '../faults/fault.ts';

const upstream: Upstream = {
  ref: { group: '', kind: 'Service', namespace: 'default', name: 'auth' },
  port: 80,
  portName: '',
  protocol: 'http1',
  discovery: { kind: 'endpoints' },
  tls: null,
  policies: [],
  prefersLocal: false,
};

const usable = success(upstream);
const missing = failure<Fault>({
  severity: 'error',
  code: 'backend-not-found',
  reason: 'BackendNotFound',
  path: '',
  message: '',
  hint: null,
});

/** The filters, each with this backend. */
const nodesOf = (
  filters: readonly object[],
  resolved: FilterNode['upstream'] = null,
): readonly FilterNode[] =>
  readClosedFilters(filters as readonly FilterSpec[], 'filters', FILTER_KINDS).map((node) => ({
    ...node,
    upstream: resolved,
  }));

const lower = (...parameters: Parameters<typeof nodesOf>): ReturnType<typeof lowerFilters> =>
  lowerFilters(nodesOf(...parameters), ({ ref: { kind, namespace, name } }) => ({
    cluster: clusterId(name),
    origin: { kind, namespace, name },
  }));

const auth = {
  type: 'ExternalAuth',
  externalAuth: { protocol: 'HTTP', backendRef: { name: 'auth', port: 80 } },
};
const mirror = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'auth', port: 80 } } };
const removeHeader = { remove: ['x'] };

suite('filters that cannot be lowered', () => {
  const unusable: Readonly<Record<string, Parameters<typeof nodesOf>>> = {
    'external auth whose backend was never resolved': [[auth]],
    'external auth whose backend cannot be used': [[auth], missing],
    'external auth after a filter that is fine': [[{ type: 'CORS', cors: {} }, auth]],
    'a mirror whose backend was never resolved': [[mirror]],
    'an extension': [
      [{ type: 'ExtensionRef', extensionRef: { group: 'example.org', kind: 'Wasm', name: 'w' } }],
    ],
    'a type of a newer version': [[{ type: 'RateLimit', rateLimit: {} }]],
    'a filter without settings': [[{ type: 'RequestHeaderModifier' }]],
    'settings of another type': [[{ ...auth, type: 'CORS' }]],
  };
  for (const [what, parameters] of Object.entries(unusable)) {
    test(`${what}: the rule is closed`, () => {
      assert.equal(lower(...parameters).ok, false);
    });
  }

  test('the type decides, whatever other settings the filter has', () => {
    const lowered = lower([{ ...auth, requestHeaderModifier: removeHeader }], usable);
    assert.deepEqual(lowered.ok && lowered.value.map(({ kind }) => kind), ['external-auth']);
  });

  test('a mirror whose backend cannot be used is left out alone', () => {
    assert.deepEqual(lower([mirror], missing), success([]));
  });

  test('an answer of 500 has the filters that act on it, and no others', () => {
    const filters = nodesOf([
      auth,
      mirror,
      { type: 'CORS', cors: {} },
      { type: 'RequestHeaderModifier', requestHeaderModifier: removeHeader },
      { type: 'ResponseHeaderModifier', responseHeaderModifier: removeHeader },
    ]);
    const kinds = lowerFailureFilters(filters).map(({ kind }) => kind);
    assert.deepEqual(kinds, ['cors', 'response-headers']);
  });
});
