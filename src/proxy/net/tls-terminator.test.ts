import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, test } from 'node:test';
import tls from 'node:tls';
import { promisify } from 'node:util';
import {
  asCertificate,
  mint,
  mintCertificate,
  mintExpired,
  strangerAuthority,
  testAuthority,
} from '../../../test/support/certificates.ts';
import { dialTls, exchange, type DialResult } from '../../../test/support/tls-client.ts';
import { httpsListener, startTlsPort, type TestTlsPort } from '../../../test/support/tls-listener.ts';
import type { Certificate, ClientValidation } from '../../ir/tls.ts';
import { TlsTerminator } from './tls-terminator.ts';
import { TICKET_EPOCH_MS } from './tls-tickets.ts';

const ports: TestTlsPort[] = [];
after(async () => {
  for (const port of ports) await port.close();
});

async function start(...parameters: Parameters<typeof startTlsPort>): Promise<TestTlsPort> {
  const port = await startTlsPort(...parameters);
  ports.push(port);
  return port;
}

/** Dials, proves that bytes flow, and closes. */
async function probe(port: TestTlsPort, options: tls.ConnectionOptions = {}): Promise<DialResult> {
  const result = await dialTls(port.port, options);
  if (result.error === null) assert.equal(await exchange(result.socket, 'ping'), 'ping');
  result.socket.destroy();
  return result;
}

/** The session that the server gives out with the first bytes. */
async function sessionOf(port: TestTlsPort, options: tls.ConnectionOptions): Promise<Buffer> {
  const { socket, error } = await dialTls(port.port, options);
  assert.equal(error, null);
  const session = options.maxVersion === 'TLSv1.2' ? null : once(socket, 'session');
  assert.equal(await exchange(socket, 'ping'), 'ping');
  const bytes = session === null ? socket.getSession() : ((await session)[0] as Buffer);
  socket.destroy();
  assert.ok(bytes);
  return bytes;
}

async function resumes(port: TestTlsPort, session: Buffer, options: tls.ConnectionOptions): Promise<boolean> {
  const { socket, error } = await dialTls(port.port, { ...options, session });
  assert.equal(error, null);
  const isReused = socket.isSessionReused();
  await exchange(socket, 'ping');
  socket.destroy();
  return isReused;
}

test('RSA and ECDSA together: each client gets the one it can verify', async () => {
  const certificates = [
    await mintCertificate('ns/rsa', ['a.example'], { keyType: 'rsa' }),
    await mintCertificate('ns/ecdsa', ['a.example'], { keyType: 'ecdsa' }),
  ];
  const port = await start([httpsListener('', certificates)], certificates);
  const keyBits = async (sigalgs: string): Promise<string> => {
    const { socket, error } = await dialTls(port.port, { servername: 'a.example', sigalgs });
    assert.equal(error, null);
    const { asn1Curve, bits } = socket.getPeerCertificate();
    await exchange(socket, 'x');
    socket.destroy();
    return asn1Curve ?? String(bits);
  };
  assert.equal(await keyBits('rsa_pss_rsae_sha256:RSA+SHA256'), '2048');
  assert.equal(await keyBits('ecdsa_secp256r1_sha256'), 'prime256v1');
});

test('several certificates of one kind: the one that carries the name, then the first', async () => {
  const certificates = await Promise.all(
    ['one.example', '*.two.example', 'x.two.example'].map((name) => mintCertificate(`ns/${name}`, [name])),
  );
  const port = await start([httpsListener('', certificates)], certificates);
  const shown = async (options: tls.ConnectionOptions): Promise<string | undefined> => {
    const { socket } = await dialTls(port.port, options);
    const { subjectaltname } = socket.getPeerCertificate();
    await exchange(socket, 'x');
    socket.destroy();
    return subjectaltname;
  };
  assert.equal(await shown({ servername: 'one.example' }), 'DNS:one.example');
  assert.equal(await shown({ servername: 'y.two.example' }), 'DNS:*.two.example');
  assert.equal(await shown({ servername: 'x.two.example' }), 'DNS:x.two.example');
  assert.equal(await shown({ servername: 'z.y.two.example' }), 'DNS:one.example');
  assert.equal(await shown({}), 'DNS:one.example');
});

