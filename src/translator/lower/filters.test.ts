/** A filter that cannot be lowered closes what it belongs to: nothing lets through what it was to stop. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { RuleNode, Upstream } from '../graph/nodes.ts';
import type { FilterSpec } from '../graph/route-adapter.ts';
import { failure, success } from '../../lib/result.ts';
import { DEFAULT_CLUSTER_POLICY } from '../../ir/policy.ts';
import { lowerFilters, type FilterUses } from './filters.ts';

const upstream: Upstream = {
  ref: { group: '', kind: 'Service', namespace: 'default', name: 'auth' },
  port: 80,
  portName: '',
  protocol: 'http1',
  discovery: { kind: 'endpoints' },
  tls: null,
  traffic: null,
  prefersLocal: false,
};

const missing = failure({
  severity: 'error' as const,
  code: 'backend-not-found',
  reason: 'BackendNotFound',
  path: '',
  message: '',
  hint: null,
});

const lower = (
  filters: readonly object[],
  backends: RuleNode['filterBackends'] = new Map(),
): ReturnType<typeof lowerFilters> => {
  const uses: FilterUses = {
    backends,
    clusters: [],
    poolOf: () => ({ policy: DEFAULT_CLUSTER_POLICY, suffix: '' }),
  };
  return lowerFilters(filters as readonly FilterSpec[], 'filters', uses);
};

const auth = {
  type: 'ExternalAuth',
  externalAuth: { protocol: 'HTTP', backendRef: { name: 'auth', port: 80 } },
};
const mirror = { type: 'RequestMirror', requestMirror: { backendRef: { name: 'auth', port: 80 } } };

suite('filters that cannot be lowered', () => {
  const unusable: Readonly<Record<string, Parameters<typeof lower>>> = {
    'external auth whose backend was resolved under another path': [
      [auth],
      new Map([['filters[7].externalAuth.backendRef', success(upstream)]]),
    ],
    'external auth whose backend cannot be used': [
      [auth],
      new Map([['filters[0].externalAuth.backendRef', missing]]),
    ],
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
    const both = { ...auth, requestHeaderModifier: { remove: ['x'] } };
    const lowered = lower([both], new Map([['filters[0].externalAuth.backendRef', success(upstream)]]));
    assert.deepEqual(lowered.ok && lowered.value.map(({ kind }) => kind), ['external-auth']);
  });

  test('a mirror whose backend cannot be used is dropped alone', () => {
    const lowered = lower([mirror], new Map([['filters[0].requestMirror.backendRef', missing]]));
    assert.deepEqual(lowered, success([]));
  });
});
