import assert from 'node:assert/strict';
import { once } from 'node:events';
import net from 'node:net';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { mintCertificate, testAuthority } from '../../../test/support/certificates.ts';
import { helloMessage, realHello, records, serverNameExtension } from '../../../test/support/client-hello.ts';
import { dialTls, exchange, sendRaw } from '../../../test/support/tls-client.ts';
import {
  httpsListener,
  startTlsPort,
  tlsListener,
  type TestTlsPort,
} from '../../../test/support/tls-listener.ts';
import { certificateId } from '../../ir/ids.ts';
import { Redacted } from '../../ir/redacted.ts';
import type { Certificate } from '../../ir/tls.ts';

const ports: TestTlsPort[] = [];
after(async () => {
  for (const port of ports) await port.close();
});

async function start(...parameters: Parameters<typeof startTlsPort>): Promise<TestTlsPort> {
  const port = await startTlsPort(...parameters);
  ports.push(port);
  return port;
}

const UNRECOGNIZED_NAME = Buffer.from([21, 3, 3, 0, 2, 2, 112]);

test('HTTPS: the listener, name and protocol of a connection are known, and bytes flow both ways', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('a.example', [certificate])], [certificate]);
  const { certificatePem: ca } = await testAuthority();
  const { socket, error } = await dialTls(port.port, {
    servername: 'A.example',
    ca,
    rejectUnauthorized: true,
    ALPNProtocols: ['http/1.1', 'h2'],
  });
  assert.equal(error, null);
  assert.equal(socket.alpnProtocol, 'h2');
  assert.equal(socket.getProtocol(), 'TLSv1.3');
  const large = 'x'.repeat(500_000);
  assert.equal(await exchange(socket, large), large);
  const [connection] = port.accepted;
  assert.ok(connection?.kind === 'https');
  assert.equal(connection.serverName, 'a.example');
  assert.equal(connection.applicationProtocol, 'h2');
  assert.equal(connection.transport.encrypted, true);
  assert.equal(port.counters.handshakes, 1);
  socket.destroy();
});

test('a ClientHello in single bytes ends in a handshake all the same', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate])], [certificate]);
  const pipe = net.createServer((client) => {
    const upstream = net.connect({ port: port.port, host: '127.0.0.1', noDelay: true });
    upstream.pipe(client);
    client.on('data', (chunk) => {
      for (const byte of chunk) upstream.write(Buffer.from([byte]));
    });
    client.on('close', () => upstream.destroy());
  });
  pipe.listen(0, '127.0.0.1');
  await once(pipe, 'listening');
  const { socket, error } = await dialTls((pipe.address() as net.AddressInfo).port, {});
  assert.equal(error, null);
  assert.equal(await exchange(socket, 'hello'), 'hello');
  socket.destroy();
  pipe.close();
});

test('half-close: a client that has ended still gets the answer', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate])], [certificate]);
  const tcp = net.connect({ port: port.port, host: '127.0.0.1', allowHalfOpen: true });
  const { socket } = await dialTls(port.port, { socket: tcp });
  const ended = once(socket, 'end');
  let received = '';
  socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
  socket.end('bye');
  await ended;
  assert.equal(received, 'bye');
});

test('many listeners on one port: each name gets its own certificate, wildcards the rest', async () => {
  const names = ['a.example', '*.b.example', 'x.b.example'];
  const certificates = await Promise.all(names.map((name) => mintCertificate(`ns/${name}`, [name])));
  const listeners = names.map((name, index) => httpsListener(name, certificates.slice(index, index + 1)));
  const port = await start(listeners, certificates);
  const shown = async (servername: string): Promise<string | undefined> => {
    const { socket } = await dialTls(port.port, { servername });
    const { subjectaltname } = socket.getPeerCertificate();
    await exchange(socket, 'x');
    socket.destroy();
    return subjectaltname;
  };
  assert.equal(await shown('a.example'), 'DNS:a.example');
  assert.equal(await shown('x.b.example'), 'DNS:x.b.example');
  assert.equal(await shown('y.b.example'), 'DNS:*.b.example');
  assert.equal(await shown('z.y.b.example'), 'DNS:*.b.example');
  const hosts = port.accepted.map(
    (connection) => connection.kind === 'https' && connection.listener.hostname,
  );
  assert.deepEqual(hosts, ['a.example', 'x.b.example', '*.b.example', '*.b.example']);
});

