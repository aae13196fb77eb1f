/**
 * A kind of policy and a kind of filter that Sluice does not have, from YAML to a proxied request. What each consists of is a folder beside
 * this file: a CRD, a type of the configuration, a file of the translator and one of the proxy. Two lines register it.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { suite, test, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { compactSchemas } from '../../scripts/generate/compact-schema.ts';
import { readCrd } from '../../scripts/generate/crd.ts';
import { ownKind, type OwnCrd } from '../../scripts/generate/own-kinds.ts';
import type { KindTable } from '../../src/gatewayapi/kind.ts';
import { KindRegistry, SCHEMAS, type KindSchemas } from '../../src/gatewayapi/kind-registry.ts';
import { OWN_KINDS } from '../../src/gatewayapi/generated/own-kinds.ts';
import { KINDS } from '../../src/gatewayapi/kinds.ts';
import type { GatewayConfig } from '../../src/ir/gateway-config.ts';
import { stateFromText } from '../../src/provider/file/load.ts';
import type { FilterDefinition } from '../../src/proxy/filter/definition.ts';
import { FilterTable } from '../../src/proxy/filter/filter-table.ts';
import { BUILT_IN_FILTERS } from '../../src/proxy/filter/filters.ts';
import { measureRegex } from '../../src/proxy/router/regex.ts';
import { EXTENSION_KINDS } from '../../src/translator/extension/extension-kinds.ts';
import type { ExtensionKind } from '../../src/translator/extension/extension-kind.ts';
import type { PolicyKind } from '../../src/translator/policy/policy-kind.ts';
import { POLICY_KINDS } from '../../src/translator/policy/policy-kinds.ts';
import { translate } from '../../src/translator/translate.ts';
import { CONTROLLER_NAME } from '../../src/translator/types.ts';
import { exchangeOnce } from '../support/reply-client.ts';
import { ScriptedBackend } from '../support/scripted-backend.ts';
import { TestProxy } from '../support/test-proxy.ts';
import { GREETING } from './greeting-filter/proxy.ts';
import { GREETING_KIND } from './greeting-filter/translator.ts';
import { TOLL } from './toll-policy/proxy.ts';
import { TOLL_POLICY } from './toll-policy/translator.ts';

/** What a contributor adds a line to: the name of the file, and the table with that line. */
const POLICY_LINES = {
  'src/translator/policy/policy-kinds.ts': [...POLICY_KINDS, TOLL_POLICY] as readonly PolicyKind[],
  'src/proxy/filter/filters.ts': [...BUILT_IN_FILTERS, TOLL] as readonly FilterDefinition[],
};
const FILTER_LINES = {
  'src/translator/extension/extension-kinds.ts': [
    ...EXTENSION_KINDS,
    GREETING_KIND,
  ] as readonly ExtensionKind[],
  'src/proxy/filter/filters.ts': [...POLICY_LINES['src/proxy/filter/filters.ts'], GREETING],
};

const filesIn = (folder: string): readonly string[] => readdirSync(new URL(folder, import.meta.url));

const crdIn = (folder: string): OwnCrd =>
  parse(readFileSync(new URL(`${folder}crd.yaml`, import.meta.url), 'utf8')) as OwnCrd;

const CRDS = [crdIn('toll-policy/'), crdIn('greeting-filter/')];
const TABLE = Object.assign({}, KINDS, ...CRDS.map(ownKind)) as KindTable;
const READ_CRDS = CRDS.flatMap((crd) => readCrd(crd, Object.values(TABLE)) ?? []);
const REGISTRY = new KindRegistry(TABLE, { ...SCHEMAS, ...(compactSchemas(READ_CRDS) as KindSchemas) });
const FILTERS = new FilterTable(FILTER_LINES['src/proxy/filter/filters.ts']);
const PORT = 80;

const resources = (backendPort: number): string => `
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: { name: sluice }
spec: { controllerName: ${CONTROLLER_NAME} }
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: { name: web }
spec:
  gatewayClassName: sluice
  listeners: [{ name: http, port: ${String(PORT)}, protocol: HTTP }]
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: web }]
  rules:
    - matches: [{ path: { value: /greeted } }]
      filters: [{ type: ExtensionRef, extensionRef: { group: gateway.sluice.dev, kind: Greeting, name: hello } }]
      backendRefs: [{ name: shop, port: 80 }]
    - backendRefs: [{ name: shop, port: 80 }]
---
apiVersion: v1
kind: Service
metadata: { name: shop }
spec: { ports: [{ name: http, port: 80 }] }
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: { name: shop, labels: { kubernetes.io/service-name: shop } }
addressType: IPv4
ports: [{ name: http, port: ${String(backendPort)} }]
endpoints: [{ addresses: [127.0.0.1] }]
---
apiVersion: gateway.sluice.dev/v1alpha1
kind: Greeting
metadata: { name: hello }
spec: { text: hello }
`;

const toll = (name: string, target: string, passes: string): string => `
---
apiVersion: gateway.sluice.dev/v1alpha1
kind: TollPolicy
metadata: { name: ${name} }
spec: { targetRefs: [{ group: gateway.networking.k8s.io, ${target} }], passes: ${passes} }
`;

