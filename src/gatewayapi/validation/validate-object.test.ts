import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { REGISTRY } from '../kind-registry.ts';
import { joinApiVersion } from './api-version.ts';
import { formatPath, type JsonObject } from './schema.ts';
import { validateObject } from './validate-object.ts';

const GATEWAY_API = 'gateway.networking.k8s.io/v1';

const route = (rule: object, more: object = {}): JsonObject => ({
  apiVersion: GATEWAY_API,
  kind: 'HTTPRoute',
  metadata: { name: 'shop' },
  spec: { rules: [rule], ...more },
});

const gateway = (...listeners: object[]): JsonObject => ({
  apiVersion: GATEWAY_API,
  kind: 'Gateway',
  metadata: { name: 'edge' },
  spec: { gatewayClassName: 'sluice', listeners },
});

const object = (kind: string, more: object, apiVersion = 'v1'): JsonObject => ({
  apiVersion,
  kind,
  metadata: { name: 'a' },
  ...more,
});

/** `path: message -> hint` of every issue and warning. */
function issuesOf(manifest: JsonObject): string[] {
  const verdict = validateObject(manifest);
  if (verdict.kind === 'unknown') return [`unknown -> ${String(verdict.suggestion)}`];
  const issues = verdict.kind === 'valid' ? verdict.warnings : verdict.issues;
  return issues.map(
    ({ path, message, hint }) => `${formatPath(path)}: ${message}${hint === null ? '' : ` -> ${hint}`}`,
  );
}

type Expected = string | RegExp;

function expectIssues(manifest: JsonObject, expected: readonly Expected[]): void {
  const found = issuesOf(manifest);
  assert.equal(found.length, expected.length, found.join('\n'));
  for (const [index, want] of expected.entries()) {
    if (typeof want === 'string') assert.equal(found[index], want);
    else assert.match(found[index] ?? '', want);
  }
}

