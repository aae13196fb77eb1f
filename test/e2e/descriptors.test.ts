/** File descriptors that run out: accepting waits, nothing crashes, and who is there is served. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import net from 'node:net';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { send } from '../support/http-client.ts';
import { startSluice } from '../support/sluice-process.ts';

const run = promisify(execFile);
/** Enough for a worker to live on, and less than the clients below hold. */
const DESCRIPTORS = 150;
const CLIENTS = 250;

test('descriptors that run out stop no worker, and clients are served again when some leave', async (t) => {
  const sluice = await startSluice({ paths: ['examples/quickstart'], args: ['--echo'] });
  t.after(() => sluice.stop());
  const [pid] = (await sluice.status()).workers.pids;
  assert.ok(pid !== undefined);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => {
    agent.destroy();
  });
  const ask = async (kept?: Agent): Promise<number> => {
    const options = kept === undefined ? {} : { agent: kept };
    const { status } = await send({
      port: sluice.port(80),
      host: 'shop.example',
      path: '/api/a',
      ...options,
    });
    return status;
  };
  assert.equal(await ask(agent), 200);
  await run('prlimit', [`--pid=${String(pid)}`, `--nofile=${String(DESCRIPTORS)}`]);

  const silent = Array.from({ length: CLIENTS }, () => net.connect(sluice.port(80), '127.0.0.1'));
  // One that the worker cannot have is queued by the kernel, or closed: both are no news to it.
  for (const socket of silent) socket.on('error', () => undefined);
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  assert.equal(await ask(agent), 200, 'who is connected is served');
  for (const socket of silent) socket.destroy();
  assert.equal(await ask(), 200, 'and so is who comes when there is room');
  const { workers } = await sluice.status();
  assert.deepEqual(workers.pids, [pid]);
  assert.equal(workers.restarts, 0);
});