test('versions: TLS 1.2 and 1.3 by default, bounds where they are asked for', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const listeners = [
    httpsListener('any.example', [certificate]),
    httpsListener('new.example', [certificate], { minVersion: 'TLSv1.3' }),
    httpsListener('old.example', [certificate], { maxVersion: 'TLSv1.2' }),
  ];
  const port = await start(listeners, [certificate]);
  const outcome = async (servername: string, version: tls.SecureVersion): Promise<boolean> => {
    const legacy = { minVersion: version, maxVersion: version, ciphers: 'DEFAULT@SECLEVEL=0' };
    return (await probe(port, { servername, ...legacy })).error === null;
  };
  assert.equal(await outcome('any.example', 'TLSv1.1'), false);
  assert.equal(await outcome('any.example', 'TLSv1.2'), true);
  assert.equal(await outcome('any.example', 'TLSv1.3'), true);
  assert.equal(await outcome('new.example', 'TLSv1.2'), false);
  assert.equal(await outcome('old.example', 'TLSv1.3'), false);
  assert.equal(await outcome('old.example', 'TLSv1.2'), true);
  assert.deepEqual(port.counters.failures, { protocol_version: 3 });
});

test('cipher suites: forward secrecy and AEAD by default, a list where it is asked for', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example'], { keyType: 'rsa' });
  const listeners = [
    httpsListener('default.example', [certificate]),
    httpsListener('one.example', [certificate], { cipherSuites: ['ECDHE-RSA-AES256-GCM-SHA384'] }),
  ];
  const port = await start(listeners, [certificate]);
  const suite = async (servername: string, ciphers: string): Promise<string> => {
    const { socket, error } = await dialTls(port.port, { servername, ciphers, maxVersion: 'TLSv1.2' });
    if (error !== null) return error;
    const { name } = socket.getCipher();
    socket.destroy();
    return name;
  };
  for (const weak of ['AES128-GCM-SHA256', 'ECDHE-RSA-AES128-SHA256', 'DHE-RSA-AES128-GCM-SHA256']) {
    assert.match(await suite('default.example', weak), /HANDSHAKE_FAILURE/, weak);
  }
  const both = 'ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384';
  assert.equal(await suite('default.example', both), 'ECDHE-RSA-AES128-GCM-SHA256');
  assert.equal(await suite('one.example', both), 'ECDHE-RSA-AES256-GCM-SHA384');
  assert.equal(port.counters.failures.no_shared_cipher, 3);
});

test('key exchange: post-quantum hybrid where the client has it, X25519 and P-256 elsewhere', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate])], [certificate]);
  for (const ecdhCurve of ['X25519MLKEM768', 'X25519', 'P-256']) {
    assert.equal((await probe(port, { ecdhCurve })).error, null, ecdhCurve);
  }
});

test('application protocols: no common one ends the handshake, no wish does not', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate], { alpn: ['http/1.1'] })], [certificate]);
  const both = await probe(port, { ALPNProtocols: ['h2', 'http/1.1'] });
  assert.equal(both.socket.alpnProtocol, 'http/1.1');
  const none = await probe(port);
  assert.equal(none.error, null);
  const other = await probe(port, { ALPNProtocols: ['spdy/1'] });
  assert.match(other.error ?? '', /NO_APPLICATION_PROTOCOL/);
  assert.equal(port.counters.failures.no_application_protocol, 1);
  assert.deepEqual(
    port.accepted.map((connection) => connection.kind === 'https' && connection.applicationProtocol),
    ['http/1.1', null],
  );
});

