import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { jwkOf, signingKey } from '../../test/support/token-issuer.ts';
import { parseJwkSet } from './jwk-set.ts';

const KEY = signingKey('ES256', 'one');
const RSA = signingKey('RS256', 'two');
const parse = (keys: unknown): ReturnType<typeof parseJwkSet> => parseJwkSet(JSON.stringify({ keys }));

suite('JSON Web Key Sets', () => {
  test('keys for signatures are read, those for other purposes are left out', () => {
    const encryption = { ...jwkOf(RSA), use: 'enc' };
    const signing = { ...jwkOf(RSA), key_ops: ['sign'] };
    const result = parse([jwkOf(KEY), encryption, signing, { kty: 'OKP', crv: 'X25519', x: 'AA' }, null, 7]);
    assert.deepEqual(result.ok && result.value.keys.map(({ kid }) => kid), ['one']);
  });

  test('private members are dropped and reported', () => {
    const result = parse([{ ...KEY.privateKey.export({ format: 'jwk' }), kid: 'one' }]);
    assert.ok(result.ok && result.value.hasSecretKeys);
    assert.ok(!JSON.stringify(result.value.keys).includes('"d"'));
    const symmetric = parse([{ kty: 'oct', k: 'c2VjcmV0', kid: 'x' }, jwkOf(KEY)]);
    assert.ok(symmetric.ok && symmetric.value.hasSecretKeys && symmetric.value.keys.length === 1);
  });

  test('what is no key set fails with a reason', () => {
    for (const text of ['', '[]', '{}', '{"keys":{}}', '{"keys":[]}', '{"keys":[{"kty":"oct","k":"AA"}]}']) {
      assert.equal(parseJwkSet(text).ok, false, text);
    }
  });
});
