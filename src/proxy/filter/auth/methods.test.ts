/** Basic credentials, API keys and client certificates over real connections. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { suite, test, type TestContext } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { authLab, reasonOf, seenBy, valuesOf, type AuthLab } from '../../../../test/support/auth-lab.ts';
import {
  apiKey,
  authCheck,
  basic,
  basicField,
  clientCertificate,
  jwt,
  keySet,
  secrets,
} from '../../../../test/support/auth-policy.ts';
import {
  asCertificate,
  mint,
  testAuthority,
  type CertifiedKey,
} from '../../../../test/support/certificates.ts';
import type { Field } from '../../../../test/support/reference-hpack.ts';
import { RawClient } from '../../../../test/support/raw-client.ts';
import { listenerTls } from '../../../../test/support/tls-listener.ts';
import { jwksOf, signingKey } from '../../../../test/support/token-issuer.ts';
import { PasswordChecker, type PasswordChecks } from '../../../credentials/password-checks.ts';
import { NO_SERVICES } from '../../../../test/support/no-credentials.ts';
import type { AuthMethod, CertificateName } from '../../../ir/auth.ts';

const USERS = { ada: 'right', 'bob smith': 'pass:word', zoë: 'pässwörd' };
const KEYS = { app: 'the-key', other: 'another-key' };
const VERSIONS = ['HTTP/1.1', 'HTTP/2'] as const;

const lab = (t: TestContext, ...methods: AuthMethod[]): Promise<AuthLab> =>
  authLab(t, {
    checks: [authCheck(methods)],
    secrets: secrets(USERS, KEYS),
    keySets: [keySet({ kind: 'inline', jwks: jwksOf(signingKey()) })],
  });

const authorization = (value: string): Field => ['authorization', value];

suite('Basic credentials', () => {
  for (const version of VERSIONS) {
    test(`users and passwords with colons, spaces and umlauts, over ${version}`, async (t) => {
      const { ask, proxy } = await lab(t, basic());
      for (const [user, password] of Object.entries(USERS)) {
        const received = await ask([authorization(basicField(user, password))], {}, version);
        assert.equal(received.status, 200, user);
        const [seen = ''] = seenBy(received, 'x-user');
        assert.equal(Buffer.from(seen, 'latin1').toString('utf8'), user);
        assert.deepEqual(seenBy(received, 'authorization'), []);
        assert.equal(proxy.records.at(-1)?.user, user);
      }
    });

    test(`wrong and malformed credentials, over ${version}`, async (t) => {
      const { ask } = await lab(t, basic());
      const wrong = [
        basicField('ada', 'wrong'),
        basicField('ada', ''),
        basicField('', ''),
        basicField('ADA', 'right'),
        basicField('eve', 'right'),
        basicField('ada', 'right\0'),
        basicField('ada', 'x'.repeat(1_025)),
        'Basic !!!',
        `Basic ${Buffer.from('ada').toString('base64')}`,
        `${basicField('ada', 'right')}, ${basicField('ada', 'right')}`,
      ];
      for (const value of wrong) {
        const received = await ask([authorization(value)], {}, version);
        assert.equal(received.status, 401, value.slice(0, 60));
        assert.equal(reasonOf(received), 'auth_invalid');
        assert.deepEqual(valuesOf(received, 'www-authenticate'), ['Basic realm="shop", charset="UTF-8"']);
      }
    });
  }

  test('a client that tries passwords is throttled; another one, and what is known, is not', async (t) => {
    const { ask } = await lab(t, basic());
    const ada = authorization(basicField('ada', 'right'));
    assert.equal((await ask([ada])).status, 200);
    const guesses = await Promise.all(
      Array.from({ length: 30 }, (_, index) =>
        ask([authorization(basicField('ada', `guess ${String(index)}`))]),
      ),
    );
    assert.equal(guesses.filter(({ status }) => status === 401).length, 10);
    const throttled = guesses.find(({ status }) => status === 429);
    assert.ok(throttled !== undefined);
    assert.equal(reasonOf(throttled), 'auth_throttled');
    assert.deepEqual(valuesOf(throttled, 'retry-after'), ['60']);
    assert.equal((await ask([ada])).status, 200);
  });

  test('a password is hashed once, and again when the Secret has changed', async (t) => {
    let hashed = 0;
    const checker = new PasswordChecker();
    const passwords: PasswordChecks = {
      check: (question) => {
        hashed += 1;
        return checker.check(question);
      },
    };
    t.after(() => checker.close());
    const { ask, apply } = await authLab(t, {
      checks: [authCheck([basic()])],
      secrets: secrets(USERS),
      options: { credentials: { ...NO_SERVICES, passwords } },
    });
    const ada = [authorization(basicField('ada', 'right'))];
    for (let count = 0; count < 5; count += 1) assert.equal((await ask(ada)).status, 200);
    assert.equal(hashed, 1);
    await apply({ secrets: secrets({ ada: 'changed' }) });
    assert.equal((await ask(ada)).status, 401);
    assert.equal((await ask([authorization(basicField('ada', 'changed'))])).status, 200);
    assert.equal(hashed, 3);
  });

  test('a Secret rotates under load without a wrong answer', async (t) => {
    const both = { old: 'pw', new: 'pw' };
    const { ask, apply } = await authLab(t, { checks: [authCheck([basic()])], secrets: secrets(both) });
    const asked = Array.from({ length: 100 }, (_, index) =>
      ask([authorization(basicField(index % 2 === 0 ? 'old' : 'new', 'pw'))]),
    );
    for (let count = 0; count < 5; count += 1) {
      await apply({ secrets: secrets({ ...both, [`user${String(count)}`]: 'pw' }) });
    }
    assert.deepEqual(new Set((await Promise.all(asked)).map(({ status }) => status)), new Set([200]));
  });
});

suite('API keys', () => {
  for (const version of VERSIONS) {
    test(`keys name their client and go no further, over ${version}`, async (t) => {
      const { ask, proxy } = await lab(t, apiKey());
      for (const [client, key] of Object.entries(KEYS)) {
        const received = await ask([['x-api-key', key]], {}, version);
        assert.equal(received.status, 200);
        assert.deepEqual(seenBy(received, 'x-client'), [client]);
        assert.deepEqual(seenBy(received, 'x-api-key'), []);
        assert.equal(proxy.records.at(-1)?.user, client);
      }
    });

    test(`unknown keys and several keys are refused without a challenge, over ${version}`, async (t) => {
      const { ask } = await lab(t, apiKey());
      for (const fields of [
        [['x-api-key', 'wrong']],
        [['x-api-key', '']],
        [['x-api-key', 'app']],
        [
          ['x-api-key', 'the-key'],
          ['x-api-key', 'the-key'],
        ],
        [
          ['x-api-key', 'the-key'],
          ['x-api-key', 'wrong'],
        ],
      ] as Field[][]) {
        const received = await ask(fields, {}, version);
        assert.equal(reasonOf(received), 'auth_invalid');
        assert.deepEqual(valuesOf(received, 'www-authenticate'), []);
      }
      const none = await ask([], {}, version);
      assert.equal(reasonOf(none), 'auth_required');
      assert.deepEqual(valuesOf(none, 'www-authenticate'), []);
    });
  }

  test('from a cookie or a query', async (t) => {
    const { ask } = await lab(
      t,
      apiKey({
        from: [
          { kind: 'cookie', name: 'key' },
          { kind: 'query', name: 'key' },
        ],
      }),
    );
    assert.deepEqual(seenBy(await ask([['cookie', 'a=b; key=the-key']]), 'cookie'), ['a=b']);
    assert.match((await ask([], { path: '/x?key=the-key' })).body, /^GET \/x HTTP/);
    assert.equal((await ask([], { path: '/x?key=wrong' })).status, 401);
  });
});

suite('several methods', () => {
  test('the first whose credentials a request carries decides; without any, all challenges are sent', async (t) => {
    const { ask } = await lab(t, jwt(), basic(), apiKey());
    assert.deepEqual(valuesOf(await ask(), 'www-authenticate'), [
      'Bearer',
      'Basic realm="shop", charset="UTF-8"',
    ]);
    assert.equal((await ask([['x-api-key', 'the-key']])).status, 200);
    assert.equal(
      (await ask([authorization(basicField('ada', 'right')), ['x-api-key', 'wrong']])).status,
      200,
    );
    const refused = await ask([authorization('Bearer x.y.z'), ['x-api-key', 'the-key']]);
    assert.equal(reasonOf(refused), 'auth_invalid');
    assert.match(valuesOf(refused, 'www-authenticate')[0] ?? '', /invalid_token/);
  });

  test('Optional: without credentials a request passes, with bad ones it does not', async (t) => {
    const { ask } = await authLab(t, {
      checks: [authCheck([apiKey()], { requirement: 'optional' })],
      secrets: secrets(USERS, KEYS),
    });
    assert.equal((await ask()).status, 200);
    assert.equal((await ask([['x-api-key', 'the-key']])).status, 200);
    assert.equal((await ask([['x-api-key', 'wrong']])).status, 401);
  });

  test('mode Audit: nothing is refused, and what would be is logged and counted', async (t) => {
    const { ask, proxy } = await authLab(t, {
      checks: [authCheck([apiKey()], { mode: 'audit' })],
      secrets: secrets(USERS, KEYS),
    });
    assert.equal((await ask([['x-api-key', 'wrong']])).status, 200);
    assert.equal((await ask()).status, 200);
    assert.deepEqual(
      proxy.records.map(({ wouldRefuse }) => wouldRefuse.map(({ labels }) => labels.reason)),
      [['auth_invalid'], ['auth_required']],
    );
    const counted = proxy.proxy
      .stats()
      .policyRefusals.map(({ reason, mode, count }) => [reason, mode, count]);
    assert.deepEqual(counted.toSorted(), [
      ['auth_invalid', 'audit', 1],
      ['auth_required', 'audit', 1],
    ]);
  });
});

suite('client certificates', () => {
  const SERVER = 'a.example';

  async function secureLab(t: TestContext, names: readonly CertificateName[], mode: 'required' | 'optional') {
    const authority = await testAuthority();
    const server = asCertificate('test/server', await mint([SERVER]));
    return authLab(t, {
      checks: [authCheck([clientCertificate(...names)])],
      adapt: (config) => ({
        ...config,
        certificates: [server],
        ports: config.ports.map((port) => ({
          ...port,
          listeners: port.listeners.map((listener) =>
            listener.kind === 'http'
              ? {
                  ...listener,
                  hostname: SERVER,
                  tls: listenerTls([server], {
                    alpn: ['http/1.1'],
                    clientValidation: { caPem: authority.certificatePem, mode },
                  }),
                }
              : listener,
          ),
        })),
      }),
    });
  }

  async function askWith(
    t: TestContext,
    { proxy }: AuthLab,
    client: CertifiedKey | null,
    session?: Buffer,
  ): Promise<{ status: number; session: Buffer | undefined; resumed: boolean }> {
    const identity = client === null ? {} : { cert: client.certificatePem, key: client.keyPem };
    const socket = connectTls({
      host: '127.0.0.1',
      port: proxy.port,
      servername: SERVER,
      rejectUnauthorized: false,
      ...identity,
      ...(session === undefined ? {} : { session }),
    });
    let ticket: Buffer | undefined;
    socket.on('session', (data: Buffer) => (ticket = data));
    await once(socket, 'secureConnect');
    const raw = new RawClient(socket);
    t.after(() => {
      raw.destroy();
    });
    raw.send(`GET / HTTP/1.1\r\nHost: ${SERVER}\r\n\r\n`);
    const { status } = await raw.readResponse();
    return { status, session: ticket, resumed: socket.isSessionReused() };
  }

  const client = (
    uris: readonly string[],
    names: readonly string[] = ['client.example'],
  ): Promise<CertifiedKey> => mint(names, { uris, usage: 'client' });

  test('names with wildcards decide; one that matches none is denied, also on a resumed session', async (t) => {
    const secure = await secureLab(
      t,
      [
        { type: 'URI', value: 'spiffe://corp/*' },
        { type: 'DNS', value: '*.partner.example' },
      ],
      'required',
    );
    const accepted = await askWith(t, secure, await client(['spiffe://corp/shop']));
    assert.equal(accepted.status, 200);
    assert.equal(secure.proxy.records[0]?.user, 'spiffe://corp/shop');
    assert.equal((await askWith(t, secure, await client([], ['API.Partner.example']))).status, 200);
    for (const other of [['spiffe://corporation/shop'], ['x://spiffe://corp/'], []]) {
      const refused = await askWith(t, secure, await client(other));
      assert.equal(refused.status, 403);
      const again = await askWith(t, secure, null, refused.session);
      assert.ok(again.resumed);
      assert.equal(again.status, 403);
    }
    assert.equal(secure.proxy.records.at(-1)?.reason, 'auth_denied');
  });

  test('a listener that only asks for certificates: none, and one of a stranger, are no credentials', async (t) => {
    const { strangerAuthority } = await import('../../../../test/support/certificates.ts');
    const secure = await secureLab(t, [], 'optional');
    assert.equal((await askWith(t, secure, await client([]))).status, 200);
    assert.equal((await askWith(t, secure, null)).status, 401);
    const stranger = await mint(['client.example'], {
      usage: 'client',
      authority: await strangerAuthority(),
    });
    assert.equal((await askWith(t, secure, stranger)).status, 401);
    assert.equal(secure.proxy.records.at(-1)?.reason, 'auth_required');
  });
});
