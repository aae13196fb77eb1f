/** Election among replicas, with a lease short enough for a test. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { suite, test, type TestContext } from 'node:test';
import { FakeApiServer } from '../../test/support/fake-api/server.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { ApiError, KubeClient } from './client.ts';
import { LeaderElection, type Leadership, type LeaseTimes } from './lease.ts';

const TIMES: LeaseTimes = { leaseSeconds: 4, renewMs: 50, standDownMs: 1_500 };
const LEASES = 'coordination.k8s.io/leases';

interface Replica {
  readonly election: LeaderElection;
  readonly history: Leadership[];
}

async function startApi(t: TestContext): Promise<FakeApiServer> {
  const api = new FakeApiServer();
  await api.start();
  t.after(() => api.stop());
  return api;
}

function replica(t: TestContext, api: FakeApiServer, identity: string): Replica {
  const client = new KubeClient(api.access);
  const history: Leadership[] = [];
  const election = new LeaderElection({
    client,
    namespace: 'sluice-system',
    name: 'sluice-controller',
    identity,
    address: `${identity}:15010`,
    logger: SILENT_LOGGER,
    times: TIMES,
    onChange: (leadership) => history.push(leadership),
  });
  t.after(async () => {
    await election.stop();
    client.close();
  });
  election.start();
  return { election, history };
}

suite('leader election', () => {
  test('one leads, the other learns where it is, and takes over at once when the lease is given back', async (t) => {
    const api = await startApi(t);
    const a = replica(t, api, 'a');
    await api.until(() => a.election.isLeader);
    const b = replica(t, api, 'b');
    await api.until(() => b.history.length > 0);
    assert.deepEqual(b.history, [{ isLeader: false, leader: 'a:15010' }]);
    const startedMs = performance.now();
    await a.election.stop();
    await api.until(() => b.election.isLeader);
    assert.ok(performance.now() - startedMs < TIMES.leaseSeconds * 1000, 'not only when it ran out');
    assert.deepEqual(a.history.at(-1), { isLeader: false, leader: null });
    const lease = api.store.get(LEASES, 'sluice-system', 'sluice-controller');
    assert.equal((lease?.['spec'] as { holderIdentity: string }).holderIdentity, 'b');
  });

  test('a leader that cannot renew stands down, and leads again when it can', async (t) => {
    const api = await startApi(t);
    const a = replica(t, api, 'a');
    await api.until(() => a.election.isLeader);
    api.fault = () => ({ status: 500 });
    await api.until(() => !a.election.isLeader);
    api.fault = null;
    await api.until(() => a.election.isLeader);
  });

  test('a leader steps down at its deadline though its renewal has no answer, and gives that renewal up', async () => {
    const calls: { readonly signal: AbortSignal | undefined }[] = [];
    let isHanging = false;
    let lease: unknown = null;
    const client: Pick<KubeClient, 'call'> = {
      call({ method, body, signal }) {
        calls.push({ signal });
        // The signal is all that ends it.
        if (isHanging) {
          return new Promise((_, reject) => {
            signal?.addEventListener('abort', () => {
              reject(new Error('aborted'));
            });
          });
        }
        if (method === 'GET' && lease === null) return Promise.reject(new ApiError(404, '', ''));
        if (method !== 'GET') lease = body;
        return Promise.resolve(lease);
      },
    };
    const changes = new EventEmitter();
    const election = new LeaderElection({
      client: client as KubeClient,
      namespace: 'n',
      name: 'l',
      identity: 'a',
      address: 'a:1',
      logger: SILENT_LOGGER,
      times: { leaseSeconds: 15, renewMs: 5, standDownMs: 50 },
      onChange: (leadership) => changes.emit('change', leadership),
    });
    const changed = async (): Promise<unknown> => (await once(changes, 'change'))[0];
    const first = changed();
    election.start();
    assert.deepEqual(await first, { isLeader: true, leader: null });
    isHanging = true;
    const second = changed();
    assert.deepEqual(await second, { isLeader: false, leader: null });
    const third = changed();
    isHanging = false;
    assert.deepEqual(await third, { isLeader: true, leader: null });
    assert.ok(calls.every(({ signal }) => signal !== undefined));
    assert.ok(calls.some(({ signal }) => signal?.aborted));
    await election.stop();
  });

  test('a lease that is not renewed expires by the clock of its observer', async (t) => {
    const api = await startApi(t);
    api.store.create(
      LEASES,
      {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { namespace: 'sluice-system', name: 'sluice-controller' },
        // A clock that is a year ahead must not matter.
        spec: { holderIdentity: 'gone', leaseDurationSeconds: 1, renewTime: '2030-01-01T00:00:00.000000Z' },
      },
      'test',
    );
    const b = replica(t, api, 'b');
    await api.until(() => b.election.isLeader);
    const spec = api.store.get(LEASES, 'sluice-system', 'sluice-controller')?.['spec'];
    assert.equal((spec as { leaseTransitions: number }).leaseTransitions, 1);
  });

  test('of two that want it at once, one gets it', async (t) => {
    const api = await startApi(t);
    const all = ['a', 'b', 'c'].map((identity) => replica(t, api, identity));
    await api.until(() => all.every(({ history }) => history.length > 0));
    assert.equal(all.filter(({ election }) => election.isLeader).length, 1);
  });
});