test('a name that is not served, and none at all: an HTTPS port says so', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('a.example', [certificate])], [certificate]);
  const named = await dialTls(port.port, { servername: 'b.example' });
  assert.match(named.error ?? '', /UNRECOGNIZED_NAME/);
  const nameless = await dialTls(port.port);
  assert.match(nameless.error ?? '', /UNRECOGNIZED_NAME/);
  assert.deepEqual(port.counters.failures, { unknown_server_name: 1, no_server_name: 1 });
});

test('a name that is not served: a port with TLSRoutes closes without a word', async () => {
  const port = await start([tlsListener('*.example', ['a.example'])], []);
  for (const name of ['b.example', 'c.test']) {
    const hello = records(helloMessage({ extensions: [serverNameExtension(name)] }));
    assert.deepEqual(await sendRaw(port.port, [hello]), Buffer.alloc(0));
  }
  assert.deepEqual(port.counters.failures, { unknown_server_name: 2 });
});

test('passthrough: every byte of the ClientHello is handed on, over any split', async () => {
  const port = await start([tlsListener('*.example', ['a.example', '*.b.example'])], []);
  const hello = records(helloMessage({ extensions: [serverNameExtension('x.b.example')] }), [7, 100]);
  const socket = net.connect({ port: port.port, host: '127.0.0.1', noDelay: true });
  for (const byte of hello) socket.write(Buffer.from([byte]));
  let received = Buffer.alloc(0);
  while (received.length < hello.length) {
    const [chunk] = (await once(socket, 'data')) as [Buffer];
    received = Buffer.concat([received, chunk]);
  }
  assert.deepEqual(received, hello);
  socket.write('more');
  assert.deepEqual(await once(socket, 'data'), [Buffer.from('more')]);
  const [connection] = port.accepted;
  assert.ok(connection?.kind === 'relay');
  assert.equal(connection.rule.origin.name, '*.b.example');
  assert.equal(connection.transport.encrypted, false);
  assert.equal(port.counters.passedThrough, 1);
  socket.destroy();
});

test('HTTPS, terminated and passed-through listeners share a port', async () => {
  const certificates = [
    await mintCertificate('ns/web', ['web.example']),
    await mintCertificate('ns/db', ['db.example']),
  ];
  const listeners = [
    httpsListener('web.example', certificates.slice(0, 1)),
    tlsListener('db.example', ['db.example'], certificates.slice(1)),
    tlsListener('*.through.example', ['*.through.example']),
  ];
  const port = await start(listeners, certificates);
  const web = await dialTls(port.port, { servername: 'web.example' });
  const db = await dialTls(port.port, { servername: 'db.example' });
  assert.equal(await exchange(web.socket, 'web'), 'web');
  assert.equal(await exchange(db.socket, 'db'), 'db');
  const through = tls.connect({ port: port.port, host: '127.0.0.1', servername: 'x.through.example' });
  // The echo sends the ClientHello back, which is no answer to it: reaching that point is what is asked for.
  await once(through, 'error');
  const kinds = port.accepted.map((connection) =>
    connection.kind === 'https' ? 'https' : connection.firstBytes === null ? 'terminated' : 'passthrough',
  );
  assert.deepEqual(kinds, ['https', 'terminated', 'passthrough']);
  for (const client of [web, db]) client.socket.destroy();
});

