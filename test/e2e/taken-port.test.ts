/** A listener whose port another process has: reported as an error, tried again, and bound when the port is free. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { StatusAnswer } from '../../src/admin/status-report.ts';
import { send } from '../support/http-client.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';

async function takenPort(t: TestContext): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
  });
  return { port: (server.address() as { readonly port: number }).port, server };
}

async function startOn(t: TestContext, port: number): Promise<SluiceProcess> {
  const args = ['--echo', `--map=80=${String(port)}`];
  const sluice = await startSluice({ paths: ['examples/quickstart'], args, workers: 2 });
  t.after(() => sluice.stop());
  return sluice;
}

const isBound = ({ gateways }: StatusAnswer): boolean =>
  gateways.some(({ listeners }) => listeners.some(({ bound }) => bound.length > 0));

test('a port in use is an error in the summary, with a free port to use instead', async (t) => {
  const { port } = await takenPort(t);
  const sluice = await startOn(t, port);
  await sluice.printed(/1 Gateway, 1 route, 1 listener not bound/);
  await sluice.printed(/not ready: no listener is bound/);
  const { stdout, stderr } = sluice.output();
  assert.doesNotMatch(stdout, /no problems/);
  const [, hinted] = /or bind another port: --map 80=(\d+)/.exec(stdout) ?? [];
  assert.ok(hinted !== undefined && Number(hinted) !== port, stdout);
  assert.equal(stderr.split('another process listens there').length - 1, 1, 'logged once for all workers');
});

test('while nothing is bound /readyz is 503; a port that becomes free is bound, and then it is 200', async (t) => {
  const { port, server } = await takenPort(t);
  const sluice = await startOn(t, port);
  const before = await fetch(`${sluice.admin}/readyz`);
  assert.equal(before.status, 503);
  assert.match(await before.text(), /^no listener is bound: cannot listen on/);
  const { notReady } = await sluice.status();
  assert.match(notReady ?? '', /^no listener is bound/);

  server.close();
  await sluice.until((status) => isBound(status) && status.ready);
  assert.equal((await fetch(`${sluice.admin}/readyz`)).status, 200);
  assert.equal((await send({ port, host: 'shop.example', path: '/api/x' })).status, 200);
  await sluice.printed(/~ Gateway default\/web programmed/);
});
