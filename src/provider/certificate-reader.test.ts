import assert from 'node:assert/strict';
import { createPrivateKey } from 'node:crypto';
import test from 'node:test';
import { mint, mintExpired, testAuthority } from '../../test/support/certificates.ts';
import { createCertificateReader, readCertificate, validateCaBundle } from './certificate-reader.ts';

function refusal(certificatePem: string, keyPem: string): string {
  const reading = readCertificate(certificatePem, keyPem);
  return reading.ok ? assert.fail('the pair was accepted') : reading.message;
}

test('reads the names, in lower case, and the end of validity', async () => {
  for (const keyType of ['ecdsa', 'rsa'] as const) {
    const notAfter = new Date('2040-01-02T03:04:05Z');
    const pair = await mint(['Shop.Example', '*.shop.example', '10.0.0.1'], { keyType, notAfter });
    assert.deepEqual(readCertificate(pair.certificatePem, pair.keyPem), {
      ok: true,
      names: ['shop.example', '*.shop.example'],
      notAfterMs: notAfter.getTime(),
    });
  }
});

test('an expired certificate is read: whether it still serves is not for the reader to say', async () => {
  const pair = await mintExpired(['a.example']);
  const reading = readCertificate(pair.certificatePem, pair.keyPem);
  assert.ok(reading.ok && reading.notAfterMs < Date.now());
});

test('the common name counts only where there is no DNS name', async () => {
  const pair = await mint([], { uris: ['spiffe://a.example/x'] });
  const reading = readCertificate(pair.certificatePem, pair.keyPem);
  assert.deepEqual(reading.ok && reading.names, []);
});

test('a key of another certificate is refused', async () => {
  const [one, other] = [await mint(['a.example']), await mint(['b.example'], { keyType: 'rsa' })];
  assert.match(refusal(one.certificatePem, other.keyPem), /does not belong to the certificate/);
});

test('a chain with the leaf last says where the leaf is', async () => {
  const pair = await mint(['a.example']);
  const authority = await testAuthority();
  const reversed = authority.certificatePem + pair.certificatePem;
  assert.match(refusal(reversed, pair.keyPem), /belongs to certificate 2 of the chain/);
  assert.equal(readCertificate(pair.certificatePem + authority.certificatePem, pair.keyPem).ok, true);
});

test('text that is no PEM, or PEM of nothing, is refused with what is wrong', async () => {
  const pair = await mint(['a.example']);
  assert.match(refusal('', pair.keyPem), /certificate has no "-----BEGIN CERTIFICATE-----" block/);
  assert.match(refusal('hello', pair.keyPem), /certificate has no/);
  const hollow = '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n';
  assert.match(refusal(hollow, pair.keyPem), /certificate cannot be parsed: /);
  assert.match(refusal(pair.certificatePem + hollow, pair.keyPem), /cannot be parsed in block 2/);
  assert.match(refusal(pair.certificatePem, ''), /key has no "-----BEGIN PRIVATE KEY-----" block/);
  assert.match(refusal(pair.certificatePem, pair.certificatePem), /key cannot be parsed/);
});

test('a key under a passphrase is refused, and no message quotes a key', async () => {
  const pair = await mint(['a.example']);
  const encrypted = createPrivateKey(pair.keyPem).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: 'secret',
  });
  assert.match(refusal(pair.certificatePem, String(encrypted)), /encrypted; store it without a passphrase/);
  const broken = pair.keyPem.replace(/^(.{40}).{20}/m, '$1');
  assert.ok(!refusal(pair.certificatePem, broken).includes(pair.keyPem.slice(40, 80)));
});

test('an RSA key that TLS clients no longer accept is refused', async () => {
  const pair = await mint(['a.example'], { keyType: 'rsa', modulusLength: 1024 });
  assert.match(refusal(pair.certificatePem, pair.keyPem), /too small; use RSA of at least 2048 bits/);
});

test('the remembering reader answers as the plain one, and forgets beyond its limit', async () => {
  const read = createCertificateReader(1);
  const [one, other] = [await mint(['a.example']), await mint(['b.example'])];
  const first = read(one.certificatePem, one.keyPem);
  assert.deepEqual(first, readCertificate(one.certificatePem, one.keyPem));
  assert.equal(read(one.certificatePem, one.keyPem), first);
  assert.equal(read(one.certificatePem, other.keyPem).ok, false);
  assert.notEqual(read(one.certificatePem, one.keyPem), first);
});

test('a CA bundle holds one certificate or more, all of them sound', async () => {
  const authority = await testAuthority();
  assert.equal(validateCaBundle(authority.certificatePem), null);
  assert.equal(validateCaBundle(authority.certificatePem.repeat(3)), null);
  assert.match(validateCaBundle('') ?? '', /has no "-----BEGIN CERTIFICATE-----" block/);
  const hollow = '-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n';
  assert.match(validateCaBundle(authority.certificatePem + hollow) ?? '', /in block 2/);
});
