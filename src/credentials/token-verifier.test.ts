import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  confusedToken,
  jwkOf,
  jwksOf,
  signingKey,
  signToken,
  unsignedToken,
  type Claims,
  type SigningKey,
} from '../../test/support/token-issuer.ts';
import { parseJwkSet } from '../lib/jwk-set.ts';
import { KeySet, SIGNATURE_ALGORITHMS } from './key-set.ts';
import { MAX_TOKEN_LENGTH, claimedIssuer, verifyToken, type TokenRules } from './token-verifier.ts';

const NOW_S = 1_800_000_000;
const RULES: TokenRules = {
  issuer: 'https://id.example/',
  audiences: ['shop', 'office'],
  algorithms: ['RS256', 'ES256', 'EdDSA', 'PS256'],
  clockSkewMs: 30_000,
};
const CLAIMS = { iss: RULES.issuer, aud: 'shop', sub: 'ada', exp: NOW_S + 300 };
const KEY = signingKey('ES256', 'one');
const RSA = signingKey('RS256', 'rsa');

function keySet(jwks: string): KeySet {
  const parsed = parseJwkSet(jwks);
  if (!parsed.ok) throw new Error(parsed.failure);
  return new KeySet(parsed.value.keys);
}

async function verdict(
  token: string,
  { keys = keySet(jwksOf(KEY, RSA)), rules = {} }: { keys?: KeySet; rules?: Partial<TokenRules> } = {},
): Promise<string> {
  const result = await verifyToken(token, keys, { ...RULES, ...rules }, NOW_S * 1_000);
  return result.kind === 'invalid' ? result.why : result.kind;
}

const withClaims = (claims: Claims, key: SigningKey = KEY): string =>
  signToken(key, { ...CLAIMS, ...claims });

