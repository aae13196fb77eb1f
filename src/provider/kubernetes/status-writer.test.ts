/** Statuses against an API server that refuses, conflicts and comes back. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { FakeApiServer } from '../../../test/support/fake-api/server.ts';
import { routeObject, startCluster, type KubeCluster } from '../../../test/support/kube-cluster.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import { KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { KINDS } from './kinds.ts';
import { StatusWriter } from './status-writer.ts';

const OURS = 'sluice.dev/gateway-controller';

interface Bench extends KubeCluster {
  readonly writer: StatusWriter;
  readonly writes: () => number;
  /** What the writer takes for the newest; as a watch that may be late. */
  seen: KubeObject | undefined;
}

async function start(t: TestContext): Promise<Bench> {
  const cluster = await startCluster();
  const client = new KubeClient(cluster.apiServer);
  cluster.create(routeObject('r', { gateway: 'web', hostname: 'h.example', service: 's' }));
  const bench: Bench = {
    ...cluster,
    seen: current(cluster),
    writes: () => writesOf(cluster.api),
    writer: new StatusWriter({
      client,
      controllerName: OURS,
      kindOf: () => KINDS.httpRoutes,
      current: () => bench.seen,
      version: () => bench.seen?.metadata.resourceVersion,
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

suite('status writer', () => {
  test('mends what somebody else wrote with the next write, once it was seen', async (t) => {
    const bench = await start(t);
    const updates = [update('One')];
    bench.writer.write(updates);
    await bench.api.until(() => reasonIn(bench) === 'One');
    bench.seen = current(bench);
    bench.api.store.update(
      `${KINDS.httpRoutes.group}/httproutes`,
      { ...bench.get('HTTPRoute', 'default', 'r'), status: { parents: [] } },
      'status',
    );
    bench.seen = current(bench);
    bench.writer.seen({ kind: 'HTTPRoute', namespace: 'default', name: 'r' });
    bench.writer.write(updates);
    await bench.api.until(() => reasonIn(bench) === 'One');
    assert.equal(bench.writes(), 2);
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

  test('somebody who changes our part is put right; with nothing wrong, nothing is written', async (t) => {
    const bench = await start(t);
    bench.writer.write([update('One')]);
    await bench.api.until(() => reasonIn(bench) === 'One');
    const object = bench.get('HTTPRoute', 'default', 'r');
    bench.api.store.update(
      `${KINDS.httpRoutes.group}/httproutes`,
      { ...object, status: { parents: [] } },
      'status',
    );
    bench.seen = current(bench);
    bench.writer.write([update('One')]);
    await bench.api.until(() => reasonIn(bench) === 'One');
  });

  test('a write over an old version is merged over what then stands', async (t) => {
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

  test('an object that is gone is nobody’s trouble', async (t) => {
    const bench = await start(t);
    bench.remove('HTTPRoute', 'default', 'r');
    bench.writer.write([update('One')]);
    await bench.api.until(() => bench.writes() === 1);
    await bench.writer.close();
  });
});
