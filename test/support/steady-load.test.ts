import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { startLoad } from './steady-load.ts';

test('counts answers on kept and fresh connections, and reports every failure', async (t) => {
  let healthy = true;
  let connections = 0;
  const server = createServer((_, response) => {
    response.writeHead(healthy ? 200 : 503).end('body');
  });
  server.on('connection', () => (connections += 1));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;

  const good = startLoad({ request: { port }, kept: 2, fresh: 1 });
  await good.answers(50);
  const outcome = await good.stop();
  assert.deepEqual(outcome.failures, []);
  assert.ok(outcome.answered >= 50);
  assert.ok(connections > 2 && connections < outcome.answered);

  healthy = false;
  const bad = startLoad({ request: { port }, kept: 1, fresh: 0 });
  await bad.answers(1);
  assert.match((await bad.stop()).failures[0] ?? '', /status 503: body/);
});