for (const maxVersion of ['TLSv1.3', 'TLSv1.2'] as const) {
  test(`${maxVersion} sessions resume after a reload, at another worker, and with a renewed certificate`, async () => {
    const options: tls.ConnectionOptions = { servername: 'a.example', maxVersion };
    const secret = Buffer.alloc(32, 9);
    const before = await mintCertificate('ns/a', ['a.example']);
    const renewed = await mintCertificate('ns/a', ['a.example']);
    const port = await start([httpsListener('a.example', [before])], [before], { ticketSecret: secret });
    const session = await sessionOf(port, options);
    assert.equal(await resumes(port, session, options), true);
    port.apply([httpsListener('a.example', [renewed])], [renewed]);
    assert.equal(await resumes(port, session, options), true);
    const otherWorker = await start([httpsListener('a.example', [renewed])], [renewed], {
      ticketSecret: secret,
    });
    assert.equal(await resumes(otherWorker, session, options), true);
    assert.equal(otherWorker.counters.resumed, 1);
    const stranger = await start([httpsListener('a.example', [renewed])], [renewed], {
      ticketSecret: Buffer.alloc(32, 10),
    });
    assert.equal(await resumes(stranger, session, options), false);
  });

  test(`${maxVersion} sessions do not cross listeners: what one verified the other may not have`, async () => {
    const certificate = await mintCertificate('ns/a', ['a.example', 'b.example']);
    const { certificatePem: caPem } = await testAuthority();
    const clientValidation: ClientValidation = { caPem, mode: 'optional' };
    const listeners = [
      httpsListener('a.example', [certificate]),
      httpsListener('b.example', [certificate], { clientValidation }),
    ];
    const port = await start(listeners, [certificate]);
    const session = await sessionOf(port, { servername: 'a.example', maxVersion });
    assert.equal(await resumes(port, session, { servername: 'b.example', maxVersion }), false);
    // The same listener that begins to ask for certificates is another domain too.
    port.apply([httpsListener('a.example', [certificate], { clientValidation })], [certificate]);
    assert.equal(await resumes(port, session, { servername: 'a.example', maxVersion }), false);
  });
}

test('ticket keys change with the epoch, on live contexts', async () => {
  let nowMs = 1_000 * TICKET_EPOCH_MS;
  const terminator = new TlsTerminator(Buffer.alloc(32, 3), () => nowMs);
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [certificate])], [certificate], { terminator });
  const session = await sessionOf(port, {});
  nowMs += TICKET_EPOCH_MS - 1;
  assert.equal(await resumes(port, session, {}), true);
  nowMs += 1;
  assert.equal(await resumes(port, session, {}), false);
  assert.equal(terminator.contexts, 1);
});

test('client certificates: required means valid, optional means whatever comes', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const authority = await testAuthority();
  const client = async (
    leaf: Promise<{ certificatePem: string; keyPem: string }>,
  ): Promise<tls.ConnectionOptions> => {
    const { certificatePem: cert, keyPem: key } = await leaf;
    return { cert, key };
  };
  const clients = {
    valid: await client(mint(['client.example'], { usage: 'client' })),
    absent: {},
    stranger: await client(
      mint(['client.example'], { usage: 'client', authority: await strangerAuthority() }),
    ),
    expired: await client(mintExpired(['client.example'], { usage: 'client' })),
    wrongUsage: await client(mint(['client.example'], { usage: 'server' })),
  };
  const outcome = async (mode: ClientValidation['mode'], maxVersion: tls.SecureVersion): Promise<object> => {
    const clientValidation = { caPem: authority.certificatePem, mode };
    const port = await start([httpsListener('', [certificate], { clientValidation })], [certificate]);
    const served: string[] = [];
    for (const [name, options] of Object.entries(clients)) {
      const { socket, error } = await dialTls(port.port, { ...options, maxVersion });
      // In TLS 1.3 the client is done before the server has verified it: only a response tells.
      if (error === null && (await exchange(socket, 'ping')) === 'ping') served.push(name);
      socket.destroy();
    }
    return { served, failures: { ...port.counters.failures } };
  };
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    assert.deepEqual(await outcome('required', version), {
      served: ['valid'],
      failures: { client_certificate_missing: 1, client_certificate_invalid: 3 },
    });
    assert.deepEqual(await outcome('optional', version), { served: Object.keys(clients), failures: {} });
  }
});

test('authorities that cannot be read admit no client', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const { certificatePem: cert, keyPem: key } = await mint(['client.example'], { usage: 'client' });
  for (const caPem of ['', 'no certificate']) {
    const clientValidation: ClientValidation = { caPem, mode: 'required' };
    const port = await start([httpsListener('', [certificate], { clientValidation })], [certificate]);
    const { socket, error } = await dialTls(port.port, { cert, key });
    if (error === null) assert.match(await exchange(socket, 'ping'), /^closed/);
    assert.deepEqual(port.accepted, []);
  }
});

