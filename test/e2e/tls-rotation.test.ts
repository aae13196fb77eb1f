/** Promises about certificates under load: none fails a handshake, whichever of the workers a client meets. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type tls from 'node:tls';
import { writeCertificate } from '../../src/certificates/certificate-files.ts';
import { copyExample } from '../support/example.ts';
import { startSluice } from '../support/sluice-process.ts';
import { dialTls, exchange } from '../support/tls-client.ts';

const ROTATIONS = 5;
const REQUEST = 'GET / HTTP/1.1\r\nHost: shop.example\r\n\r\n';

/** What `sluice cert shop.example --force` writes. */
async function makeCertificate(folder: string): Promise<string> {
  const { certificate } = await writeCertificate({
    names: ['shop.example'],
    folder: join(folder, 'certs'),
    days: 1,
    keyType: 'ecdsa',
    usage: 'server',
    namespace: 'default',
    secretName: 'shop-example-tls',
    replace: true,
  });
  return new X509Certificate(readFileSync(certificate)).serialNumber;
}

/** The serial number of the certificate shown; throws when the handshake or the answer fails. */
async function visit(port: number, ca: string): Promise<string> {
  const options: tls.ConnectionOptions = { servername: 'shop.example', ca, rejectUnauthorized: true };
  const { socket, error } = await dialTls(port, options);
  assert.equal(error, null);
  const serial = socket.getPeerX509Certificate()?.serialNumber ?? '';
  assert.match(await exchange(socket, REQUEST), /^HTTP\/1\.1 200/);
  socket.destroy();
  return serial;
}

test('rotating a certificate under load fails no handshake and no request', async (t) => {
  const folder = copyExample(t, '15-https-redirect');
  const first = await makeCertificate(folder);
  const sluice = await startSluice({ paths: [folder], args: ['--echo'], workers: 2 });
  t.after(() => sluice.stop());
  const port = sluice.port(443);
  const ca = readFileSync(join(folder, 'certs', 'ca.crt'), 'utf8');

  // One client stays connected all the time.
  const { socket: connection } = await dialTls(port, { servername: 'shop.example' });
  const ask = async (socket: tls.TLSSocket): Promise<void> => {
    assert.match(await exchange(socket, REQUEST), /^HTTP\/1\.1 200/);
  };
  let isOver = false;
  const failures: unknown[] = [];
  let visits = 0;
  const load = Array.from({ length: 4 }, async () => {
    while (!isOver) {
      await visit(port, ca).catch((error: unknown) => failures.push(error));
      visits++;
    }
  });
  const seen = [first];
  for (let round = 0; round < ROTATIONS; round++) {
    const serial = await makeCertificate(folder);
    seen.push(serial);
    while ((await visit(port, ca)) !== serial) await ask(connection);
    await ask(connection);
  }
  isOver = true;
  await Promise.all(load);
  assert.deepEqual(failures, []);
  assert.ok(visits > ROTATIONS);
  assert.equal(new Set(seen).size, ROTATIONS + 1);
  connection.destroy();
});

test('a TLS session is resumed at whichever worker the client meets', async (t) => {
  const folder = copyExample(t, '15-https-redirect');
  await makeCertificate(folder);
  const sluice = await startSluice({ paths: [folder], args: ['--echo'], workers: 2 });
  t.after(() => sluice.stop());
  const options: tls.ConnectionOptions = { servername: 'shop.example', maxVersion: 'TLSv1.2' };
  const { socket } = await dialTls(sluice.port(443), options);
  const session = socket.getSession();
  assert.ok(session);
  socket.destroy();
  // The kernel spreads connections over the workers: of twenty some meet the one that did not make the session.
  for (let index = 0; index < 20; index++) {
    const again = await dialTls(sluice.port(443), { ...options, session });
    assert.equal(again.error, null);
    assert.equal(again.socket.isSessionReused(), true);
    again.socket.destroy();
  }
});
