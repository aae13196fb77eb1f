/** Two gateways and one port: it belongs to the first, unless the second was told to replace it. */
import assert from 'node:assert/strict';
import dgram from 'node:dgram';
import { once } from 'node:events';
import { test } from 'node:test';
import { send } from '../support/http-client.ts';
import { createScene, SCENE_PORTS } from '../support/scene.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { closedPort } from '../support/tcp-peers.ts';

const QUICKSTART = { paths: ['examples/quickstart'], args: ['--echo'] } as const;

const conditionsOf = async (sluice: SluiceProcess): Promise<string[]> => {
  const { gateways } = await sluice.status();
  return gateways.flatMap(({ listeners }) =>
    listeners.flatMap(({ conditions }) =>
      conditions
        .filter(({ type }) => type === 'Programmed')
        .map(({ status, reason, message }) => `${status} ${reason}: ${message}`),
    ),
  );
};

test('a second gateway shares no port by accident, and says so', async (t) => {
  const first = await startSluice(QUICKSTART);
  t.after(() => first.stop());
  const port = first.port(80);
  const map = `--map=80=${String(port)}`;
  const second = await startSluice({ ...QUICKSTART, args: ['--echo', map], workers: 2 });
  t.after(() => second.stop());
  const [condition = ''] = await conditionsOf(second);
  assert.match(
    condition,
    /^False PortUnavailable: cannot listen on .*EADDRINUSE.*another process listens there/,
  );
  assert.match(second.output().stderr, /another process listens there/);
  assert.throws(() => second.port(80));
  for (let count = 0; count < 20; count++) {
    const { status } = await send({ port, host: 'shop.example', path: '/api/items' });
    assert.equal(status, 200, 'the first serves alone');
  }
});

test('a UDP port is shared by accident as little', async (t) => {
  const scene = await createScene({ backends: {} });
  t.after(() => {
    scene.remove();
  });
  const socket = dgram.createSocket({ type: 'udp4', reusePort: true });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  const map = `--map=${String(SCENE_PORTS.udp)}=${String(socket.address().port)}`;
  const sluice = await startSluice({ paths: [scene.folder], args: [map] });
  t.after(() => sluice.stop());
  const programmed = await conditionsOf(sluice);
  assert.equal(programmed.filter((condition) => condition.startsWith('False PortUnavailable')).length, 1);
});

test('a port that its owner has left is bound without any change', async (t) => {
  const first = await startSluice(QUICKSTART);
  const port = first.port(80);
  const scene = await createScene({ backends: {} });
  const second = await startSluice({ paths: [scene.folder], args: [`--map=80=${String(port)}`] });
  t.after(async () => {
    await second.stop();
    scene.remove();
  });
  assert.throws(() => second.port(SCENE_PORTS.http));
  await first.stop();
  await second.until(({ gateways }) =>
    gateways.some(({ listeners }) => listeners.some((one) => one.port === 80 && one.bound.length > 0)),
  );
});

test('a successor takes ports and admin API over, and ends its predecessor', async (t) => {
  const admin = await closedPort();
  const adminArgs = ['--admin', `127.0.0.1:${String(admin)}`];
  const first = await startSluice({ ...QUICKSTART, args: ['--echo', ...adminArgs] });
  t.after(() => first.stop());
  const port = first.port(80);
  const second = await startSluice({
    ...QUICKSTART,
    args: ['--echo', ...adminArgs, `--map=80=${String(port)}`, '--takeover', String(first.pid)],
  });
  t.after(() => second.stop());
  assert.deepEqual(await first.exited, { code: 0, signal: null });
  assert.equal(second.port(80), port);
  assert.equal(second.admin, `http://127.0.0.1:${String(admin)}`);
  assert.equal((await send({ port, host: 'shop.example', path: '/api/items' })).status, 200);
});

test('a takeover needs a running gateway', async () => {
  // Ids end at 4,194,304 on Linux.
  const start = startSluice({ ...QUICKSTART, args: ['--takeover', '999999999'] });
  await assert.rejects(start, /there is no such process; start without it/);
});
