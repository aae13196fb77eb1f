/** What a policy says of connections to backends, over real sockets: each limit below, at and above. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { DEFAULT_CLUSTER_POLICY, type ClusterPolicy, type ConnectionPolicy } from '../../ir/policy.ts';
import { PREFACE, SETTING, data, headers } from '../../../test/support/h2-frames.ts';
import { H2Peer } from '../../../test/support/h2-peer.ts';
import { startPair } from '../../../test/support/h2-proxy.ts';
import type { RawClient } from '../../../test/support/raw-client.ts';
import type { Script } from '../../../test/support/scripted-backend.ts';
import { oneBackend, type OneBackend } from '../../../test/support/test-proxy.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';

/** Answers with the number of its connection. */
const numbered: Script = async (connection, number) => {
  for (;;) {
    await connection.readThrough('\r\n\r\n');
    connection.send(`HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\n${number}`);
  }
};

const withConnection = async (t: TestContext, connection: Partial<ConnectionPolicy>): Promise<OneBackend> =>
  oneBackend(t, {
    script: numbered,
    policy: { connection: { ...DEFAULT_CLUSTER_POLICY.connection, ...connection } },
  });

async function ask(client: RawClient): Promise<string> {
  client.send(GET);
  return (await client.readResponse()).body;
}

describe('connections to HTTP/1.1 backends', () => {
  test('maxRequests: as many and no more', async (t) => {
    const { proxy } = await withConnection(t, { maxRequests: 3 });
    const client = await proxy.connect();
    let seen = '';
    for (let count = 0; count < 7; count++) seen += await ask(client);
    assert.equal(seen, '1112223');
  });

  test('maxRequests of 0: as many as come', async (t) => {
    const { proxy } = await withConnection(t, { maxRequests: 0 });
    const client = await proxy.connect();
    for (let count = 0; count < 20; count++) assert.equal(await ask(client), '1');
  });

  test('maxDuration: an idle connection closes when it is over, however long it might be idle', async (t) => {
    const { proxy, backend } = await withConnection(t, { maxDurationMs: 80, idleTimeoutMs: 0 });
    const client = await proxy.connect();
    assert.equal(await ask(client), '1');
    await backend.connections[0]?.waitForEnd();
    assert.equal(await ask(client), '2');
  });

  test('idleTimeout: an idle connection closes, and its request gets another', async (t) => {
    const { proxy, backend } = await withConnection(t, { idleTimeoutMs: 50 });
    const client = await proxy.connect();
    assert.equal(await ask(client), '1');
    await backend.connections[0]?.waitForEnd();
    assert.equal(await ask(client), '2');
  });

  test('tcpIdleTimeout ends an upgraded connection that says nothing', async (t) => {
    const policy = { connection: { ...DEFAULT_CLUSTER_POLICY.connection, tcpIdleTimeoutMs: 100 } };
    const { proxy, backend } = await oneBackend(t, { policy });
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: chat\r\n\r\n');
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    connection.send('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: chat\r\n\r\nhello');
    await client.readThrough('hello');
    await client.waitForEnd();
    assert.equal(proxy.records[0]?.reason, 'stream_idle');
  });
});

describe('connections to HTTP/2 backends', () => {
  const withHttp2 = async (t: TestContext, policy: Partial<ClusterPolicy>) =>
    startPair(t, { protocol: 'h2', policy });
  const { http2, connection } = DEFAULT_CLUSTER_POLICY;

  test('initialStreamWindowSize is what the backend is told', async (t) => {
    const { proxy, backend } = await withHttp2(t, { http2: { ...http2, initialStreamWindowBytes: 70_000 } });
    const client = await proxy.connect();
    t.after(() => client.destroy());
    client.send(GET);
    const raw = await backend.connection();
    await raw.readThrough(PREFACE.toString('latin1'));
    const payload = await raw.readBytes((await raw.readBytes(9)).readUIntBE(0, 3));
    const announced = new Map<number, number>();
    for (let at = 0; at < payload.length; at += 6) {
      announced.set(payload.readUInt16BE(at), payload.readUInt32BE(at + 2));
    }
    assert.equal(announced.get(SETTING.initialWindowSize), 70_000);
  });

  test('maxDuration: no new request goes to a connection that is too old; the one on it finishes', async (t) => {
    const { proxy, backend } = await withHttp2(t, { connection: { ...connection, maxDurationMs: 60 } });
    const [first, second] = [await proxy.connect(), await proxy.connect()];
    t.after(() => [first, second].forEach((client) => client.destroy()));
    first.send(GET);
    const one = await H2Peer.accept(await backend.connection());
    await one.fields(1);
    one.send(headers(1, [[':status', '200']], false), data(1, 'x', true));
    assert.equal((await first.readResponse()).body, 'x');
    // Idle and too old: it goes by itself.
    await one.raw.waitForEnd();
    second.send(GET);
    const two = await H2Peer.accept(await backend.connection());
    await two.fields(1);
    two.send(headers(1, [[':status', '204']], true));
    assert.equal((await second.readResponse()).status, 204);
  });
});
