import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { FakeTransport } from '../../../test/support/fake-transport.ts';
import { TestCluster, startRelay, testRule, type TestRelay } from '../../../test/support/stream-relay.ts';
import {
  closedPort,
  dial,
  echo,
  only,
  readAll,
  startTcpBackend,
  until,
  type TcpBackend,
} from '../../../test/support/tcp-peers.ts';
import { DEFAULT_CLUSTER_POLICY } from '../../ir/policy.ts';
import type { CompiledL4Rule } from './l4-rule.ts';

const closers: (() => Promise<void> | void)[] = [];
after(async () => {
  for (const close of closers) await close();
});

async function relay(rule: CompiledL4Rule, firstBytes: Buffer | null = null): Promise<TestRelay> {
  const started = await startRelay(rule, firstBytes);
  closers.push(() => started.close());
  return started;
}

async function backend(onConnection: (socket: Socket) => void): Promise<TcpBackend> {
  const started = await startTcpBackend(onConnection);
  closers.push(() => started.close());
  return started;
}

test('bytes flow both ways, and are counted', async () => {
  const { port } = await backend(echo);
  const rule = testRule([{ cluster: new TestCluster([port]) }]);
  const { port: at, connections, wheel } = await relay(rule);
  const client = dial(at);
  client.end('hello');
  assert.equal((await readAll(client))?.toString(), 'hello');
  await until(() => connections.openConnections === 0);
  const { counters } = only(rule.backends);
  assert.deepEqual(
    [counters.total, counters.active, counters.receivedBytes, counters.sentBytes],
    [1, 0, 5, 5],
  );
  assert.equal(wheel.size, 0);
});

test('half-close: each direction ends on its own', async () => {
  const ends: string[] = [];
  const { port } = await backend((socket) => {
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('end', () => {
      ends.push(received);
      socket.end('answer after the end');
    });
  });
  const { port: at } = await relay(testRule([{ cluster: new TestCluster([port]) }]));
  const client = dial(at);
  client.end('question');
  assert.equal((await readAll(client))?.toString(), 'answer after the end');
  assert.deepEqual(ends, ['question']);

  // And the other way round: the backend ends first, the client goes on speaking.
  const heard = Promise.withResolvers<string>();
  const first = await backend((socket) => {
    socket.end('bye');
    let received = '';
    socket.on('data', (chunk) => (received += chunk.toString()));
    socket.on('end', () => heard.resolve(received));
  });
  const second = await relay(testRule([{ cluster: new TestCluster([first.port]) }]));
  const talker = dial(second.port);
  assert.equal((await readAll(talker))?.toString(), 'bye');
  talker.end('still here');
  assert.equal(await heard.promise, 'still here');
  await until(() => second.connections.openConnections === 0);
});

test('large transfers arrive whole, both ways at once', async () => {
  const size = 24 * 1_048_576;
  const payload = randomBytes(size);
  const digest = createHash('sha256').update(payload).digest('hex');
  const { port } = await backend(echo);
  const rule = testRule([{ cluster: new TestCluster([port]) }]);
  const { port: at } = await relay(rule);
  const client = dial(at);
  client.end(payload);
  const received = await readAll(client);
  assert.equal(received?.length, size);
  assert.equal(createHash('sha256').update(received).digest('hex'), digest);
  const { counters } = only(rule.backends);
  await until(() => counters.active === 0);
  assert.deepEqual([counters.receivedBytes, counters.sentBytes], [size, size]);
});

test('any sequence of writes comes out as it went in', async () => {
  const { port } = await backend(echo);
  const { port: at } = await relay(testRule([{ cluster: new TestCluster([port]) }]));
  const chunk = fc.integer({ min: 1, max: 90_000 }).map((size) => randomBytes(size));
  await fc.assert(
    fc.asyncProperty(fc.array(chunk, { minLength: 1, maxLength: 12 }), async (chunks) => {
      const client = dial(at);
      const answer = readAll(client);
      for (const bytes of chunks) {
        client.write(bytes);
        await new Promise((resolve) => setImmediate(resolve));
      }
      client.end();
      assert.ok((await answer)?.equals(Buffer.concat(chunks)));
    }),
    { numRuns: 25 },
  );
});