test('a resumed session does not get around a certificate that is demanded', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const { certificatePem: caPem } = await testAuthority();
  const { certificatePem: cert, keyPem: key } = await mint(['client.example'], { usage: 'client' });
  const clientValidation: ClientValidation = { caPem, mode: 'required' };
  const port = await start([httpsListener('', [certificate], { clientValidation })], [certificate]);
  const session = await sessionOf(port, { cert, key });
  assert.equal(await resumes(port, session, { cert, key }), true);
  const stranger = await strangerAuthority();
  const other = { ...clientValidation, caPem: stranger.certificatePem };
  port.apply([httpsListener('', [certificate], { clientValidation: other })], [certificate]);
  const { socket } = await dialTls(port.port, { cert, key, session });
  assert.match(await exchange(socket, 'ping'), /^closed/);
});

test('OCSP: a response that came with the certificate is stapled, one of several is not', async () => {
  const response = Buffer.from('an answer of the authority, passed on as it is');
  const stapled = async (listener: string, certificates: readonly Certificate[]): Promise<Buffer | null> => {
    const port = await start([httpsListener(listener, certificates)], certificates);
    const socket = tls.connect({
      port: port.port,
      host: '127.0.0.1',
      requestOCSP: true,
      rejectUnauthorized: false,
    });
    let received: Buffer | null = null;
    socket.once('OCSPResponse', (bytes: Buffer | null) => (received = bytes));
    await once(socket, 'secureConnect');
    socket.destroy();
    return received;
  };
  const ocspResponse = response.toString('base64');
  const ecdsa: Certificate = { ...asCertificate('ns/a', await mint(['a.example'])), ocspResponse };
  const rsa = await mintCertificate('ns/b', ['a.example'], { keyType: 'rsa' });
  assert.deepEqual(await stapled('', [ecdsa]), response);
  assert.equal(await stapled('', [ecdsa, rsa]), null);
  assert.equal(await stapled('', [rsa]), null);
});

test('a change of certificates breaks no connection and no handshake', async () => {
  const first = await mintCertificate('ns/a', ['a.example']);
  const port = await start([httpsListener('', [first])], [first]);
  const old = await dialTls(port.port);
  assert.equal(await exchange(old.socket, 'before'), 'before');
  let failed = 0;
  for (let round = 0; round < 10; round++) {
    const next = await mintCertificate('ns/a', ['a.example']);
    port.apply([httpsListener('', [next])], [next]);
    const results = await Promise.all([probe(port), probe(port), probe(port)]);
    failed += results.filter(({ error }) => error !== null).length;
  }
  assert.equal(failed, 0);
  old.socket.removeAllListeners('data');
  assert.equal(await exchange(old.socket, 'after'), 'after');
  old.socket.destroy();
});

test('thousands of certificates cost a context only for those in use', async () => {
  const certificate = await mintCertificate('ns/a', ['a.example']);
  const listeners = Array.from({ length: 5_000 }, (_, index) =>
    httpsListener(`h${index}.example`, [certificate]),
  );
  const port = await start(listeners, [certificate]);
  for (const index of [0, 2_500, 4_999]) {
    assert.equal((await probe(port, { servername: `h${index}.example` })).error, null);
  }
  assert.equal(port.terminator.contexts, 3);
  assert.equal((await probe(port, { servername: 'h5000.example' })).error?.includes('UNRECOGNIZED'), true);
});

const openssl = await promisify(execFile)('openssl', ['version']).then(
  () => true,
  () => false,
);

test(
  'a client cannot make the server renegotiate',
  { skip: !openssl && 'openssl is not installed' },
  async () => {
    const certificate = await mintCertificate('ns/a', ['a.example']);
    const port = await start([httpsListener('', [certificate])], [certificate]);
    const flags = ['s_client', '-connect', `127.0.0.1:${port.port}`, '-tls1_2'];
    const client = spawn('openssl', flags, { timeout: 20_000 });
    let output = '';
    client.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    client.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const closed = once(client, 'close');
    while (!output.includes('Verify return code')) {
      await Promise.race([once(client.stdout, 'data'), closed]);
      assert.equal(client.exitCode, null, output);
    }
    client.stdin.write('R\n');
    await closed;
    assert.match(output, /RENEGOTIATING[^]*no renegotiation/);
    assert.equal(port.counters.handshakes, 1);
  },
);