const cases: Readonly<Record<string, readonly [JsonObject, ...Expected[]]>> = {
  'an unknown field suggests the right one': [
    route({ backendRef: [] }),
    'spec.rules[0].backendRef: unknown field "backendRef" -> did you mean "backendRefs"?',
  ],
  'a field a level too high': [
    object('HTTPRoute', { spec: { backendRefs: [] } }, GATEWAY_API),
    'spec.backendRefs: unknown field "backendRefs" -> "backendRefs" belongs to spec.rules[]: indent it further',
  ],
  'a field a level too low': [
    route({ matches: [{ backendRefs: [] }] }),
    'spec.rules[0].matches[0].backendRefs: unknown field "backendRefs" -> "backendRefs" belongs to spec.rules[]: check its indentation',
  ],
  'a name beside metadata': [
    { apiVersion: GATEWAY_API, kind: 'HTTPRoute', metadata: null, name: 'shop', spec: {} },
    'metadata: required field "metadata" is missing -> add "metadata:" with a "name:" below it',
    'name: unknown field "name" -> indent "name:" so that it is inside "metadata:"',
  ],
  'an unknown field of status': [
    { ...route({}), status: { parents: [], partents: [] } },
    'status.partents: unknown field "partents" -> did you mean "parents"?',
  ],
  'a port in quotes': [
    route({ backendRefs: [{ name: 'a', port: '80' }] }),
    'spec.rules[0].backendRefs[0].port: must be an integer, is a string ("80") -> write 80, without quotes',
  ],
  'a field whose name means something to JavaScript': [
    JSON.parse(
      '{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"__proto__":{"x":1}},"constructor":1}',
    ) as JsonObject,
    /^constructor: unknown field/,
    'data.__proto__: must be a string, is an object',
  ],
  'a number for a text': [
    object('ConfigMap', { data: { a: 1 } }),
    'data.a: must be a string, is an integer (1) -> write "1", with quotes',
  ],
  'a bare no for a text': [
    object('ConfigMap', { data: { a: false } }),
    /^data\.a: must be a string, is false -> put it in quotes: YAML reads bare yes, no/,
  ],
  'a text for a list': [
    route({}, { hostnames: 'shop.example.com' }),
    'spec.hostnames: must be a list, is a string ("shop.example.com") -> begin each element with "- "',
  ],
  'an enum value in the wrong case': [
    route({ matches: [{ path: { type: 'pathprefix', value: '/' } }] }),
    /unsupported value "pathprefix".* -> did you mean "PathPrefix"\?$/,
  ],
  'a part of an enum value': [
    route({ matches: [{ path: { type: 'Prefix', value: '/' } }] }),
    / -> did you mean "PathPrefix"\?$/,
  ],
  'a host name in capitals': [
    route({}, { hostnames: ['Shop.Test'] }),
    / -> write "shop.test", in lower case$/,
  ],
  'a URL for a host name': [
    route({}, { hostnames: ['https://shop.test/cart'] }),
    /must be a DNS name of lower-case .* -> write the host name only: "shop.test"$/,
  ],
  'a duration without unit': [route({ timeouts: { request: '10' } }), / -> write a unit, such as "10s"$/],
  'a number out of range': [
    gateway({ name: 'a', port: 65_536, protocol: 'HTTP' }),
    'spec.listeners[0].port: invalid value 65536: must be at most 65535',
  ],
  'too many elements': [
    route({}, { hostnames: Array.from({ length: 17 }, (_, index) => `h${String(index)}.test`) }),
    'spec.hostnames: has 17 elements, at most 16 are allowed',
  ],
  'an empty list': [
    object('Gateway', { spec: { gatewayClassName: 'sluice', listeners: [] } }, GATEWAY_API),
    'spec.listeners: is empty: needs at least 1 element',
  ],
  'a key of a list twice': [
    gateway({ name: 'a', port: 80, protocol: 'HTTP' }, { name: 'a', port: 81, protocol: 'HTTP' }),
    'spec.listeners[1]: duplicate value {"name":"a"}: element 0 has it already',
  ],
  'an address that is none': [
    {
      ...gateway({ name: 'a', port: 80, protocol: 'HTTP' }),
      spec: {
        gatewayClassName: 'sluice',
        listeners: [{ name: 'a', port: 80, protocol: 'HTTP' }],
        addresses: [{ type: 'IPAddress', value: 'edge.test' }],
      },
    },
    'spec.addresses[0].value: invalid value "edge.test": must be an IP address',
  ],
  'a rule about an object': [
    route({ backendRefs: [{ name: 'a' }] }),
    'spec.rules[0].backendRefs[0]: Must have port for Service reference -> add "port:" with a port of the Service',
  ],
  'a rule with the names it is about in its hint': [
    route({ filters: [{ type: 'CORS', urlRewrite: {} }] }),
    'spec.rules[0].filters[0]: filter.cors must be specified for CORS filter.type -> add "cors:" below "type: CORS"',
    'spec.rules[0].filters[0]: filter.urlRewrite must be nil if the filter.type is not URLRewrite -> remove "urlRewrite:", or write "type: URLRewrite"',
  ],
  'a rule that asks for a field of an element': [
    route({
      matches: [{ path: { type: 'Exact', value: '/a' } }],
      filters: [
        {
          type: 'URLRewrite',
          urlRewrite: { path: { type: 'ReplacePrefixMatch', replacePrefixMatch: '/b' } },
        },
      ],
    }),
    /^spec\.rules\[0\]: When using URLRewrite filter with path\.replacePrefixMatch, exactly one PathPrefix/,
  ],
  'a rule on durations': [
    route({ timeouts: { request: '1s', backendRequest: '2s' } }),
    /^spec\.rules\[0\]\.timeouts: backendRequest timeout cannot be longer than request timeout/,
  ],
  'a rule on a field whose name CEL reserves': [
    route(
      {},
      {
        parentRefs: [
          { name: 'a', namespace: 'b' },
          { name: 'a', namespace: 'b' },
        ],
      },
    ),
    /^spec\.parentRefs: sectionName or port must be unique/,
  ],
  'a rule about a text names it': [
    object(
      'XBackendTrafficPolicy',
      {
        spec: {
          targetRefs: [{ group: '', kind: 'Service', name: 'a' }],
          retryConstraint: { budget: { interval: '2h' } },
        },
      },
      'gateway.networking.x-k8s.io/v1alpha1',
    ),
    'spec.retryConstraint.budget.interval: invalid value "2h": interval cannot be greater than one hour or less than one second',
  ],
  'pool settings on a route': [
    object(
      'BackendPolicy',
      {
        spec: {
          targetRefs: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', name: 'a' }],
          connection: { connectTimeout: '1s' },
        },
      },
      'gateway.sluice.dev/v1alpha1',
    ),
    /configure a connection pool/,
  ],
  'names of ports that are missing': [
    object('Service', { spec: { ports: [{ port: 80 }, { port: 81 }] } }),
    'spec.ports: each of several ports needs a name',
  ],
  'an endpoint of another family, named': [
    object(
      'EndpointSlice',
      { addressType: 'IPv4', endpoints: [{ addresses: ['10.0.0.1', '2001:db8::1'] }] },
      'discovery.k8s.io/v1',
    ),
    'endpoints: addresses must be IPv4 addresses, as addressType says: 2001:db8::1',
  ],
  'a key that cannot be a file name': [
    object('ConfigMap', { data: { 'a/b': '' } }),
    /^data: keys must have .*: a\/b$/,
  ],
  'a kind that is misspelled': [object('HttpRoutes', {}, GATEWAY_API), 'unknown -> kind: HTTPRoute'],
  'a kind in the group of another one': [
    object('HTTPRoute', {}, 'networking.k8s.io/v1'),
    `unknown -> apiVersion: ${GATEWAY_API}`,
  ],
  'an experimental kind that has become stable': [
    object('XListenerSet', {}, 'gateway.networking.x-k8s.io/v1alpha1'),
    `unknown -> apiVersion: ${GATEWAY_API}, kind: ListenerSet`,
  ],
  'a kind of another project': [object('Gateway', {}, 'gateway.solo.io/v1'), 'unknown -> null'],
  'a version that was never served': [
    object('HTTPRoute', {}, 'gateway.networking.k8s.io/v2'),
    /version v2 of HTTPRoute is not served.*-> write "apiVersion: gateway\.networking\.k8s\.io\/v1"/,
  ],
  'a misspelled apiVersion': [
    { apiversion: 'v1', kind: 'Service' },
    'apiVersion: required field "apiVersion" is missing -> write "apiVersion:" instead of "apiversion:"',
  ],
  'a name with capitals': [
    { ...route({}), metadata: { name: 'My_Shop' } },
    /^metadata\.name: invalid value "My_Shop".*-> write "my-shop"$/,
  ],
  'a label that is none': [
    { ...route({}), metadata: { name: 'a', labels: { app: 'a b' } } },
    /^metadata\.labels\.app: invalid value "a b"/,
  ],
};