suite('tokens', () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'] as const) {
    test(`a token signed with ${alg} is valid until its end and the clock skew`, async () => {
      const key = signingKey(alg);
      const result = await verifyToken(signToken(key, CLAIMS), keySet(jwksOf(key)), RULES, NOW_S * 1_000);
      assert.equal(result.kind, 'valid');
      assert.equal(result.claims.sub, 'ada');
      assert.equal(result.validUntilMs, (NOW_S + 330) * 1_000);
    });
  }

  test('alg none is refused in every spelling, with and without a signature', async () => {
    const valid = signToken(KEY, CLAIMS);
    const signature = valid.slice(valid.lastIndexOf('.') + 1);
    assert.equal(await verdict(unsignedToken(CLAIMS)), 'malformed');
    assert.equal(await verdict(unsignedToken(CLAIMS, signature)), 'algorithm');
    for (const alg of ['None', 'NONE', '', null, undefined, ['ES256']]) {
      assert.notEqual(await verdict(signToken(KEY, CLAIMS, { alg })), 'valid', String(alg));
    }
  });

  test('a public key is never taken for the secret of an HMAC', async () => {
    const keys = keySet(jwksOf(RSA));
    for (const form of ['pem', 'der'] as const) {
      assert.equal(await verdict(confusedToken(RSA, CLAIMS, form), { keys }), 'algorithm');
    }
    assert.ok(!SIGNATURE_ALGORITHMS.some((algorithm) => algorithm.startsWith('HS')));
  });

  test('a key verifies only its own algorithm', async () => {
    const unbound = { ...jwkOf(RSA), alg: undefined };
    const bound = keySet(jwksOf(RSA));
    const open = keySet(JSON.stringify({ keys: [unbound] }));
    const pss = signToken({ ...RSA, alg: 'PS256' }, CLAIMS);
    assert.equal(await verdict(pss, { keys: bound }), 'unknown-key');
    assert.equal(await verdict(pss, { keys: open }), 'valid');
    assert.equal(await verdict(pss, { keys: open, rules: { algorithms: ['RS256'] } }), 'algorithm');
    assert.equal(await verdict(signToken(KEY, CLAIMS, { kid: 'rsa' })), 'unknown-key');
  });

  test('times count with the clock skew: expired, not yet valid', async () => {
    assert.equal(await verdict(withClaims({ exp: NOW_S - 29 })), 'valid');
    assert.equal(await verdict(withClaims({ exp: NOW_S - 31 })), 'expired');
    assert.equal(await verdict(withClaims({ nbf: NOW_S + 30 })), 'valid');
    assert.equal(await verdict(withClaims({ nbf: NOW_S + 31 })), 'not yet valid');
    assert.equal(await verdict(withClaims({ exp: 'tomorrow' })), 'claims');
  });

  test('issuer and audience are compared exactly', async () => {
    assert.equal(await verdict(withClaims({ iss: 'https://id.example' })), 'issuer');
    assert.equal(await verdict(withClaims({ iss: undefined })), 'issuer');
    assert.equal(await verdict(withClaims({ aud: 'other' })), 'audience');
    assert.equal(await verdict(withClaims({ aud: undefined })), 'audience');
    assert.equal(await verdict(withClaims({ aud: ['other', 'office'] })), 'valid');
    assert.equal(await verdict(withClaims({ aud: 'other' }), { rules: { audiences: [] } }), 'valid');
  });

  test('a changed payload, another key of the same name and a key from the token itself verify nothing', async () => {
    const [header, , signature] = signToken(KEY, CLAIMS).split('.');
    const payload = Buffer.from(JSON.stringify({ ...CLAIMS, sub: 'root' })).toString('base64url');
    assert.equal(await verdict(`${header ?? ''}.${payload}.${signature ?? ''}`), 'signature');
    const other = signingKey('ES256', 'one');
    assert.equal(await verdict(signToken(other, CLAIMS)), 'signature');
    assert.equal(await verdict(signToken(other, CLAIMS, { jwk: jwkOf(other) })), 'signature');
    assert.equal(
      await verdict(signToken(other, CLAIMS, { kid: 'x', jku: 'http://evil.example/' })),
      'unknown-key',
    );
  });

  test('extensions that are critical and unknown are refused', async () => {
    assert.equal(await verdict(signToken(KEY, CLAIMS, { crit: ['exp'], exp: 1 })), 'malformed');
  });

  test('a token without kid is tried with every key that fits', async () => {
    const other = signingKey('ES256', 'two');
    const token = signToken(other, CLAIMS, { kid: undefined });
    assert.equal(await verdict(token, { keys: keySet(jwksOf(KEY, other)) }), 'valid');
    assert.equal(await verdict(token, { keys: keySet(jwksOf(KEY)) }), 'signature');
  });

  test('what is no token is refused without effort', async () => {
    const long = withClaims({ pad: 'x'.repeat(MAX_TOKEN_LENGTH) });
    const headers = ['{}', '[]', 'null', '"a"', '{"alg":"ES256","kid":7}', '{'];
    const odd = headers.map((header) => `${Buffer.from(header).toString('base64url')}.e30.AAAA`);
    for (const token of ['', '.', '..', 'a.b', 'a.b.c.d', `${'A'.repeat(20_000)}.a.a`, long, ...odd]) {
      const found = await verdict(token);
      assert.ok(found === 'malformed' || found === 'algorithm', `${token.slice(0, 40)}: ${found}`);
    }
  });

  test('RSA keys below 2048 bits verify nothing', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const weak: SigningKey = {
      kid: 'weak',
      alg: 'RS256',
      ...generateKeyPairSync('rsa', { modulusLength: 1_024 }),
    };
    assert.equal(await verdict(signToken(weak, CLAIMS), { keys: keySet(jwksOf(weak)) }), 'signature');
  });

  test('the issuer can be read before anything is verified', () => {
    assert.equal(claimedIssuer(signToken(KEY, CLAIMS)), RULES.issuer);
    for (const token of ['', 'a.b.c', signToken(KEY, { iss: 7 })]) assert.equal(claimedIssuer(token), null);
  });
});
