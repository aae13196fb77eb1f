/** Real worker processes that stop answering, or lose their configuration: each is replaced, and the others go on. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { suite, test, type TestContext } from 'node:test';
import { createConfigServer, type ConfigServer } from '../../src/configsync/server.ts';
import { HEARTBEAT, type HeartbeatTimes } from '../../src/supervisor/heartbeat.ts';
import { CredentialRelay } from '../../src/supervisor/credential-relay.ts';
import { createWorkerPool, type WorkerPool } from '../../src/supervisor/worker-pool.ts';
import { SILENT_LOGGER } from '../../src/telemetry/logger.ts';
import { emptyConfig } from '../support/gateway-config.ts';

interface Bench {
  readonly pool: WorkerPool;
  readonly server: ConfigServer;
  readonly errors: string[];
  readonly until: (holds: () => boolean) => Promise<void>;
}

function bench(t: TestContext, count: number, heartbeat: HeartbeatTimes): Bench {
  const changes = new EventEmitter();
  const errors: string[] = [];
  const server = createConfigServer({ logger: SILENT_LOGGER, onPeerChange: () => changes.emit('change') });
  server.publish([emptyConfig('web', { version: 'v1' })]);
  const pool = createWorkerPool({
    count,
    heartbeat,
    settings: {
      bindAddress: '127.0.0.1',
      portMap: [],
      reusePort: true,
      claimsPorts: false,
      accessLog: null,
      accessLogSamplePercent: 100,
      zone: '',
      node: '',
      targets: { place: 'local', ownPorts: [] },
      drainMs: 0,
      debug: false,
    },
    attach: (stream) => server.attach(stream),
    claim: () => Promise.resolve(null),
    credentials: new CredentialRelay(SILENT_LOGGER),
    isConfigured: () => true,
    logger: { ...SILENT_LOGGER, error: (message) => errors.push(message) },
  });
  pool.start();
  t.after(async () => {
    pool.kill();
    await pool.drain(0);
    server.close();
  });
  const isServing = (): boolean =>
    server.peers.filter(({ acknowledged }) => acknowledged === server.revision).length === count;
  return {
    pool,
    server,
    errors,
    async until(holds) {
      while (!holds() || !isServing()) await once(changes, 'change');
    },
  };
}

suite('workers', () => {
  test('a worker with a blocked event loop is killed, replaced and counted', async (t) => {
    // On a busy machine a healthy worker may miss some beats, and takes seconds to start.
    const heartbeat = { everyMs: 20, missed: 200, missedUpdating: 400 };
    const { pool, until, server, errors } = bench(t, 2, heartbeat);
    await until(() => pool.pids.length === 2);
    const [, stopped = 0] = pool.pids;
    process.kill(stopped, 'SIGSTOP');
    await until(() => pool.pids.length === 2 && !pool.pids.includes(stopped));
    assert.ok(errors.includes('worker does not respond, killing it'));
    assert.equal((await pool.stats()).stuck, errors.filter((one) => one.includes('does not respond')).length);
    server.publish([emptyConfig('web', { version: 'v2' })]);
    await until(() => true);
  });

  test('one that loses its configuration stream is replaced', async (t) => {
    const { pool, until, server, errors } = bench(t, 1, HEARTBEAT);
    await until(() => pool.pids.length === 1);
    const [before = 0] = pool.pids;
    server.close();
    await until(() => pool.pids.length === 1 && pool.pids[0] !== before);
    assert.ok(errors.includes('worker ended, starting another'));
  });

  test('what their supervisor takes from them is what they send', async (t) => {
    const { pool, until } = bench(t, 1, { everyMs: 20, missed: 10_000, missedUpdating: 10_000 });
    await until(() => pool.pids.length === 1);
    let workers = (await pool.stats()).workers;
    while ((workers[0]?.heartbeatMs ?? null) === null) workers = (await pool.stats()).workers;
    assert.ok((workers[0]?.stats.residentBytes ?? 0) > 0);
    assert.equal(pool.unhealthy(), null);
    assert.equal(pool.restarts, 0);
  });

  test('without any worker that answers, the whole is unhealthy', async (t) => {
    const { pool } = bench(t, 0, { everyMs: 5, missed: 2, missedUpdating: 3 });
    const ticks = setInterval(() => undefined, 5);
    t.after(() => {
      clearInterval(ticks);
    });
    while (pool.unhealthy() === null) await new Promise((resolve) => setTimeout(resolve, 5));
    assert.match(pool.unhealthy() ?? '', /^no worker has responded for/);
  });
});
