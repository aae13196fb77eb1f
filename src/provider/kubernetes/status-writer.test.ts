/** Statuses against an API server that refuses, conflicts and comes back. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { FakeApiServer } from '../../../test/support/fake-api/server.ts';
import { routeObject, startCluster, type KubeCluster } from '../../../test/support/kube-cluster.ts';
import { KINDS } from '../../gatewayapi/kinds.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import { KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { kindAtVersion } from './kind-at-version.ts';
import { StatusWriter } from './status-writer.ts';

const OURS = 'sluice.dev/gateway-controller';

interface Bench extends KubeCluster {
  readonly writer: StatusWriter;
  readonly writes: () => number;
  /** What the writer takes for the newest; as a watch that may be late. */
  seen: KubeObject | undefined;
  /** How often the writer asked for its version. */
  looks: number;
}

async function start(t: TestContext): Promise<Bench> {
  const cluster = await startCluster();
  const client = new KubeClient(cluster.apiServer);
  cluster.create(routeObject('r', { gateway: 'web', hostname: 'h.example', service: 's' }));
  const bench: Bench = {
    ...cluster,
    seen: current(cluster),
    looks: 0,
    writes: () => writesOf(cluster.api),
    writer: new StatusWriter({
      client,
      controllerName: OURS,
      kindOf: () => kindAtVersion(KINDS.httpRoutes),
      current: () => bench.seen,
      version: () => {
        bench.looks += 1;
        return bench.seen?.metadata.resourceVersion;
      },
      now: () => new Date('2026-11-23T12:00:00.123Z'),
      logger: SILENT_LOGGER,
    }),
  };
  t.after(async () => {
    await bench.writer.close();
    client.close();
    await cluster.api.stop();
  });
  return bench;
}

const current = (cluster: KubeCluster): KubeObject => cluster.get('HTTPRoute', 'default', 'r');
const writesOf = ({ requests }: FakeApiServer): number =>
  requests.filter(({ method }) => method === 'PATCH').length;

const update = (reason: string, generation = 1): StatusUpdate => ({
  kind: 'HTTPRoute',
  object: { group: KINDS.httpRoutes.group, kind: 'HTTPRoute', namespace: 'default', name: 'r' },
  generation,
  status: {
    parents: [
      {
        parentRef: { name: 'web' },
        controllerName: OURS,
        conditions: [
          { type: 'Accepted', status: 'True', reason, message: '', observedGeneration: generation },
        ],
      },
    ],
  },
});

function reasonIn(cluster: KubeCluster): string | undefined {
  const status = cluster.get('HTTPRoute', 'default', 'r')['status'] as
    { parents?: { conditions: { reason: string }[] }[] } | undefined;
  return status?.parents?.[0]?.conditions[0]?.reason;
}

/** As another controller that thinks the status is its own. */
function overwrite(bench: Bench): void {
  const object = bench.get('HTTPRoute', 'default', 'r');
  bench.api.store.update(
    `${KINDS.httpRoutes.group}/httproutes`,
    { ...object, status: { parents: [] } },
    'status',
  );
}

/** The watch catches up. */
function see(bench: Bench): void {
  bench.seen = current(bench);
  bench.writer.seen({ kind: 'HTTPRoute', namespace: 'default', name: 'r' });
}

/** `One` is written, overwritten and repaired; from here on the test moves the timers. */
async function repairOnce(t: TestContext, bench: Bench): Promise<void> {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  bench.writer.write([update('One')]);
  await written(bench, 1);
  overwrite(bench);
  see(bench);
  await written(bench, 2);
}

/** Resolves when so many writes were requested and the last response was processed. Waits without timers. */
async function written(bench: Bench, count: number): Promise<void> {
  while (bench.writes() < count) await new Promise((resolve) => setImmediate(resolve));
  await delivered(bench);
}

/** Resolves when earlier requests have arrived: a request over the same loopback does not overtake them. */
async function delivered(bench: Bench): Promise<void> {
  const client = new KubeClient(bench.apiServer);
  for (let rounds = 0; rounds < 3; rounds += 1)
    await client.call({ method: 'GET', path: '/api/v1/namespaces' });
  client.close();
}