test('plain HTTP on an HTTPS port is told so; other protocols are closed', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate])], [certificate]);
  const answer = await sendRaw(port.port, [Buffer.from('GET / HTTP/1.1\r\nhost: a.example\r\n\r\n')]);
  assert.match(answer.toString(), /^HTTP\/1\.1 400 Bad Request\r\n[^]*This port speaks HTTPS/);
  assert.deepEqual(await sendRaw(port.port, [Buffer.from('SSH-2.0-x\r\n')]), Buffer.alloc(0));
  assert.deepEqual(port.counters.failures, { not_tls: 2 });
});

test('a malformed ClientHello is answered with an alert', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate])], [certificate]);
  const bad = records(helloMessage({ suites: [] }));
  assert.deepEqual(await sendRaw(port.port, [bad]), Buffer.from([21, 3, 3, 0, 2, 2, 50]));
  assert.deepEqual(port.counters.failures, { malformed_hello: 1 });
});

test('a hello that OpenSSL refuses though we could read it is counted and closed', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate])], [certificate]);
  const alert = await sendRaw(port.port, [records(helloMessage({ suites: [0x0001] }))]);
  assert.deepEqual(alert.subarray(0, 1), Buffer.from([21]));
  assert.equal(port.counters.handshakes, 0);
  assert.deepEqual(
    port.refused.map(({ failure }) => failure),
    ['no_shared_cipher'],
  );
});

test('slow clients: the time for hello and handshake together is bounded', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate])], [certificate], { handshakeTimeoutMs: 100 });
  assert.deepEqual(await sendRaw(port.port, [Buffer.from([22, 3])]), Buffer.alloc(0));
  const flight = await sendRaw(port.port, [await realHello({ servername: 'a.example' })]);
  assert.ok(flight.length > 500, 'the server answered, and then waited for a client that said no more');
  assert.deepEqual(port.counters.failures, { timeout: 2 });
  assert.equal(port.wheel.size, 0);
});

test('clients that go away before and during the handshake are counted', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate])], [certificate]);
  for (const bytes of [Buffer.from([22, 3, 1]), Buffer.alloc(0)]) {
    const socket = net.connect({ port: port.port, host: '127.0.0.1' });
    socket.end(bytes);
    await once(socket.resume(), 'close');
  }
  const distrusting = await dialTls(port.port, { rejectUnauthorized: true, servername: 'a.example' });
  assert.match(distrusting.error ?? '', /UNABLE_TO_VERIFY|SELF_SIGNED/);
  while (port.refused.length < 2) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(port.counters.failures.client_closed, 2);
});

test('a certificate that cannot be used takes down its own listener only', async () => {
  const good = await mintCertificate('ns/good', ['good.example']);
  const other = await mintCertificate('ns/other', ['bad.example']);
  const bad: Certificate = { ...other, id: certificateId('ns/bad'), keyPem: good.keyPem };
  const broken: Certificate = {
    id: certificateId('ns/broken'),
    certificatePem: 'no certificate',
    keyPem: new Redacted('no key'),
    ocspResponse: null,
  };
  const listeners = [
    httpsListener('good.example', [good]),
    httpsListener('bad.example', [bad]),
    httpsListener('broken.example', [broken]),
    httpsListener('none.example', []),
    httpsListener('mixed.example', [broken, good]),
  ];
  const port = await start(listeners, [good, bad, broken]);
  for (const servername of ['bad.example', 'broken.example', 'none.example']) {
    const { error } = await dialTls(port.port, { servername });
    assert.match(error ?? '', /ALERT_INTERNAL_ERROR/, servername);
  }
  for (const servername of ['good.example', 'mixed.example']) {
    const { socket, error } = await dialTls(port.port, { servername });
    assert.equal(error, null, servername);
    socket.destroy();
  }
  assert.equal(port.counters.failures.no_certificate, 3);
  assert.ok(!JSON.stringify(port.refused).includes(good.keyPem.reveal()));
});

test('UNRECOGNIZED_NAME is what the wire carries', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('a.example', [certificate])], [certificate]);
  const hello = records(helloMessage({ extensions: [serverNameExtension('b.example')] }));
  assert.deepEqual(await sendRaw(port.port, [hello]), UNRECOGNIZED_NAME);
});
