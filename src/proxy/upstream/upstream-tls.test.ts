import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';
import tls from 'node:tls';
import {
  asCertificate,
  mint,
  mintExpired,
  strangerAuthority,
  testAuthority,
  type CertifiedKey,
} from '../../../test/support/certificates.ts';
import { listen } from '../../../test/support/tls-listener.ts';
import { certificateId } from '../../ir/ids.ts';
import type { Certificate, UpstreamTls } from '../../ir/tls.ts';
import { UpstreamTlsClient } from './upstream-tls.ts';

const { certificatePem: caPem } = await testAuthority();
const servers: tls.Server[] = [];
after(() => {
  for (const server of servers) server.close();
});

interface Backend {
  readonly port: number;
  /** Server names and client certificates of the connections so far. */
  readonly seen: { readonly serverName: string | null; readonly client: string | undefined }[];
}

async function startBackend(leaf: CertifiedKey, options: tls.TlsOptions = {}): Promise<Backend> {
  const seen: Backend['seen'] = [];
  const server = tls.createServer({ cert: leaf.certificatePem, key: leaf.keyPem, ...options }, (socket) => {
    const { servername } = socket as { readonly servername?: string | false };
    const client = socket.getPeerX509Certificate()?.subjectAltName;
    seen.push({ serverName: servername === false ? null : (servername ?? null), client });
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  server.on('tlsClientError', () => undefined);
  servers.push(server);
  return { port: await listen(server), seen };
}

function settings(overrides: Partial<UpstreamTls> = {}): UpstreamTls {
  return { hostname: 'api.example', caPem, subjectAltNames: [], clientCertificate: null, ...overrides };
}

function clientOf(
  overrides: Partial<UpstreamTls> = {},
  clientCertificate: Certificate | null = null,
): UpstreamTlsClient {
  return new UpstreamTlsClient({ settings: settings(overrides), clientCertificate, alpn: [] });
}

/** `hello`, or what went wrong. */
async function talk(
  client: UpstreamTlsClient,
  port: number,
  established: net.Socket | null = null,
): Promise<string> {
  const socket = client.connect({ host: '127.0.0.1', port }, established);
  const { promise, resolve } = Promise.withResolvers<string>();
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.on('end', () => socket.end());
  socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  socket.on('close', () => resolve(received));
  return promise;
}

test('the hostname is sent as SNI and must be in the certificate', async () => {
  const backend = await startBackend(await mint(['api.example', '127.0.0.1']));
  assert.equal(await talk(clientOf(), backend.port), 'hello');
  assert.equal(backend.seen[0]?.serverName, 'api.example');
  assert.equal(
    await talk(clientOf({ hostname: 'other.example' }), backend.port),
    'ERR_TLS_CERT_ALTNAME_INVALID',
  );
});

test('the certificate must come from the authority, be in time and be for a server', async () => {
  const stranger = await startBackend(await mint(['api.example'], { authority: await strangerAuthority() }));
  assert.match(await talk(clientOf(), stranger.port), /UNABLE_TO_VERIFY_LEAF_SIGNATURE|UNABLE_TO_GET_ISSUER/);
  const expired = await startBackend(await mintExpired(['api.example']));
  assert.equal(await talk(clientOf(), expired.port), 'CERT_HAS_EXPIRED');
  const wrongUsage = await startBackend(await mint(['api.example'], { usage: 'client' }));
  assert.match(await talk(clientOf(), wrongUsage.port), /INVALID_PURPOSE|UNSUITABLE/);
});

test('the well-known authorities of the system do not know a test authority', async () => {
  const backend = await startBackend(await mint(['api.example']));
  assert.match(await talk(clientOf({ caPem: null }), backend.port), /UNABLE_TO_/);
});

test('subjectAltNames: one of them must be there, and the hostname no longer counts', async () => {
  const uri = 'spiffe://cluster.example/ns/default/sa/api';
  const backend = await startBackend(await mint(['api.example', '*.wild.example'], { uris: [uri] }));
  const outcome = (...names: UpstreamTls['subjectAltNames']): Promise<string> =>
    talk(clientOf({ hostname: 'api.example', subjectAltNames: names }), backend.port);
  const missing = /none of the names/;
  assert.equal(await outcome({ kind: 'hostname', value: 'api.example' }), 'hello');
  assert.equal(await outcome({ kind: 'uri', value: uri }), 'hello');
  assert.match(await outcome({ kind: 'uri', value: `${uri}2` }), missing);
  assert.match(await outcome({ kind: 'hostname', value: 'other.example' }), missing);
  assert.match(await outcome({ kind: 'hostname', value: uri }), missing);
  assert.equal(
    await outcome({ kind: 'hostname', value: 'other.example' }, { kind: 'uri', value: uri }),
    'hello',
  );
  assert.equal(await outcome({ kind: 'hostname', value: 'a.wild.example' }), 'hello');
  assert.match(await outcome({ kind: 'hostname', value: 'b.a.wild.example' }), missing);
  assert.equal(await outcome({ kind: 'hostname', value: '*.wild.example' }), 'hello');
  assert.equal(await outcome({ kind: 'hostname', value: '*.example' }), 'hello');
  assert.match(await outcome({ kind: 'hostname', value: '*.test' }), missing);
  assert.equal(
    backend.seen.every(({ serverName }) => serverName === 'api.example'),
    true,
  );
});

test('the client certificate is shown to a backend that asks', async () => {
  const leaf = await mint(['gateway.example'], { usage: 'client' });
  const backend = await startBackend(await mint(['api.example']), {
    requestCert: true,
    rejectUnauthorized: true,
    ca: caPem,
  });
  assert.equal(await talk(clientOf({}, asCertificate('ns/client', leaf)), backend.port), 'hello');
  assert.equal(backend.seen[0]?.client, 'DNS:gateway.example');
  assert.match(await talk(clientOf(), backend.port), /CERTIFICATE_REQUIRED|ECONNRESET/);
});

test('sessions are resumed, at the endpoint that gave them', async () => {
  const leaf = await mint(['api.example']);
  const [one, other] = [await startBackend(leaf), await startBackend(leaf)];
  const client = clientOf();
  const isReused = async (port: number): Promise<boolean> => {
    const socket = client.connect({ host: '127.0.0.1', port });
    await once(socket, 'secureConnect');
    const reused = (socket as tls.TLSSocket).isSessionReused();
    await once(socket.resume(), 'end');
    socket.destroy();
    return reused;
  };
  assert.equal(await isReused(one.port), false);
  assert.equal(await isReused(one.port), true);
  assert.equal(await isReused(other.port), false);
  assert.equal(await isReused(one.port), true);
});

test('goes on over a TCP socket on which something was said already', async () => {
  const backend = await startBackend(await mint(['api.example']));
  const proxy = net.createServer((socket) => {
    socket.once('data', (chunk: Buffer) => {
      assert.equal(chunk.toString('latin1', 0, 6), 'PROXY ');
      socket.pause();
      const rest = chunk.subarray(chunk.indexOf('\r\n') + 2);
      if (rest.length > 0) socket.unshift(rest);
      const upstream = net.connect({ port: backend.port, host: '127.0.0.1' });
      socket.pipe(upstream);
      upstream.pipe(socket);
    });
  });
  const port = await listen(proxy);
  const tcp = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  tcp.write('PROXY UNKNOWN\r\n');
  assert.equal(await talk(clientOf(), port, tcp), 'hello');
  proxy.close();
});

test('settings that cannot be used fail like an endpoint that cannot be reached', async () => {
  const backend = await startBackend(await mint(['api.example']));
  for (const broken of ['no certificate', '']) {
    assert.match(await talk(clientOf({ caPem: broken }), backend.port), /UNABLE_TO_|PEM/);
  }
  const leaf = await mint(['gateway.example']);
  const mismatched = asCertificate('ns/client', { ...leaf, keyPem: (await mint(['x.example'])).keyPem });
  const client = clientOf({ clientCertificate: certificateId('ns/client') }, mismatched);
  assert.match(await talk(client, backend.port), /KEY_VALUES_MISMATCH/);
  assert.deepEqual(backend.seen, []);
});