suite('what an API server would say of an object', () => {
  for (const [name, [manifest, ...expected]] of Object.entries(cases)) {
    test(name, () => {
      expectIssues(manifest, expected);
    });
  }

  test('values of Secrets are not repeated', () => {
    const found = issuesOf(object('Secret', { data: { a: 'hunter2!', b: 4711 }, stringData: { c: true } }));
    assert.equal(found.length, 3);
    assert.doesNotMatch(found.join('\n'), /hunter2|4711|true/);
  });

  test('the namespace of a cluster-scoped object is dropped with a warning, as kube-apiserver does', () => {
    const metadata = { name: 'a', namespace: 'b' };
    const verdict = validateObject(
      object('GatewayClass', { metadata, spec: { controllerName: 'a.b/c' } }, GATEWAY_API),
    );
    assert.equal(verdict.kind, 'valid');
    assert.deepEqual(verdict.object['metadata'], { name: 'a' });
    assert.deepEqual(
      verdict.warnings.map(({ code }) => code),
      ['namespace-ignored'],
    );
  });

  test('what only a cluster refuses is a warning', () => {
    const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'] }] };
    const verdict = validateObject(object('EndpointSlice', slice, 'discovery.k8s.io/v1'));
    assert.equal(verdict.kind, 'valid');
    assert.deepEqual(
      verdict.warnings.map(({ code }) => code),
      ['cluster-only'],
    );
  });
});

suite('objects that are valid', () => {
  const validated = (manifest: JsonObject): JsonObject => {
    const verdict = validateObject(manifest);
    assert.equal(verdict.kind, 'valid', issuesOf(manifest).join('\n'));
    return verdict.object;
  };

  test('defaults are filled in, also in what a default brings', () => {
    assert.deepEqual(validated(route({ backendRefs: [{ name: 'a', port: 80 }] }))['spec'], {
      rules: [
        {
          backendRefs: [{ name: 'a', port: 80, group: '', kind: 'Service', weight: 1 }],
          matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        },
      ],
    });
  });

  test('null counts as absent: dropped, or replaced by the default', () => {
    const manifest = route({ matches: [{ path: null }], name: null });
    assert.deepEqual(validated(manifest)['spec'], {
      rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }],
    });
  });

  test('status is left out: it is the controller that writes it', () => {
    assert.equal('status' in validated({ ...route({}), status: { parents: [] } }), false);
  });

  test('every older version is brought to the one of the types', () => {
    for (const { group, kind, versions, apiVersion } of REGISTRY.kinds) {
      for (const version of versions.slice(1)) {
        const spec = MINIMAL_SPECS[kind];
        assert.ok(spec !== undefined, `no example of ${kind} ${version}`);
        const converted = validated(object(kind, { spec }, joinApiVersion(group, version)));
        assert.equal(converted['apiVersion'], apiVersion);
      }
    }
  });
});

const backends = [{ backendRefs: [{ name: 'a', port: 1 }] }];
const MINIMAL_SPECS: Readonly<Record<string, object>> = {
  BackendTLSPolicy: {
    targetRefs: [{ group: '', kind: 'Service', name: 'a' }],
    validation: { hostname: 'a.test', wellKnownCACertificates: 'System' },
  },
  Gateway: { gatewayClassName: 'a', listeners: [{ name: 'a', port: 80, protocol: 'HTTP' }] },
  GatewayClass: { controllerName: 'a.test/b' },
  HTTPRoute: {},
  ReferenceGrant: { from: [{ group: '', kind: 'A', namespace: 'b' }], to: [{ group: '', kind: 'Secret' }] },
  TCPRoute: { rules: backends },
  TLSRoute: { hostnames: ['a.test'], rules: backends },
  UDPRoute: { rules: backends },
};

test('any JSON has a verdict, and nothing throws', () => {
  const kinds = REGISTRY.kinds.flatMap(({ group, kind, versions }) =>
    versions.map((version) => ({ apiVersion: joinApiVersion(group, version), kind })),
  );
  fc.assert(
    fc.property(
      fc.constantFrom(...kinds),
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom('spec', 'metadata', 'data', 'endpoints', 'ports', 'x'), fc.jsonValue()),
      (type, metadata, rest) => {
        const { kind } = validateObject({ metadata, ...rest, ...type });
        assert.ok(kind === 'valid' || kind === 'invalid');
      },
    ),
  );
});
