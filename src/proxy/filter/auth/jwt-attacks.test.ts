import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { authLab, reasonOf, seenBy, valuesOf, type AuthLab } from '../../../../test/support/auth-lab.ts';
import { authCheck, ISSUER, jwt, keySet } from '../../../../test/support/auth-policy.ts';
import { KeyServer } from '../../../../test/support/key-server.ts';
import {
  confusedToken,
  jwksOf,
  signingKey,
  signToken,
  unsignedToken,
  type Claims,
} from '../../../../test/support/token-issuer.ts';
import type { JwtMethod } from '../../../ir/auth.ts';

const KEY = signingKey('ES256', 'one');
const RSA = signingKey('RS256', 'rsa');
const nowS = (): number => Math.floor(Date.now() / 1_000);
const claims = (more: Claims = {}): Claims => ({
  iss: ISSUER,
  aud: 'shop',
  sub: 'ada',
  exp: nowS() + 300,
  ...more,
});
const bearer = (token: string): [string, string] => ['authorization', `Bearer ${token}`];

const inline = (...keys: (typeof KEY)[]): ReturnType<typeof keySet> =>
  keySet({ kind: 'inline', jwks: jwksOf(...keys) });

const lab = (t: TestContext, method: Partial<JwtMethod> = {}): Promise<AuthLab> =>
  authLab(t, { checks: [authCheck([jwt(method)])], keySets: [inline(KEY, RSA)] });

