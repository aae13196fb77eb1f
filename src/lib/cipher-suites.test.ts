import assert from 'node:assert/strict';
import test from 'node:test';
import { createSecureContext, getCiphers } from 'node:tls';
import { CIPHER_SUITES, openSslCipherSuite } from './cipher-suites.ts';

test('every suite is one that the TLS library knows, under the name it is given to it by', () => {
  const known = new Set(getCiphers());
  for (const suite of CIPHER_SUITES) {
    assert.ok(known.has(suite.toLowerCase()), suite);
    createSecureContext({ ciphers: suite, ca: [] });
  }
  assert.equal(CIPHER_SUITES.length, 3 + 7 + 7 + 6);
});

test('both names of a suite, in any case', () => {
  for (const name of ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 'ecdhe-rsa-aes128-gcm-sha256']) {
    assert.equal(openSslCipherSuite(name), 'ECDHE-RSA-AES128-GCM-SHA256');
  }
  const chacha = 'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256';
  assert.equal(openSslCipherSuite(chacha), 'ECDHE-ECDSA-CHACHA20-POLY1305');
  assert.equal(openSslCipherSuite('tls_aes_128_gcm_sha256'), 'TLS_AES_128_GCM_SHA256');
});

test('suites without a peer, a key or a future are not served', () => {
  const names = ['NULL-SHA256', 'ADH-AES128-GCM-SHA256', 'RC4-SHA', 'DES-CBC3-SHA', 'PSK-AES128-GCM-SHA256'];
  for (const name of [
    ...names,
    'DHE-RSA-AES128-GCM-SHA256',
    'HIGH',
    '!MD5',
    '',
    'TLS_RSA_WITH_CHACHA20_POLY1305_SHA256',
  ]) {
    assert.equal(openSslCipherSuite(name), null, name);
  }
});
