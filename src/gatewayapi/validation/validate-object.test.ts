import { celMap } from '@bufbuild/cel';
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { allKinds } from './catalog.ts';
import { compileRule } from './cel-environment.ts';
import { formatPath, type JsonObject, type Schema, type ValidationRule } from './schema.ts';
import { validateObject } from './validate-object.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';

const route = (rule: object, more: object = {}): JsonObject => ({
  apiVersion: GATEWAY_API,
  kind: 'HTTPRoute',
  metadata: { name: 'shop' },
  spec: { rules: [rule], ...more },
});

/** `path: message -> hint` of every issue; [] when valid. */
function issuesOf(object: JsonObject): string[] {
  const verdict = validateObject(object);
  if (verdict.kind === 'unknown') return [`unknown -> ${String(verdict.suggestion)}`];
  if (verdict.kind === 'valid') return [];
  return verdict.issues.map(
    ({ path, message, hint }) => `${formatPath(path)}: ${message}${hint === null ? '' : ` -> ${hint}`}`,
  );
}

suite('validation of objects', () => {
  test('fills in the defaults of the API server', () => {
    const verdict = validateObject(route({ backendRefs: [{ name: 'a', port: 80 }] }));
    assert.equal(verdict.kind, 'valid');
    assert.deepEqual(verdict.object['spec'], {
      rules: [
        {
          backendRefs: [{ name: 'a', port: 80, group: '', kind: 'Service', weight: 1 }],
          matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        },
      ],
    });
  });

  const cases: readonly (readonly [string, JsonObject, readonly (string | RegExp)[]])[] = [
    [
      'an unknown field suggests the right one',
      route({ backendRef: [] }),
      ['spec.rules[0].backendRef: unknown field "backendRef" -> did you mean "backendRefs"?'],
    ],
    [
      'a port in quotes',
      route({ backendRefs: [{ name: 'a', port: '80' }] }),
      [
        'spec.rules[0].backendRefs[0].port: must be an integer, is a string ("80") -> write 80, without quotes',
      ],
    ],
    [
      'an enum value in the wrong case',
      route({ matches: [{ path: { type: 'pathprefix', value: '/' } }] }),
      [/unsupported value "pathprefix".* -> did you mean "PathPrefix"\?/],
    ],
    [
      'a rule of CEL',
      route({ backendRefs: [{ name: 'a' }] }),
      ['spec.rules[0].backendRefs[0]: Must have port for Service reference'],
    ],
    [
      'a rule with a selection from an element',
      route({
        matches: [{ path: { type: 'Exact', value: '/a' } }],
        filters: [
          {
            type: 'URLRewrite',
            urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' } },
          },
        ],
      }),
      [/exactly one PathPrefix match must be specified$/],
    ],
    [
      'a rule on durations',
      route({ timeouts: { request: '1s', backendRequest: '2s' } }),
      ['spec.rules[0].timeouts: backendRequest timeout cannot be longer than request timeout'],
    ],
    [
      'indentation that left metadata empty',
      { apiVersion: GATEWAY_API, kind: 'HTTPRoute', metadata: null, name: 'shop', spec: {} },
      [/required field "metadata" is missing/, /-> indent "name:" so that it stands below "metadata:"/],
    ],
    [
      'a key of a list twice',
      {
        apiVersion: GATEWAY_API,
        kind: 'Gateway',
        metadata: { name: 'g' },
        spec: {
          gatewayClassName: 'sluice',
          listeners: [
            { name: 'a', port: 80, protocol: 'HTTP' },
            { name: 'a', port: 81, protocol: 'HTTP' },
          ],
        },
      },
      ['spec.listeners[1]: duplicate value {"name":"a"}: element 0 has it already'],
    ],
    [
      'a kind that is misspelt',
      { apiVersion: GATEWAY_API, kind: 'HttpRoutes', metadata: { name: 'a' } },
      ['unknown -> kind: HTTPRoute'],
    ],
    [
      'a version that was never served',
      { apiVersion: 'gateway.networking.k8s.io/v2', kind: 'HTTPRoute', metadata: { name: 'a' } },
      [/version v2 of HTTPRoute is not served.*-> write "apiVersion: gateway.networking.k8s.io\/v1"/],
    ],
    [
      'a name with capitals',
      { ...route({}), metadata: { name: 'Shop' } },
      [/metadata.name: invalid value "Shop".*-> write "shop"/],
    ],
    [
      'pool settings on a route',
      {
        apiVersion: 'gateway.sluice.dev/v1alpha1',
        kind: 'BackendPolicy',
        metadata: { name: 'p' },
        spec: {
          targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'a' }],
          connection: { connectTimeout: '1s' },
        },
      },
      [/belong to a pool of connections/],
    ],
  ];
  for (const [name, object, expected] of cases) {
    test(name, () => {
      const found = issuesOf(object);
      assert.equal(found.length, expected.length, found.join('\n'));
      for (const [index, want] of expected.entries()) {
        if (typeof want === 'string') assert.equal(found[index], want);
        else assert.match(found[index] ?? '', want);
      }
    });
  }

  test('reads older versions and brings them to the one of the types', () => {
    const verdict = validateObject({ ...route({}), apiVersion: 'gateway.networking.k8s.io/v1beta1' });
    assert.equal(verdict.kind, 'valid');
    assert.equal(verdict.object['apiVersion'], GATEWAY_API);
  });

  test('every rule of every schema compiles', () => {
    let count = 0;
    const visit = (schema: Schema): void => {
      for (const rule of schema['x-kubernetes-validations'] ?? []) {
        count += 1;
        assert.doesNotMatch(compileProblem(rule), /unbound|unresolved/i, rule.rule);
      }
      for (const child of [
        ...Object.values(schema.properties ?? {}),
        schema.items,
        schema.additionalProperties,
      ]) {
        if (typeof child === 'object') visit(child);
      }
    };
    for (const { versions } of allKinds()) for (const schema of Object.values(versions)) visit(schema);
    assert.ok(count > 100, String(count));
  });
});

/** What evaluating a rule on an empty object complains of: missing keys are fine, a rule that cannot be read is not. */
function compileProblem(rule: ValidationRule): string {
  const result = compileRule(rule.rule)(celMap(new Map()), null);
  return result.ok ? '' : result.problem;
}
