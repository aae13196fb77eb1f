import assert from 'node:assert/strict';
import { once } from 'node:events';
import dgram from 'node:dgram';
import { afterEach, test } from 'node:test';
import { TestCluster, testRule } from '../../../test/support/stream-relay.ts';
import { only, until } from '../../../test/support/tcp-peers.ts';
import { UdpClient, startUdpBackend, type UdpBackend } from '../../../test/support/udp-peers.ts';
import { TimerWheel } from '../net/timer-wheel.ts';
import type { CompiledL4Rule } from './l4-rule.ts';
import { UdpRelay } from './udp-relay.ts';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function relay(rule: CompiledL4Rule | null, maxFlows?: number): Promise<UdpRelay> {
  const wheel = new TimerWheel();
  const options = { address: '127.0.0.1', port: 0, reusePort: false };
  const started = await UdpRelay.bind(options, rule, wheel, maxFlows);
  closers.push(async () => {
    await started.close();
    assert.equal(wheel.size, 0, 'a flow was left behind');
    wheel.stop();
  });
  return started;
}

async function backend(name: string, isSilent = false): Promise<UdpBackend> {
  const started = await startUdpBackend(name, isSilent);
  closers.push(() => started.close());
  return started;
}

function client(): UdpClient {
  const started = new UdpClient();
  closers.push(() => started.close());
  return started;
}

test('each client has a flow of its own, and gets its own answers only', async () => {
  const echo = await backend('echo');
  const rule = testRule([{ cluster: new TestCluster([echo.port]) }]);
  const { boundPort: port, ...rest } = await relay(rule);
  assert.ok(rest);
  const clients = [client(), client(), client()];
  for (let round = 0; round < 5; round++) {
    const answers = await Promise.all(clients.map((each, index) => each.ask(port, `${index}-${round}`)));
    assert.deepEqual(
      answers,
      clients.map((_, index) => `echo:${index}-${round}`),
    );
  }
  assert.equal(new Set(echo.received.map(({ from }) => from)).size, 3);
  const { counters } = only(rule.backends);
  assert.deepEqual([counters.total, counters.active], [3, 3]);
  assert.deepEqual([counters.receivedBytes, counters.sentBytes], [45, 120]);
});

test('datagrams keep their bounds: empty ones, and the largest there are', async () => {
  const echo = await backend('');
  const { boundPort: port } = await relay(testRule([{ cluster: new TestCluster([echo.port]) }]));
  const each = client();
  assert.equal(await each.ask(port, ''), ':');
  assert.equal((await each.ask(port, Buffer.alloc(65_000, 'x')))?.length, 65_001);
});

test('weights choose for a flow, and stick to it', async () => {
  const [seven, three, none] = [await backend('seven'), await backend('three'), await backend('none')];
  const rule = testRule([
    { cluster: new TestCluster([seven.port]), weight: 7 },
    { cluster: new TestCluster([three.port]), weight: 3 },
    { cluster: new TestCluster([none.port]), weight: 0 },
  ]);
  const { boundPort: port } = await relay(rule);
  for (let index = 0; index < 20; index++) {
    const each = client();
    const [first, second] = [await each.ask(port, 'x'), await each.ask(port, 'x')];
    assert.ok(first !== null && first === second);
  }
  assert.deepEqual([seven.received.length, three.received.length, none.received.length], [28, 12, 0]);
});

test('an invalid backend drops its share', async () => {
  const echo = await backend('echo');
  const rule = testRule([
    { cluster: null, weight: 4 },
    { cluster: new TestCluster([echo.port]), weight: 1 },
  ]);
  const { boundPort: port, ...rest } = await relay(rule);
  assert.ok(rest);
  const clients = Array.from({ length: 10 }, client);
  for (const each of clients) each.send(port, 'x');
  await until(() => echo.received.length === 2 && rule.backends[0]?.counters.total === 8);
  assert.deepEqual(rule.backends[0]?.counters.snapshot().byReason, { invalid_ref: 8 });
});

test('no route, no backend, no endpoint: dropped and counted', async () => {
  const unattached = await relay(null);
  const empty = testRule([]);
  const without = await relay(empty);
  const bare = testRule([{ cluster: new TestCluster([]) }]);
  const lonely = await relay(bare);
  const each = client();
  for (const { boundPort } of [unattached, without, lonely]) each.send(boundPort, 'x');
  await until(() => only(bare.backends).counters.snapshot().byReason.no_endpoints === 1);
  await until(() => empty.counters.snapshot().byReason.no_backend === 1);
  assert.deepEqual([unattached.flows, without.flows, lonely.flows], [0, 0, 1]);
});

test('a flow ends after its idle time, and the next datagram starts another', async () => {
  const echo = await backend('echo');
  const cluster = new TestCluster([echo.port], { connection: { idleTimeoutMs: 80 } });
  const rule = testRule([{ cluster }]);
  const started = await relay(rule);
  const each = client();
  await each.ask(started.boundPort, 'one');
  assert.equal(started.flows, 1);
  await until(() => started.flows === 0);
  assert.deepEqual(
    cluster.endpoints.map(({ active }) => active),
    [0],
  );
  assert.equal(await each.ask(started.boundPort, 'two'), 'echo:two');
  assert.equal(only(rule.backends).counters.total, 2);
});