suite('status writer', () => {
  test('repairs what another writer changed as soon as the watch shows it', async (t) => {
    const bench = await start(t);
    bench.writer.write([update('One')]);
    await bench.api.until(() => reasonIn(bench) === 'One');
    overwrite(bench);
    see(bench);
    await bench.api.until(() => reasonIn(bench) === 'One');
    assert.equal(bench.writes(), 2);
  });

  test('a writer that overwrites again and again is corrected at intervals, and does not win', async (t) => {
    const bench = await start(t);
    await repairOnce(t, bench);
    for (let round = 0; round < 5; round += 1) {
      overwrite(bench);
      see(bench);
    }
    await delivered(bench);
    assert.equal(bench.writes(), 2);
    t.mock.timers.tick(1_000);
    await written(bench, 3);
    assert.equal(reasonIn(bench), 'One');
  });

  test('a new status is written at once, however often the old one was repaired', async (t) => {
    const bench = await start(t);
    await repairOnce(t, bench);
    overwrite(bench);
    see(bench);
    bench.writer.write([update('Two')]);
    await written(bench, 3);
    assert.equal(reasonIn(bench), 'Two');
  });

  test('a status equal to what a late watch still shows is written over the newer one', async (t) => {
    const bench = await start(t);
    bench.writer.write([update('One')]);
    await written(bench, 1);
    bench.seen = current(bench);
    bench.writer.write([update('Two')]);
    await written(bench, 2);
    // The watch still shows `One`; nothing seems to differ.
    bench.writer.write([update('One')]);
    await delivered(bench);
    assert.equal(reasonIn(bench), 'Two');
    see(bench);
    await bench.api.until(() => reasonIn(bench) === 'One');
  });

  test('a wish that was given up while it waited for another try is not written', async (t) => {
    const bench = await start(t);
    bench.writer.write([update('One')]);
    await written(bench, 1);
    see(bench);
    bench.api.fault = ({ method }) => (method === 'PATCH' ? { status: 500 } : null);
    bench.writer.write([update('Two')]);
    await written(bench, 2);
    bench.writer.write([update('One')]);
    bench.api.fault = null;
    const { looks } = bench;
    await bench.api.until(() => bench.looks > looks);
    await delivered(bench);
    assert.equal(reasonIn(bench), 'One');
    assert.equal(bench.writes(), 2);
  });

  test('an object with endless conflicts is retried', async (t) => {
    const bench = await start(t);
    bench.api.fault = ({ method }) => (method === 'PATCH' ? { status: 409 } : null);
    bench.writer.write([update('One')]);
    await written(bench, 7);
    bench.api.fault = null;
    await bench.api.until(() => reasonIn(bench) === 'One');
    assert.equal(bench.writes(), 8);
  });

  test('an object that came back is written without another wish', async (t) => {
    const bench = await start(t);
    bench.remove('HTTPRoute', 'default', 'r');
    bench.seen = undefined;
    bench.writer.write([update('One')]);
    bench.create(routeObject('r', { gateway: 'web', hostname: 'h.example', service: 's' }));
    see(bench);
    await bench.api.until(() => reasonIn(bench) === 'One');
  });

  test('writes once, and not again while nothing differs', async (t) => {
    const bench = await start(t);
    bench.writer.write([update('One')]);
    await bench.api.until(() => reasonIn(bench) === 'One');
    bench.writer.write([update('One')]);
    bench.seen = current(bench);
    bench.writer.write([update('One')]);
    bench.writer.write([update('Two')]);
    await bench.api.until(() => reasonIn(bench) === 'Two');
    assert.equal(bench.writes(), 2);
  });

  test('a change of our part is repaired; without one, nothing is written', async (t) => {
    const bench = await start(t);
    bench.writer.write([update('One')]);
    await bench.api.until(() => reasonIn(bench) === 'One');
    overwrite(bench);
    bench.seen = current(bench);
    bench.writer.write([update('One')]);
    await bench.api.until(() => reasonIn(bench) === 'One');
  });

  test('a write over an old version is merged over the newer one', async (t) => {
    const bench = await start(t);
    const object = bench.get('HTTPRoute', 'default', 'r');
    const theirs = { parentRef: { name: 'other' }, controllerName: 'example.net/c', conditions: [] };
    bench.api.store.update(
      `${KINDS.httpRoutes.group}/httproutes`,
      { ...object, status: { parents: [theirs] } },
      'status',
    );
    // `seen` is older than that.
    bench.writer.write([update('One')]);
    const parents = (): { controllerName: string }[] =>
      (bench.get('HTTPRoute', 'default', 'r')['status'] as { parents: { controllerName: string }[] }).parents;
    await bench.api.until(() => parents().length === 2);
    assert.deepEqual(
      parents().map(({ controllerName }) => controllerName),
      ['example.net/c', OURS],
    );
  });

  test('what cannot be written now is tried again, as it is wanted then', async (t) => {
    const bench = await start(t);
    bench.api.fault = ({ method }) => (method === 'PATCH' ? { status: 500 } : null);
    bench.writer.write([update('One')]);
    await bench.api.until(() => bench.writes() === 1);
    bench.writer.write([update('Two')]);
    bench.api.fault = null;
    await bench.api.until(() => reasonIn(bench) === 'Two');
  });

  test('a status of an older generation is not written over an object that moved on', async (t) => {
    const bench = await start(t);
    bench.patch('HTTPRoute', 'default', 'r', { spec: { hostnames: ['new.example'] } });
    bench.seen = current(bench);
    bench.writer.write([update('Old', 1)]);
    bench.writer.write([update('New', 2)]);
    await bench.api.until(() => reasonIn(bench) === 'New');
    assert.equal(bench.writes(), 1);
  });

  test('an object that was deleted is no error', async (t) => {
    const bench = await start(t);
    bench.remove('HTTPRoute', 'default', 'r');
    bench.writer.write([update('One')]);
    await bench.api.until(() => bench.writes() === 1);
    await bench.writer.close();
  });
});
