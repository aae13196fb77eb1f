/** The sample policies at every place that carries them, from YAML to requests and connections through a proxy. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { PolicyValueOf } from '../../src/ir/policy-value.ts';
import type { FilterDefinition } from '../../src/proxy/filter/definition.ts';
import { FilterTable } from '../../src/proxy/filter/filter-table.ts';
import { BUILT_IN_FILTERS } from '../../src/proxy/filter/filters.ts';
import type { Proxy } from '../../src/proxy/proxy-api.ts';
import { createProxy } from '../../src/proxy/proxy.ts';
import { SILENT_LOGGER } from '../../src/telemetry/logger.ts';
import { testEndpoint } from '../support/gateway-config.ts';
import { exchangeOnce, type Received } from '../support/reply-client.ts';
import { answering, ScriptedBackend } from '../support/scripted-backend.ts';
import { dial, readAll } from '../support/tcp-peers.ts';
import { banner, configOf, GATEWAY, guard, LOG, ROUTE, run } from './sample-policies.ts';

type GuardValue = PolicyValueOf<'guard', { readonly groups: readonly string[] }>;
type BannerValue = PolicyValueOf<'banner', { readonly text: string; readonly color?: string }>;

/** Asks for one of the groups in `x-groups`; to connections, the group `nobody` is closed. `asked`: the groups of each time. */
const guardFilter = (asked: string[]): FilterDefinition<GuardValue> => ({
  kind: 'guard',
  stages: { request: 'access' },
  precedence: 'both',
  compile: ({ settings: { groups } }) => ({
    request: {
      kind: 'guard',
      apply({ head }) {
        asked.push(groups.join('+'));
        const own = (head.header('x-groups') ?? '').split('+');
        return groups.every((group) => own.includes(group))
          ? 'continue'
          : { kind: 'answer', reason: 'access_denied' };
      },
    },
  }),
  added(ofBackend, ofRule) {
    const groups = ofBackend.settings.groups.filter((group) => !ofRule.settings.groups.includes(group));
    return groups.length === 0 ? null : { ...ofBackend, settings: { groups } };
  },
  connection: {
    stage: 'connection-access',
    compile: ({ settings: { groups } }) => ({
      kind: 'guard',
      admit: () => (groups.includes('nobody') ? 'access_denied' : null),
    }),
  },
  describe: ({ settings: { groups } }) => `guard: ${groups.join(', ')}`,
});

const BANNER: FilterDefinition<BannerValue> = {
  kind: 'banner',
  stages: { response: 'response-headers' },
  precedence: 'backend',
  compile: ({ settings: { text, color = 'none' } }) => ({
    responseEdit: { set: [{ name: 'x-banner', value: `${text} ${color}` }], add: [], remove: [] },
  }),
  // It has nothing to say to connections, and closes none.
  connection: {
    stage: 'connection-access',
    compile: () => ({ kind: 'banner', admit: () => null }),
  },
  describe: ({ settings: { text } }) => `banner: ${text}`,
};

const DB = 'group: gateway.networking.k8s.io, kind: TCPRoute, name: db';

/** All requests of one host, and none of others. */
const HOST_ROUTE = `
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: shop }
spec:
  parentRefs: [{ name: web, sectionName: http }]
  hostnames: [a.example]
  rules:
    - matches: [{ path: { value: /shop } }]
      backendRefs: [{ name: shop, port: 80 }]
    - matches: [{ path: { value: /log } }]
      backendRefs: [{ name: log, port: 80 }]
`;

interface Scene {
  readonly proxy: Proxy;
  readonly asked: readonly string[];
  readonly get: (path: string, groups?: string) => Promise<Received>;
  /** What a TCP client gets for an HTTP request; null: it is reset. */
  readonly overTcp: () => Promise<string | null>;
  readonly httpPort: number;
}

