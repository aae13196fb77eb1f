/** PROXY headers toward HTTP backends, over real sockets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readProxyHeader } from '../net/proxy-protocol.ts';
import { headers } from '../../../test/support/h2-frames.ts';
import { H2Peer } from '../../../test/support/h2-peer.ts';
import { startPair } from '../../../test/support/h2-proxy.ts';
import { oneBackend } from '../../../test/support/test-proxy.ts';
import type { RawClient } from '../../../test/support/raw-client.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const ANSWER = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const V2_BYTES = 28;

/** Reads the header that the connection begins with; the port of the client it names. */
async function namedPort(connection: RawClient, version: 'v1' | 'v2'): Promise<number> {
  const bytes =
    version === 'v1'
      ? Buffer.from(await connection.readThrough('\r\n'), 'latin1')
      : await connection.readBytes(V2_BYTES);
  const header = readProxyHeader(bytes);
  assert.ok(header.kind === 'header' && header.peers !== null);
  assert.equal(header.peers.source.address, '127.0.0.1');
  return header.peers.source.port;
}

for (const version of ['v1', 'v2'] as const) {
  describe(`PROXY protocol ${version} to an HTTP/1.1 backend`, () => {
    test('each client has a connection of its own, which its next request uses again', async (t) => {
      const { proxy, backend } = await oneBackend(t, { policy: { proxyProtocol: version } });
      for (let count = 0; count < 2; count++) {
        const client = await proxy.connect();
        client.send(GET);
        const connection = await backend.connection();
        assert.equal(await namedPort(connection, version), client.socket.localPort);
        for (let requests = 0; requests < 2; requests++) {
          await connection.readThrough('\r\n\r\n');
          connection.send(ANSWER);
          assert.equal((await client.readResponse()).status, 200);
          if (requests === 0) client.send(GET);
        }
      }
      assert.equal(backend.connections.length, 2);
    });

    test('connections of clients that are gone close when others come', async (t) => {
      const { proxy, backend } = await oneBackend(t, { policy: { proxyProtocol: version } });
      const serve = async (): Promise<{ client: RawClient; connection: RawClient }> => {
        const client = await proxy.connect();
        client.send(GET);
        const connection = await backend.connection();
        await namedPort(connection, version);
        await connection.readThrough('\r\n\r\n');
        connection.send(ANSWER);
        await client.readResponse();
        return { client, connection };
      };
      const first = await serve();
      first.client.socket.resetAndDestroy();
      // The proxy hears of it before it hears of the next connection.
      await first.client.waitForClose();
      await serve();
      await serve();
      await first.connection.waitForEnd();
    });
  });
}

test('PROXY protocol to an HTTP/2 backend: before the preface, and not shared', async (t) => {
  const { proxy, backend } = await startPair(t, { protocol: 'h2', policy: { proxyProtocol: 'v1' } });
  for (let count = 0; count < 2; count++) {
    const client = await proxy.connect();
    t.after(() => client.destroy());
    client.send(GET);
    const connection = await backend.connection();
    assert.equal(await namedPort(connection, 'v1'), client.socket.localPort);
    const upstream = await H2Peer.accept(connection);
    await upstream.fields(1);
    upstream.send(headers(1, [[':status', '204']], true));
    assert.equal((await client.readResponse()).status, 204);
  }
});