test('backpressure: a backend that does not read stops the client, not our memory', async () => {
  const { port, sockets } = await backend((socket) => void socket.pause());
  const rule = testRule([{ cluster: new TestCluster([port]) }]);
  const { port: at } = await relay(rule);
  const client = dial(at);
  const chunk = Buffer.alloc(1_048_576);
  let written = 0;
  // Writes until the kernel's buffers and ours are full: the client is then not drained any more.
  const fill = async (): Promise<void> => {
    while (written < 512) {
      written++;
      if (client.write(chunk)) continue;
      const isDrained = await Promise.race([
        once(client, 'drain').then(() => true),
        new Promise<boolean>((resolve) => setTimeout(resolve, 300, false)),
      ]);
      if (!isDrained) return;
    }
  };
  await fill();
  assert.ok(written < 64, `stopped after ${written} MiB`);
  // Reading again sets everything in motion again.
  only(sockets).resume();
  if (client.writableNeedDrain) await once(client, 'drain');
  client.destroy();
});

test('no valid backend: connections are reset, by weight', async () => {
  const { port } = await backend(echo);
  const rule = testRule([
    { cluster: new TestCluster([port]), weight: 1 },
    { cluster: null, weight: 4 },
    { cluster: new TestCluster([port]), weight: 0 },
  ]);
  const { port: at } = await relay(rule);
  let refused = 0;
  for (let index = 0; index < 20; index++) {
    const client = dial(at);
    client.end('x');
    if ((await readAll(client))?.toString() !== 'x') refused++;
  }
  assert.equal(refused, 16);
  assert.equal(rule.backends[1]?.counters.snapshot().byReason.invalid_ref, 16);
  assert.equal(rule.backends[2]?.counters.total, 0);
});

test('a rule without backends, and a cluster without endpoints, reset', async () => {
  const rules = [testRule([]), testRule([{ cluster: new TestCluster([]) }])];
  for (const rule of rules) {
    const { port, connections } = await relay(rule);
    const client = dial(port);
    const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
    assert.equal(error.code, 'ECONNRESET');
    assert.equal(connections.openConnections, 0);
  }
  assert.deepEqual(rules[0]?.counters.snapshot().byReason, { no_backend: 1 });
  assert.deepEqual(rules[1]?.backends[0]?.counters.snapshot().byReason, { no_endpoints: 1 });
});

test('the circuit breaker refuses what is one too many', async () => {
  const { port } = await backend(echo);
  const { circuitBreaker } = DEFAULT_CLUSTER_POLICY;
  const policy = { circuitBreaker: { ...circuitBreaker, maxConnections: 2 } };
  const rule = testRule([{ cluster: new TestCluster([port], { policy }) }]);
  const { port: at, connections } = await relay(rule);
  const clients = [dial(at), dial(at)];
  for (const client of clients) {
    client.write('x');
    await once(client, 'data');
  }
  await once(dial(at), 'error');
  assert.equal(only(rule.backends).counters.snapshot().byReason.overflow, 1);
  for (const client of clients) client.destroy();
  await until(() => connections.openConnections === 0);
  const next = dial(at);
  next.end('y');
  assert.equal(String(await readAll(next)), 'y');
});

test('an endpoint that cannot be reached is passed over, before a byte is lost', async () => {
  const { port } = await backend(echo);
  const cluster = new TestCluster([await closedPort(), port]);
  const rule = testRule([{ cluster }]);
  const { port: at } = await relay(rule, Buffer.from('first '));
  const client = dial(at);
  client.end('second');
  assert.equal((await readAll(client))?.toString(), 'first second');
  assert.equal(cluster.endpoints[0]?.connectFailures, 1);
  assert.equal(only(rule.backends).counters.retries, 1);
  assert.deepEqual(
    cluster.endpoints.map(({ active }) => active),
    [0, 0],
  );
});

test('when no endpoint can be reached the client is reset', async () => {
  const cluster = new TestCluster([await closedPort(), await closedPort()]);
  const rule = testRule([{ cluster }]);
  const { port: at } = await relay(rule);
  const client = dial(at);
  await once(client, 'error');
  assert.deepEqual(only(rule.backends).counters.snapshot().byReason, { connect_failed: 1 });
  assert.deepEqual(
    cluster.endpoints.map(({ active }) => active),
    [0, 0],
  );
});