suite('tokens over real connections', () => {
  for (const version of ['HTTP/1.1', 'HTTP/2'] as const) {
    test(`a valid token passes, first verified and then cached, over ${version}`, async (t) => {
      const { ask, proxy } = await lab(t);
      const token = signToken(KEY, claims());
      for (let count = 0; count < 3; count += 1) {
        const received = await ask([bearer(token)], {}, version);
        assert.equal(received.status, 200);
        assert.deepEqual(seenBy(received, 'x-user'), ['ada']);
        assert.deepEqual(seenBy(received, 'authorization'), [`Bearer ${token}`]);
      }
      assert.equal(proxy.records[0]?.user, 'ada');
    });

    test(`forged and unsuitable tokens get 401 with the error, over ${version}`, async (t) => {
      const { ask } = await lab(t);
      const [header = '', , signature = ''] = signToken(KEY, claims()).split('.');
      const otherPayload = Buffer.from(JSON.stringify(claims({ sub: 'root' }))).toString('base64url');
      const forged: readonly (readonly [string, RegExp])[] = [
        [unsignedToken(claims()), /malformed/],
        [unsignedToken(claims(), signature), /algorithm/],
        [confusedToken(RSA, claims(), 'pem'), /algorithm/],
        [confusedToken(RSA, claims(), 'der'), /algorithm/],
        [`${header}.${otherPayload}.${signature}`, /signature/],
        [signToken(signingKey('ES256', 'one'), claims()), /signature/],
        [signToken(KEY, claims({ exp: nowS() - 60 })), /expired/],
        [signToken(KEY, claims({ nbf: nowS() + 60 })), /not valid yet/],
        [signToken(KEY, claims({ iss: 'https://evil.example/' })), /issuer/],
        [signToken(KEY, claims({ aud: 'other' })), /audience/],
        [signToken(KEY, claims(), { kid: 'unknown' }), /key of the signature is unknown/],
        ['not-a-token', /malformed/],
      ];
      for (const [token, error] of forged) {
        const received = await ask([bearer(token)], {}, version);
        assert.equal(received.status, 401, token.slice(0, 60));
        assert.equal(reasonOf(received), 'auth_invalid');
        const [challenge = ''] = valuesOf(received, 'www-authenticate');
        assert.match(challenge, /^Bearer error="invalid_token", error_description="/);
        assert.match(challenge, error);
      }
      assert.equal(
        (await ask([bearer(signToken(KEY, claims({ exp: nowS() - 20 })))], {}, version)).status,
        200,
      );
    });

    test(`without a token a request gets 401 and a challenge, over ${version}`, async (t) => {
      const { ask } = await lab(t);
      for (const fields of [[], [['authorization', 'Basic YTpi']], [['authorization', 'Bearer']]] as [
        string,
        string,
      ][][]) {
        const received = await ask(fields, {}, version);
        assert.equal(received.status, 401);
        assert.equal(reasonOf(received), 'auth_required');
        assert.deepEqual(valuesOf(received, 'www-authenticate'), ['Bearer']);
      }
    });

    test(`two tokens in one request are refused, whichever of them is valid, over ${version}`, async (t) => {
      const { ask } = await lab(t);
      const valid = bearer(signToken(KEY, claims()));
      const other = bearer(unsignedToken(claims({ sub: 'root' })));
      for (const fields of [
        [valid, other],
        [other, valid],
        [valid, valid],
      ]) {
        assert.equal(reasonOf(await ask(fields, {}, version)), 'auth_invalid');
      }
    });
  }

  test('a token that is too long is refused before it is read', async (t) => {
    const { ask } = await lab(t);
    const received = await ask([bearer(signToken(KEY, claims({ pad: 'x'.repeat(20_000) })))]);
    assert.equal(reasonOf(received), 'auth_invalid');
    assert.match(valuesOf(received, 'www-authenticate')[0] ?? '', /malformed/);
  });

  test('the scheme is read in any case, and nothing else counts as a token', async (t) => {
    const { ask } = await lab(t);
    const token = signToken(KEY, claims());
    for (const value of [`bearer ${token}`, `BEARER  ${token}`]) {
      assert.equal((await ask([['authorization', value]])).status, 200, value);
    }
    for (const value of [token, `Bearer${token}`, `Token ${token}`, `Bearer ${token}, Bearer ${token}`]) {
      assert.equal((await ask([['authorization', value]])).status, 401, value.slice(0, 20));
    }
  });

  test('a cached token ends when it expires, and with the keys that verified it', async (t) => {
    const { ask, apply } = await lab(t, { clockSkewMs: 0 });
    const token = bearer(signToken(KEY, claims({ exp: nowS() + 300 })));
    assert.equal((await ask([token])).status, 200);
    await apply({
      checks: [authCheck([jwt({ clockSkewMs: 0 })])],
      keySets: [keySet({ kind: 'inline', jwks: jwksOf(RSA) }, 'other')],
    });
    await apply({
      checks: [
        authCheck([jwt({ clockSkewMs: 0, keySet: keySet({ kind: 'inline', jwks: '' }, 'other').id })]),
      ],
    });
    assert.equal(reasonOf(await ask([token])), 'auth_invalid');
    await apply({ checks: [authCheck([jwt({ clockSkewMs: 0 })])], keySets: [inline(KEY)] });
    assert.equal((await ask([token])).status, 200);
    t.mock.timers.enable({ apis: ['Date'], now: Date.now() + 301_000 });
    assert.equal(reasonOf(await ask([token])), 'auth_invalid');
  });

  test('claims: required ones, nested ones, lists, and none that could split a field', async (t) => {
    const { ask } = await lab(t, {
      requiredClaims: [
        { name: 'realm_access.roles', values: ['admin', 'editor'] },
        { name: 'email', values: [] },
      ],
      claimFields: [
        { claim: 'sub', field: 'X-User' },
        { claim: 'realm_access.roles', field: 'X-Groups' },
        { claim: 'absent', field: 'X-Client' },
      ],
    });
    const roles = (list: unknown): Claims => ({ realm_access: { roles: list }, email: 'a@b.example' });
    const accepted = await ask([bearer(signToken(KEY, claims(roles(['editor', 'a,admin', 7]))))]);
    assert.deepEqual(seenBy(accepted, 'x-groups'), ['editor,7']);
    assert.deepEqual(seenBy(accepted, 'x-client'), []);
    for (const refused of [
      roles(['user']),
      roles({ admin: true }),
      {},
      { ...roles('admin'), email: undefined },
    ]) {
      const received = await ask([bearer(signToken(KEY, claims(refused)))]);
      assert.match(valuesOf(received, 'www-authenticate')[0] ?? '', /lacks a required claim/);
    }
    const split = await ask([
      bearer(
        signToken(KEY, claims({ ...roles('admin'), sub: 'ada\r\nX-Admin: yes\r\n\r\nGET /admin HTTP/1.1' })),
      ),
    ]);
    assert.deepEqual(seenBy(split, 'x-admin'), []);
    assert.equal(seenBy(split, 'x-user').length, 1);
  });

  test('several issuers: each token goes to the method of its issuer', async (t) => {
    const other = signingKey('EdDSA', 'two');
    const { ask } = await authLab(t, {
      checks: [
        authCheck([
          jwt(),
          jwt({ issuer: 'https://two.example', keySet: keySet({ kind: 'inline', jwks: '' }, 'two').id }),
        ]),
      ],
      keySets: [inline(KEY), keySet({ kind: 'inline', jwks: jwksOf(other) }, 'two')],
    });
    const two = claims({ iss: 'https://two.example' });
    assert.equal((await ask([bearer(signToken(KEY, claims()))])).status, 200);
    assert.equal((await ask([bearer(signToken(other, two))])).status, 200);
    for (const token of [
      signToken(KEY, two),
      signToken(other, claims()),
      signToken(other, claims({ iss: 'x' })),
    ]) {
      assert.equal(reasonOf(await ask([bearer(token)])), 'auth_invalid');
    }
  });

  test('tokens in cookies and queries, removed from what the backend receives', async (t) => {
    const { ask } = await lab(t, {
      from: [
        { kind: 'cookie', name: 'session' },
        { kind: 'query', name: 'access_token' },
      ],
      forward: 'strip',
    });
    const token = signToken(KEY, claims());
    const byCookie = await ask([['cookie', `a=1; session=${token}; b=2`]]);
    assert.deepEqual(seenBy(byCookie, 'cookie'), ['a=1; b=2']);
    assert.deepEqual(seenBy(await ask([['cookie', `session=${token}`]]), 'cookie'), []);
    const byQuery = await ask([], { path: `/p?a=1&access_token=${token}&b=2` });
    assert.match(byQuery.body, /^GET \/p\?a=1&b=2 HTTP/);
    assert.match((await ask([], { path: `/p?access%5Ftoken=${token}` })).body, /^GET \/p HTTP/);
    for (const path of [
      `/?access_token=${token}&access_token=${token}`,
      `/?access_token=${token}&access%5ftoken=x`,
    ]) {
      assert.equal(reasonOf(await ask([], { path })), 'auth_invalid');
    }
    assert.equal(reasonOf(await ask([['cookie', `session=${token}; session=x`]])), 'auth_invalid');
    const none = await ask();
    assert.equal(reasonOf(none), 'auth_required');
    assert.deepEqual(valuesOf(none, 'www-authenticate'), []);
  });
});

suite('key sets of a provider', () => {
  async function provider(t: TestContext, jwks: string): Promise<{ server: KeyServer; lab: AuthLab }> {
    const server = await KeyServer.start(jwks);
    t.after(() => server.stop());
    const { uri } = server;
    return {
      server,
      lab: await authLab(t, {
        checks: [authCheck([jwt()])],
        keySets: [keySet({ kind: 'uri', uri, allowsHttp: false })],
      }),
    };
  }

  test('the first requests wait for the first fetch', async (t) => {
    const {
      lab: { ask },
    } = await provider(t, jwksOf(KEY));
    const token = bearer(signToken(KEY, claims()));
    const received = await Promise.all(Array.from({ length: 20 }, () => ask([token])));
    assert.deepEqual(new Set(received.map(({ status }) => status)), new Set([200]));
  });

  test('never fetched: 503, not open; and open as soon as the provider is there', async (t) => {
    const {
      server,
      lab: { ask },
    } = await provider(t, 'nothing yet');
    const token = bearer(signToken(KEY, claims()));
    assert.equal(reasonOf(await ask([token])), 'jwks_unavailable');
    assert.equal(reasonOf(await ask()), 'auth_required');
    server.jwks = jwksOf(KEY);
    let status = 503;
    for (let count = 0; count < 100 && status === 503; count += 1) ({ status } = await ask([token]));
    assert.equal(status, 200);
  });

  test('a rotation under load: no request with a valid token is refused, of the old key or the new', async (t) => {
    const old = signingKey('ES256', 'old');
    const {
      server,
      lab: { ask },
    } = await provider(t, jwksOf(old));
    assert.equal((await ask([bearer(signToken(old, claims()))])).status, 200);
    const fresh = signingKey('ES256', 'new');
    server.jwks = jwksOf(old, fresh);
    const received = await Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        ask(
          [bearer(signToken(index % 2 === 0 ? old : fresh, claims({ jti: index })))],
          {},
          index % 3 === 0 ? 'HTTP/2' : 'HTTP/1.1',
        ),
      ),
    );
    assert.deepEqual(new Set(received.map(({ status }) => status)), new Set([200]));
    assert.equal(server.fetches, 2);
  });

  test('a flood of unknown keys fetches once in 10 s, and is refused at once after that', async (t) => {
    const {
      server,
      lab: { ask },
    } = await provider(t, jwksOf(KEY));
    const valid = bearer(signToken(KEY, claims()));
    assert.equal((await ask([valid])).status, 200);
    const flood = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        ask([bearer(signToken(KEY, claims(), { kid: `unknown-${String(index)}` }))]),
      ),
    );
    assert.deepEqual(new Set(flood.map(reasonOf)), new Set(['auth_invalid']));
    let release: (value?: unknown) => void = () => undefined;
    server.gate = new Promise((resolve) => (release = resolve));
    t.after(() => {
      release();
    });
    // Were it fetched again, this would wait for the provider.
    assert.equal(reasonOf(await ask([bearer(signToken(KEY, claims(), { kid: 'late' }))])), 'auth_invalid');
    assert.equal(server.fetches, 2);
    assert.equal((await ask([valid])).status, 200);
  });

  test('the provider goes away: tokens of known keys are verified as before', async (t) => {
    const {
      server,
      lab: { ask },
    } = await provider(t, jwksOf(KEY));
    assert.equal((await ask([bearer(signToken(KEY, claims()))])).status, 200);
    await server.stop();
    t.mock.method(server, 'stop', () => Promise.resolve());
    assert.equal((await ask([bearer(signToken(KEY, claims({ jti: 2 })))])).status, 200);
    assert.equal(
      reasonOf(await ask([bearer(signToken(signingKey('ES256', 'x'), claims()))])),
      'auth_invalid',
    );
  });
});
