/** Tokens of a real identity provider, whose keys are found by OpenID Connect Discovery. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { authLab, reasonOf, seenBy, type AuthLab } from '../../../../test/support/auth-lab.ts';
import { authCheck, jwt, keySet } from '../../../../test/support/auth-policy.ts';
import { IdentityProvider } from '../../../../test/support/identity-provider.ts';
import { signingKey, type KeyAlgorithm } from '../../../../test/support/token-issuer.ts';

const lab = (t: TestContext, { issuer }: IdentityProvider): Promise<AuthLab> =>
  authLab(t, {
    checks: [authCheck([jwt({ issuer, claimFields: [{ claim: 'client_id', field: 'X-User' }] })])],
    keySets: [keySet({ kind: 'discovery', issuer })],
  });

const bearer = (token: string): [string, string] => ['authorization', `Bearer ${token}`];

suite('a real identity provider', () => {
  for (const alg of ['RS256', 'PS256', 'ES256', 'EdDSA'] as const satisfies readonly KeyAlgorithm[]) {
    test(`signs with ${alg}`, async (t) => {
      const provider = await IdentityProvider.start(t, signingKey(alg));
      const { ask } = await lab(t, provider);
      const received = await ask([bearer(await provider.accessToken())]);
      assert.equal(received.status, 200);
      assert.deepEqual(seenBy(received, 'x-user'), ['app']);
    });
  }

  test('rotates its keys, and goes away: no valid token is refused', async (t) => {
    const [first, second] = [signingKey('ES256', 'first'), signingKey('ES256', 'second')];
    const provider = await IdentityProvider.start(t, first);
    const { ask } = await lab(t, provider);
    const old = await provider.accessToken();
    assert.equal((await ask([bearer(old)])).status, 200);
    provider.rotate(second, first);
    const tokens = await Promise.all(Array.from({ length: 20 }, () => provider.accessToken()));
    const received = await Promise.all([old, ...tokens].map((token) => ask([bearer(token)])));
    assert.deepEqual(new Set(received.map(({ status }) => status)), new Set([200]));
    const unseen = await provider.accessToken();
    await provider.stop();
    for (const token of [old, unseen]) assert.equal((await ask([bearer(token)])).status, 200);
  });

  test('withdraws a key: its tokens are refused once the key set is fetched again', async (t) => {
    const [first, second] = [signingKey('ES256', 'first'), signingKey('ES256', 'second')];
    const provider = await IdentityProvider.start(t, first);
    const { ask } = await lab(t, provider);
    const old = await provider.accessToken();
    assert.equal((await ask([bearer(old)])).status, 200);
    provider.rotate(second);
    assert.equal((await ask([bearer(await provider.accessToken())])).status, 200);
    assert.equal(reasonOf(await ask([bearer(old)])), 'auth_invalid');
  });

  test('clocks that differ: tokens count from 30 s before to 30 s after their times', async (t) => {
    const provider = await IdentityProvider.start(t, signingKey('ES256'));
    const { ask } = await lab(t, provider);
    const token = bearer(await provider.accessToken());
    assert.equal((await ask([token])).status, 200);
    const now = Date.now();
    t.mock.timers.enable({ apis: ['Date'], now });
    for (const [differenceMs, status] of [
      [300_000 + 25_000, 200],
      [300_000 + 35_000, 401],
    ] as const) {
      t.mock.timers.setTime(now + differenceMs);
      assert.equal((await ask([token])).status, status, String(differenceMs));
    }
  });
});
