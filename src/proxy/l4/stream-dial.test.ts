import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { mint, testAuthority } from '../../../test/support/certificates.ts';
import { TestCluster, startRelay, testRule, type TestRelay } from '../../../test/support/stream-relay.ts';
import { dial, only, readAll, startTcpBackend, type TcpBackend } from '../../../test/support/tcp-peers.ts';
import { UpstreamTlsClient } from '../upstream/upstream-tls.ts';
import { readProxyHeader } from '../net/proxy-protocol.ts';
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

for (const version of ['v1', 'v2'] as const) {
  test(`PROXY ${version} toward the backend comes first`, async () => {
    const heard = Promise.withResolvers<Buffer>();
    const { port } = await backend(
      (socket) => void readAll(socket).then((all) => heard.resolve(all ?? Buffer.alloc(0))),
    );
    const cluster = new TestCluster([port], { policy: { proxyProtocol: version } });
    const { port: at } = await relay(testRule([{ cluster }]), Buffer.from('first '));
    const client = dial(at);
    client.end('second');
    const bytes = await heard.promise;
    const header = readProxyHeader(bytes);
    assert.ok(header.kind === 'header');
    assert.deepEqual(header.peers, {
      source: { address: '127.0.0.1', port: client.localPort },
      destination: { address: '127.0.0.1', port: at },
    });
    assert.equal(bytes.toString('latin1', header.length), 'first second');
    client.destroy();
  });
}

test('TLS toward the backend, PROXY header before the handshake', async () => {
  const leaf = await mint(['db.example']);
  const { certificatePem: caPem } = await testAuthority();
  const secure = tls.createServer(
    { cert: leaf.certificatePem, key: leaf.keyPem, allowHalfOpen: true },
    (socket) => {
      socket.pipe(socket);
    },
  );
  closers.push(() => void secure.close());
  const headers: string[] = [];
  const { port } = await backend((socket) => {
    socket.once('data', (chunk: Buffer) => {
      const header = readProxyHeader(chunk);
      assert.ok(header.kind === 'header');
      headers.push(chunk.toString('latin1', 0, header.length));
      socket.pause();
      socket.unshift(chunk.subarray(header.length));
      secure.emit('connection', socket);
    });
  });
  const settings = { hostname: 'db.example', caPem, subjectAltNames: [], clientCertificate: null };
  const client = new UpstreamTlsClient({ settings, clientCertificate: null, alpn: [] });
  const cluster = new TestCluster([port], { policy: { proxyProtocol: 'v1' }, tls: client });
  const { port: at } = await relay(testRule([{ cluster }]), Buffer.from('first '));
  const payload = randomBytes(300_000);
  const socket = dial(at);
  socket.end(payload);
  const answer = await readAll(socket);
  assert.ok(answer?.equals(Buffer.concat([Buffer.from('first '), payload])));
  assert.match(only(headers), /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\n$/);
});
