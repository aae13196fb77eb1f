/** A local copy kept against a server that breaks watches, forgets versions, goes away and comes back. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { JsonObject } from '../../test/support/fake-api/server-side-apply.ts';
import { FakeApiServer } from '../../test/support/fake-api/server.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { KubeClient } from './client.ts';
import { KindCache } from './kind-cache.ts';
import type { KindInfo } from './kind-info.ts';
import { Reflector, type ReflectorOptions } from './reflector.ts';

const ROUTE: KindInfo = {
  kind: 'HTTPRoute',
  group: 'g',
  version: 'v1',
  plural: 'httproutes',
  namespaced: true,
};
const RESOURCE = 'g/httproutes';

const route = (name: string, hostname: string, namespace = 'default'): JsonObject => ({
  apiVersion: 'g/v1',
  kind: 'HTTPRoute',
  metadata: {
    namespace,
    name,
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"large":true}', kept: 'yes' },
  },
  spec: { hostnames: [hostname] },
});

interface Bench {
  readonly api: FakeApiServer;
  readonly client: KubeClient;
  readonly reflector: Reflector;
  readonly changes: () => number;
}

async function start(t: TestContext, options: Partial<ReflectorOptions> = {}): Promise<Bench> {
  const api = new FakeApiServer();
  await api.start();
  const client = new KubeClient(api.access);
  let changes = 0;
  const reflector = new Reflector({
    client,
    kind: ROUTE,
    namespace: null,
    logger: SILENT_LOGGER,
    onChange: () => {
      changes += 1;
    },
    ...options,
  });
  t.after(async () => {
    reflector.stop();
    client.close();
    await api.stop();
  });
  return { api, client, reflector, changes: () => changes };
}

const names = (reflector: Pick<Reflector, 'objects'>): string[] =>
  [...reflector.objects()].map(({ metadata }) => metadata.name).sort();

suite('reflector', () => {
  test('lists in pages, then follows; objects are complete and carry no ballast', async (t) => {
    const { api, reflector } = await start(t);
    for (let index = 0; index < 1_203; index += 1)
      api.store.create(RESOURCE, route(`r${String(index)}`, 'a'), 'x');
    reflector.start();
    await api.until(() => reflector.synced && api.watchesOf(RESOURCE) === 1);
    assert.equal(reflector.objects().length, 1_203);
    const first = reflector.get('default', 'r0');
    assert.equal(first?.apiVersion, 'g/v1');
    assert.deepEqual(first.metadata.annotations, { kept: 'yes' });
    assert.ok(!('managedFields' in first.metadata));
    api.store.create(RESOURCE, route('new', 'b'), 'x');
    api.store.delete(RESOURCE, 'default', 'r0');
    await api.until(
      () => reflector.objects().length === 1_203 && reflector.get('default', 'new') !== undefined,
    );
    assert.equal(reflector.get('default', 'r0'), undefined);
  });

  test('a watch that ends goes on where it was; one whose version is gone lists again', async (t) => {
    const { api, reflector } = await start(t);
    api.store.create(RESOURCE, route('a', 'a'), 'x');
    reflector.start();
    await api.until(() => api.watchesOf(RESOURCE) === 1);
    api.endWatches();
    api.store.create(RESOURCE, route('b', 'b'), 'x');
    await api.until(() => names(reflector).length === 2);
    const lists = (): number => api.requests.filter(({ query }) => query.get('watch') === null).length;
    assert.equal(lists(), 1);
    await api.until(() => api.watchesOf(RESOURCE) === 1);
    api.store.delete(RESOURCE, 'default', 'a');
    api.store.compact();
    api.endWatches();
    await api.until(() => lists() >= 2 && names(reflector).join() === 'b');
  });

  test('a bookmark moves the version on, so that a quiet kind is not listed again', async (t) => {
    const { api, reflector } = await start(t);
    reflector.start();
    await api.until(() => api.watchesOf(RESOURCE) === 1);
    for (let index = 0; index < 10; index += 1)
      api.store.create('other/things', route(`o${String(index)}`, 'x'), 'x');
    api.store.compact();
    api.bookmark();
    const before = api.requests.length;
    await api.until(() => api.watchesOf(RESOURCE) === 1);
    // The bookmark is on its way before the end of the stream.
    api.endWatches();
    const { query } = await api.request(({ query: asked }) => asked.get('watch') === 'true', before);
    assert.equal(query.get('resourceVersion'), String(api.store.version));
  });

  test('while the server is away the copy stays; what changed meanwhile arrives afterwards', async (t) => {
    const { api, reflector } = await start(t);
    api.store.create(RESOURCE, route('a', 'a'), 'x');
    reflector.start();
    await api.until(() => api.watchesOf(RESOURCE) === 1);
    await api.stop();
    assert.deepEqual(names(reflector), ['a']);
    api.store.create(RESOURCE, route('b', 'b'), 'x');
    await api.start();
    await api.until(() => names(reflector).join() === 'a,b');
  });

  test('a list that breaks off half-way is not taken for the whole', async (t) => {
    const { api, reflector } = await start(t);
    for (let index = 0; index < 600; index += 1)
      api.store.create(RESOURCE, route(`r${String(index)}`, 'a'), 'x');
    let failures = 0;
    api.fault = ({ query }) => (query.has('continue') && ++failures <= 2 ? { status: 500 } : null);
    reflector.start();
    await api.until(() => reflector.synced);
    assert.equal(failures >= 2, true);
    assert.equal(reflector.objects().length, 600);
  });

  test('a kind that is not installed is empty', async (t) => {
    const { api, reflector, changes } = await start(t, { optional: true });
    api.absent.add(RESOURCE);
    reflector.start();
    await api.until(() => reflector.synced);
    assert.deepEqual(names(reflector), []);
    assert.equal(changes(), 1);
  });

  test('without status, a write of status changes nothing but what is written next', async (t) => {
    const { api, reflector, changes } = await start(t, { withoutStatus: true });
    api.store.create(RESOURCE, route('a', 'a'), 'x');
    reflector.start();
    await api.until(() => api.watchesOf(RESOURCE) === 1);
    const before = reflector.get('default', 'a');
    const list = reflector.objects();
    const object = api.store.get(RESOURCE, 'default', 'a');
    assert.ok(object && before);
    const told = changes();
    const written = api.store.update(RESOURCE, { ...object, status: { parents: [] } }, 'status');
    await api.until(
      () => reflector.current('default', 'a')?.metadata.resourceVersion === written.metadata.resourceVersion,
    );
    assert.equal(reflector.get('default', 'a'), before, 'the same object');
    assert.equal(reflector.objects(), list, 'the same list');
    assert.equal(changes(), told);
    assert.deepEqual(reflector.current('default', 'a')?.status, { parents: [] });
    api.store.merge(RESOURCE, 'default', 'a', { spec: { hostnames: ['b'] } });
    await api.until(() => changes() > told);
    assert.notEqual(reflector.get('default', 'a'), before);
    assert.deepEqual(reflector.current('default', 'a')?.status, { parents: [] });
    const relabelled = changes();
    api.store.merge(RESOURCE, 'default', 'a', { metadata: { labels: { tier: 'gold' } } });
    await api.until(() => changes() > relabelled);
  });

  test('only namespaces that are named are asked for, and their objects are one list', async (t) => {
    const { api, client } = await start(t);
    for (const namespace of ['shop', 'pay', 'secret'])
      api.store.create(RESOURCE, route('r', 'h', namespace), 'x');
    const cache = new KindCache({
      client,
      kind: ROUTE,
      namespaces: ['shop', 'pay'],
      logger: SILENT_LOGGER,
      onChange: () => undefined,
    });
    t.after(() => {
      cache.stop();
    });
    cache.start();
    await api.until(() => cache.synced);
    assert.deepEqual(
      cache.objects().map(({ metadata }) => metadata.namespace),
      ['shop', 'pay'],
    );
    assert.equal(cache.objects(), cache.objects());
    assert.equal(cache.get('secret', 'r'), undefined);
    assert.ok(api.requests.every(({ path }) => /namespaces\/(shop|pay)\//.test(path)));
  });
});