test('an endpoint that does not answer is given up after the connect timeout', async () => {
  const { port } = await backend(echo);
  const cluster = new TestCluster([1, port]);
  const silent = cluster.endpoints[0];
  assert.ok(silent);
  const abandoned: FakeTransport[] = [];
  const never = {
    connectTimeoutMs: 60,
    connect: (sink: Parameters<typeof silent.dial.connect>[0]) => {
      const transport = new FakeTransport();
      transport.sink = sink;
      abandoned.push(transport);
      return transport;
    },
  };
  Object.assign(silent, { dial: never });
  const rule = testRule([{ cluster }]);
  const { port: at } = await relay(rule);
  const client = dial(at);
  client.end('x');
  assert.equal((await readAll(client))?.toString(), 'x');
  assert.equal(only(abandoned).isClosed, true);
  assert.equal(silent.connectFailures, 1);
});

test('idle connections are closed, busy ones are not', async () => {
  const { port } = await backend(echo);
  const cluster = new TestCluster([port], { connection: { tcpIdleTimeoutMs: 150 } });
  const rule = testRule([{ cluster }]);
  const { port: at, connections } = await relay(rule);
  const busy = dial(at);
  const idle = dial(at);
  const started = performance.now();
  const timer = setInterval(() => busy.write('x'), 40);
  await readAll(idle);
  assert.ok(performance.now() - started >= 140);
  assert.equal(connections.openConnections, 1);
  assert.equal(only(rule.backends).counters.snapshot().byReason.stream_idle, 1);
  clearInterval(timer);
  await readAll(busy);
  assert.equal(connections.openConnections, 0);
  for (const client of [busy, idle]) client.destroy();
});

test('no connection lasts longer than it may', async () => {
  const { port } = await backend(echo);
  const cluster = new TestCluster([port], { connection: { maxDurationMs: 120, tcpIdleTimeoutMs: 0 } });
  const { port: at } = await relay(testRule([{ cluster }]));
  const client = dial(at);
  const timer = setInterval(() => client.write('x'), 20);
  // It ends, or it is reset: that depends on whether a write of ours crosses the end.
  await readAll(client);
  clearInterval(timer);
  client.destroy();
});

test('a reset of one end resets the other', async () => {
  const { port, sockets } = await backend(echo);
  const { port: at, connections } = await relay(testRule([{ cluster: new TestCluster([port]) }]));
  const client = dial(at);
  client.write('x');
  await once(client, 'data');
  only(sockets).resetAndDestroy();
  const [error] = (await once(client, 'error')) as [NodeJS.ErrnoException];
  assert.equal(error.code, 'ECONNRESET');

  const second = dial(at);
  second.write('x');
  await once(second, 'data');
  const socket = sockets[1];
  assert.ok(socket);
  const gone = once(socket, 'error') as Promise<[NodeJS.ErrnoException]>;
  second.resetAndDestroy();
  assert.equal((await gone)[0].code, 'ECONNRESET');
  await until(() => connections.openConnections === 0);
});

test('a client that goes away while we dial leaves nothing behind', async () => {
  const { port } = await backend(echo);
  const cluster = new TestCluster([port]);
  const rule = testRule([{ cluster }]);
  const { port: at, connections } = await relay(rule);
  for (let index = 0; index < 20; index++) dial(at).resetAndDestroy();
  const last = dial(at);
  last.end('x');
  await readAll(last);
  await until(() => connections.openConnections === 0);
  assert.deepEqual(
    cluster.endpoints.map(({ active }) => active),
    [0],
  );
  assert.equal(only(rule.backends).counters.active, 0);
});

test('an endpoint that leaves keeps what it has and gets nothing new', async () => {
  const [old, young] = [await backend(echo), await backend(echo)];
  const cluster = new TestCluster([old.port, young.port]);
  const { port: at } = await relay(testRule([{ cluster }]));
  const client = dial(at);
  client.write('x');
  await once(client, 'data');
  only(cluster.endpoints).isGone = true;
  for (let index = 0; index < 3; index++) {
    const next = dial(at);
    next.end('y');
    await readAll(next);
  }
  assert.equal(old.sockets.length, 1);
  assert.equal(young.sockets.length, 3);
  client.write('still');
  assert.equal(String(only(await once(client, 'data'))), 'still');
  client.destroy();
});

test('draining waits for what is there, and serves what was accepted in the last moment', async () => {
  const { port } = await backend(echo);
  const { port: at, connections } = await relay(testRule([{ cluster: new TestCluster([port]) }]));
  const client = dial(at);
  client.write('x');
  await once(client, 'data');
  const drained = connections.drain(10_000);
  const late = dial(at);
  late.write('y');
  await once(late, 'data');
  late.end();
  client.end();
  await drained;
  assert.equal(connections.openConnections, 0);
});