test('answers keep a flow alive as well as questions', async () => {
  const talker = await backend('talker', true);
  const cluster = new TestCluster([talker.port], { connection: { idleTimeoutMs: 150 } });
  const started = await relay(testRule([{ cluster }]));
  const each = client();
  each.send(started.boundPort, 'begin');
  await until(() => talker.received.length === 1);
  const { from } = only(talker.received);
  for (let index = 0; index < 8; index++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    talker.socket.send(`news ${index}`, from, '127.0.0.1');
  }
  await until(() => each.received.length === 8);
  assert.equal(started.flows, 1);
});

test('the table is bounded: a flood of sources costs no more flows', async () => {
  const echo = await backend('echo');
  const rule = testRule([{ cluster: new TestCluster([echo.port]) }]);
  const started = await relay(rule, 3);
  const early = [client(), client(), client()];
  for (const each of early) assert.equal(await each.ask(started.boundPort, 'x'), 'echo:x');
  const late = Array.from({ length: 5 }, client);
  for (const each of late) each.send(started.boundPort, 'y');
  await until(() => only(rule.backends).counters.snapshot().byReason.overflow === 5);
  assert.equal(started.flows, 3);
  for (const each of early) assert.equal(await each.ask(started.boundPort, 'z'), 'echo:z');
});

test('only the endpoint can send into a flow', async () => {
  const echo = await backend('echo');
  const started = await relay(testRule([{ cluster: new TestCluster([echo.port]) }]));
  const each = client();
  await each.ask(started.boundPort, 'x');
  const { from } = only(echo.received);
  const stranger = dgram.createSocket('udp4');
  stranger.send('forged', from, '127.0.0.1');
  await once(stranger, 'listening');
  // What the endpoint says next arrives; what the stranger said before does not.
  assert.equal(await each.ask(started.boundPort, 'y'), 'echo:y');
  assert.deepEqual(each.received, ['echo:x', 'echo:y']);
  stranger.close();
});

test('an endpoint that refuses (ICMP) is left for another', async () => {
  const dead = await startUdpBackend('dead');
  const { port: deadPort } = dead;
  dead.close();
  const echo = await backend('echo');
  const cluster = new TestCluster([deadPort, echo.port]);
  const rule = testRule([{ cluster }]);
  const started = await relay(rule);
  const each = client();
  each.send(started.boundPort, 'lost');
  await until(() => (cluster.endpoints[0]?.connectFailures ?? 0) > 0);
  assert.equal(await each.ask(started.boundPort, 'found'), 'echo:found');
  assert.equal(started.flows, 1);
  assert.equal(only(rule.backends).counters.retries, 1);
});

test('where there is no other endpoint, a refusal ends the flow, and the next datagram tries again', async () => {
  const dead = await startUdpBackend('dead');
  const { port: deadPort } = dead;
  dead.close();
  const cluster = new TestCluster([deadPort]);
  const started = await relay(testRule([{ cluster }]));
  const each = client();
  for (let round = 1; round <= 3; round++) {
    each.send(started.boundPort, 'x');
    await until(() => cluster.endpoints[0]?.connectFailures === round);
    assert.equal(started.flows, 0);
  }
  assert.deepEqual(
    cluster.endpoints.map(({ active }) => active),
    [0],
  );
});

test('a flow leaves an endpoint that is no longer listed', async () => {
  const [old, young] = [await backend('old'), await backend('young')];
  const cluster = new TestCluster([old.port, young.port]);
  const started = await relay(testRule([{ cluster }]));
  const each = client();
  assert.equal(await each.ask(started.boundPort, '1'), 'old:1');
  only(cluster.endpoints).isGone = true;
  assert.equal(await each.ask(started.boundPort, '2'), 'young:2');
  assert.deepEqual(
    cluster.endpoints.map(({ active }) => active),
    [0, 1],
  );
});

test('a change of configuration keeps flows whose cluster stays', async () => {
  const [one, two] = [await backend('one'), await backend('two')];
  const [first, second] = [new TestCluster([one.port]), new TestCluster([two.port])];
  const started = await relay(testRule([{ cluster: first }]));
  const each = client();
  assert.equal(await each.ask(started.boundPort, '1'), 'one:1');
  started.update(
    testRule([
      { cluster: second, weight: 100 },
      { cluster: first, weight: 1 },
    ]),
  );
  assert.equal(await each.ask(started.boundPort, '2'), 'one:2');
  assert.equal(new Set(one.received.map(({ from }) => from)).size, 1);
  started.update(testRule([{ cluster: second }]));
  assert.equal(await each.ask(started.boundPort, '3'), 'two:3');
  assert.equal(started.flows, 1);
  started.update(testRule([{ cluster: null }]));
  assert.equal(await each.ask(started.boundPort, '4', 50), null);
  started.update(testRule([{ cluster: first }]));
  assert.equal(await each.ask(started.boundPort, '5'), 'one:5');
});

test('draining begins no new flow and waits for those that are there', async () => {
  const echo = await backend('echo');
  const cluster = new TestCluster([echo.port], { connection: { idleTimeoutMs: 600_000 } });
  const started = await relay(testRule([{ cluster }]));
  const each = client();
  await each.ask(started.boundPort, 'x');
  const drained = started.drain(10_000);
  assert.equal(await each.ask(started.boundPort, 'y'), 'echo:y');
  assert.equal(await client().ask(started.boundPort, 'z', 50), null);
  await drained;
  assert.equal(started.flows, 0);
});