function configFrom(text: string): GatewayConfig {
  const { snapshot } = stateFromText(text, 'all.yaml', REGISTRY);
  const { configs } = translate(
    snapshot,
    { dataPlanes: [] },
    {
      controllerName: CONTROLLER_NAME,
      allClasses: false,
      addresses: 'bind',
      trustedCidrs: [],
      readCertificate: () => ({ ok: false, message: 'there are none here' }),
      validateCaBundle: () => null,
      measureRegex,
      policyKinds: POLICY_LINES['src/translator/policy/policy-kinds.ts'],
      extensionKinds: FILTER_LINES['src/translator/extension/extension-kinds.ts'],
    },
  );
  const [config] = configs;
  assert.ok(config !== undefined);
  return config;
}

/** The status of a response, and `x-greeting` as the backend received it. */
type Ask = (path: string, pass: string) => Promise<readonly [status: number, greeting: string | null]>;

async function scene(t: TestContext, filters: FilterTable, ...policies: readonly string[]): Promise<Ask> {
  let greeting: string | null = null;
  const backend = await ScriptedBackend.start(async (connection) => {
    const head = await connection.readThrough('\r\n\r\n');
    greeting = /^x-greeting: (.*)\r$/im.exec(head)?.[1] ?? null;
    connection.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
  });
  const config = configFrom(resources(backend.port) + policies.join(''));
  const proxy = await TestProxy.start(config, {}, { filters, portMap: new Map([[PORT, 0]]) });
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return async (path, pass) => {
    const sent = { method: 'GET', path, fields: [['x-pass', pass] as const] };
    const { status } = await exchangeOnce(proxy, 'HTTP/1.1', sent);
    const received = greeting;
    greeting = null;
    return [status, received];
  };
}

suite('a kind of policy', () => {
  test('takes six files at most', () => {
    const files = [...filesIn('toll-policy/'), ...Object.keys(POLICY_LINES)];
    assert.ok(files.length <= 6, files.join(', '));
  });

  test('refuses requests, and policies of all levels count', async (t) => {
    const ask = await scene(
      t,
      FILTERS,
      toll('gateway', 'kind: Gateway, name: web', '[gold, silver]'),
      toll('route', 'kind: HTTPRoute, name: shop', '[gold]'),
    );
    assert.deepEqual(await ask('/', 'gold'), [200, null]);
    assert.deepEqual(await ask('/', 'silver'), [403, null]);
    assert.deepEqual(await ask('/', 'none'), [403, null]);
  });

  test('of which no version was valid closes its targets', async (t) => {
    const ask = await scene(t, FILTERS, toll('gateway', 'kind: Gateway, name: web', 'gold'));
    assert.deepEqual(await ask('/', 'gold'), [500, null]);
  });

  test('that the proxy does not know closes its targets', async (t) => {
    const ask = await scene(
      t,
      new FilterTable([...BUILT_IN_FILTERS, GREETING]),
      toll('gateway', 'kind: Gateway, name: web', '[gold]'),
    );
    assert.deepEqual(await ask('/', 'gold'), [500, null]);
  });
});

suite('a kind of filter with a kind of objects', () => {
  test('takes six files at most', () => {
    const files = [...filesIn('greeting-filter/'), ...Object.keys(FILTER_LINES)];
    assert.ok(files.length <= 6, files.join(', '));
  });

  test('acts on the requests of rules that refer to an object', async (t) => {
    const ask = await scene(t, FILTERS);
    assert.deepEqual(await ask('/greeted', ''), [200, 'hello']);
    assert.deepEqual(await ask('/', ''), [200, null]);
  });

  test('acts beside a policy', async (t) => {
    const ask = await scene(t, FILTERS, toll('route', 'kind: HTTPRoute, name: shop', '[gold]'));
    assert.deepEqual(await ask('/greeted', 'gold'), [200, 'hello']);
    assert.deepEqual(await ask('/greeted', 'none'), [403, null]);
  });

  test('that the proxy does not know closes its rule', async (t) => {
    const ask = await scene(t, new FilterTable(BUILT_IN_FILTERS));
    assert.deepEqual(await ask('/greeted', ''), [500, null]);
    assert.deepEqual(await ask('/', ''), [200, null]);
  });
});

test('only its own files, under translator/policy or translator/extension, name a kind of policy or extension', () => {
  const kinds = new Set([...POLICY_KINDS, ...EXTENSION_KINDS].map(({ kind }) => kind));
  const named = Object.entries(OWN_KINDS).filter(([, { kind }]) => kinds.has(kind));
  assert.ok(named.length > 1);
  const source = new URL('../../src/', import.meta.url);
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter(
    (file) =>
      file.endsWith('.ts') &&
      !file.endsWith('.test.ts') &&
      !/^(?:gatewayapi\/generated|translator\/(?:policy|extension))\//.test(file),
  );
  const texts = files.map((file) => [file, readFileSync(new URL(file, source), 'utf8')] as const);
  for (const [list, { kind }] of named) {
    const naming = new RegExp(`'${kind}'|\\b${list}\\b`);
    const found = texts.filter(([, text]) => naming.test(text)).map(([file]) => file);
    assert.deepEqual(found, [], kind);
  }
});
