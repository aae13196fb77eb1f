import assert from 'node:assert/strict';
import { X509Certificate, createPrivateKey } from 'node:crypto';
import test from 'node:test';
import { createAuthority, issueCertificate, loadAuthority } from './dev-certificates.ts';

test('a leaf verifies against its authority, carries its names and fits its key', async () => {
  const authority = await createAuthority({ commonName: 'Test authority' });
  for (const keyType of ['ecdsa', 'rsa'] as const) {
    const leaf = await issueCertificate(authority, {
      names: ['shop.example', '*.shop.example', '127.0.0.1', '::1'],
      uris: ['spiffe://shop.example/api'],
      keyType,
    });
    const certificate = new X509Certificate(leaf.certificatePem);
    const issuer = new X509Certificate(authority.certificatePem);
    assert.ok(certificate.checkIssued(issuer));
    assert.ok(certificate.verify(issuer.publicKey));
    assert.ok(certificate.checkPrivateKey(createPrivateKey(leaf.keyPem)));
    assert.equal(certificate.publicKey.asymmetricKeyType, keyType === 'ecdsa' ? 'ec' : 'rsa');
    assert.equal(certificate.ca, false);
    assert.equal(certificate.checkHost('shop.example'), 'shop.example');
    assert.equal(certificate.checkHost('a.shop.example'), '*.shop.example');
    assert.equal(certificate.checkIP('127.0.0.1'), '127.0.0.1');
    assert.equal(certificate.checkIP('::1'), '::1');
    assert.match(certificate.subjectAltName ?? '', /URI:spiffe:\/\/shop\.example\/api/);
  }
});

test('an authority that was written and read back signs the same chain', async () => {
  const authority = await createAuthority({ commonName: 'Test authority', keyType: 'rsa' });
  const again = await loadAuthority({
    certificatePem: authority.certificatePem,
    keyPem: authority.keyPem,
  });
  const leaf = await issueCertificate(again, { names: ['a.example'] });
  const certificate = new X509Certificate(leaf.certificatePem);
  assert.ok(certificate.verify(new X509Certificate(authority.certificatePem).publicKey));
});

test('a leaf is refused as an authority', async () => {
  const authority = await createAuthority({ commonName: 'Test authority' });
  const leaf = await issueCertificate(authority, { names: ['a.example'] });
  await assert.rejects(loadAuthority(leaf), /not a CA certificate/);
});

test('a name that is too long for a common name is in subjectAltName alone', async () => {
  const authority = await createAuthority({ commonName: 'Test authority' });
  const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.example`;
  const certificate = new X509Certificate(
    (await issueCertificate(authority, { names: [name] })).certificatePem,
  );
  assert.equal(certificate.checkHost(name, { subject: 'never' }), name);
});