async function scene(t: TestContext, ...policies: readonly string[]): Promise<Scene> {
  const backend = await ScriptedBackend.start(answering('ok', 'connection: close\r\n'));
  t.after(() => backend.stop());
  const translated = configOf(run({ route: HOST_ROUTE }, ...policies));
  const endpoints = translated.clusters.map(({ id }) => ({
    cluster: id,
    endpoints: [testEndpoint(backend.port)],
  }));
  const config = { ...translated, endpoints };
  const asked: string[] = [];
  const filters = new FilterTable([...BUILT_IN_FILTERS, guardFilter(asked), BANNER]);
  const portMap = new Map(config.ports.map(({ number }) => [number, 0]));
  const proxy = createProxy(
    { logger: SILENT_LOGGER, observers: [], filters },
    { bindAddress: '127.0.0.1', portMap, reusePort: false },
  );
  t.after(() => proxy.stop());
  const { ports, problems } = await proxy.apply([config]);
  assert.deepEqual(problems, []);
  const bound = new Map(ports.map(({ port, boundPort }) => [port, boundPort ?? 0]));
  const httpPort = bound.get(80) ?? 0;
  return {
    proxy,
    asked,
    httpPort,
    get: async (path, groups = '') =>
      exchangeOnce({ port: httpPort }, 'HTTP/1.1', { method: 'GET', path, fields: [['x-groups', groups]] }),
    overTcp: async () => {
      const client = dial(bound.get(5432) ?? 0);
      client.write('GET / HTTP/1.1\r\nhost: db\r\n\r\n');
      const answer = await Promise.race([
        readAll(client),
        new Promise<Buffer>((resolve) => client.once('data', resolve)),
      ]);
      client.destroy();
      return answer === null ? null : String(answer);
    },
  };
}

const bannerOf = ({ fields }: Received): string | undefined =>
  fields.find(([name]) => name === 'x-banner')?.[1];

suite('a sample policy through a proxy', () => {
  test('on a Gateway acts on requests of its routes, and lets connections of layer 4 through', async (t) => {
    const { get, overTcp, asked } = await scene(t, guard('staff', GATEWAY, 'group: staff'));
    assert.equal((await get('/shop', 'staff')).status, 200);
    assert.equal((await get('/shop')).status, 403);
    assert.deepEqual(asked, ['staff', 'staff'], 'once for a request');
    assert.match((await overTcp()) ?? '', /^HTTP\/1.1 200 OK/);
  });

  test('on a Gateway and a Service asks for what each of them adds, once', async (t) => {
    const ofGateway = guard('staff', GATEWAY, 'group: staff');
    const { get, asked } = await scene(t, ofGateway, guard('loggers', LOG, 'group: loggers'));
    assert.equal((await get('/shop', 'staff')).status, 200);
    assert.equal((await get('/log', 'staff')).status, 403);
    assert.equal((await get('/log', 'staff+loggers')).status, 200);
    assert.deepEqual(asked, ['staff', 'staff', 'loggers', 'staff', 'loggers']);
  });

  test('on a Gateway closes connections of all its ports where it refuses them', async (t) => {
    const { httpPort, overTcp, proxy } = await scene(t, guard('closed', GATEWAY, 'group: nobody'));
    assert.equal(await readAll(dial(httpPort)), null);
    assert.equal(await overTcp(), null);
    assert.equal(proxy.stats().refused.access_denied, 2);
  });

  test('on a TCPRoute closes its connections alone', async (t) => {
    const { get, overTcp, proxy } = await scene(t, guard('closed', DB, 'group: nobody'));
    assert.equal(await overTcp(), null);
    assert.ok(proxy.stats().streams.some(({ byReason }) => byReason.access_denied === 1));
    assert.equal((await get('/shop')).status, 200);
  });

  test('on a Gateway acts on responses of routes and of requests that reach none', async (t) => {
    const { get } = await scene(
      t,
      banner('wide', GATEWAY, 'text: hello'),
      banner('route', ROUTE, 'style: { color: blue }'),
    );
    const served = await get('/shop');
    assert.deepEqual([served.status, bannerOf(served)], [200, 'hello blue']);
    const missed = await get('/nowhere');
    assert.deepEqual([missed.status, bannerOf(missed)], [404, 'hello none']);
  });
});
