/** Only the gateway says who the client is, however a request spells the names of its fields. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { authLab, seenBy } from '../../../../test/support/auth-lab.ts';
import { apiKey, authCheck, basic, basicField, secrets } from '../../../../test/support/auth-policy.ts';
import { startAuthServer } from '../../../../test/support/grpc-auth-server.ts';
import type { Field } from '../../../../test/support/reference-hpack.ts';
import { RawClient } from '../../../../test/support/raw-client.ts';

const SECRETS = secrets({ ada: 'right' }, { app: 'the-key' });
const ADA: Field = ['authorization', basicField('ada', 'right')];

const SMUGGLED: readonly (readonly [string, readonly Field[]])[] = [
  ['the field itself', [['x-user', 'root']]],
  ['another case', [['X-USER', 'root']]],
  [
    'several of them',
    [
      ['x-user', 'root'],
      ['x-user', 'admin'],
    ],
  ],
  ['an underscore', [['x_user', 'root']]],
  [
    'a field that Connection lists',
    [
      ['connection', 'close, x-user'],
      ['x-user', 'root'],
    ],
  ],
  ['Connection listing the field that the gateway sets', [['connection', 'close, x-user']]],
  [
    'fields that other methods set',
    [
      ['x-client', 'root'],
      ['x_groups', 'admin'],
    ],
  ],
];

suite('identity fields', () => {
  for (const version of ['HTTP/1.1', 'HTTP/2'] as const) {
    for (const headersWithUnderscores of ['Drop', 'Allow'] as const) {
      for (const [name, fields] of SMUGGLED) {
        // In HTTP/2 names are in lower case, and there is no Connection.
        const isPossible =
          version === 'HTTP/1.1' ||
          !fields.some(([key]) => key === 'connection' || key !== key.toLowerCase());
        if (!isPossible) continue;
        test(`${name}, over ${version}, underscores: ${headersWithUnderscores}`, async (t) => {
          const settings = { headersWithUnderscores };
          for (const requirement of ['required', 'optional'] as const) {
            const { ask } = await authLab(t, {
              checks: [authCheck([basic()], { requirement })],
              secrets: SECRETS,
              settings,
            });
            const signedIn = await ask([ADA, ...fields], {}, version);
            assert.equal(signedIn.status, 200);
            assert.deepEqual(seenBy(signedIn, 'x-user'), ['ada']);
            assert.doesNotMatch(signedIn.body, /root|admin/);
            if (requirement === 'required') continue;
            const anonymous = await ask(fields, {}, version);
            assert.equal(anonymous.status, 200);
            assert.deepEqual(seenBy(anonymous, 'x-user'), []);
            assert.doesNotMatch(anonymous.body, /root|admin/);
          }
        });
      }
    }
  }

  test('are removed in mode Audit and where a policy exempts the rule, too', async (t) => {
    for (const checks of [[authCheck([basic()], { mode: 'audit' })], []]) {
      const { ask } = await authLab(t, { checks, secrets: SECRETS });
      const received = await ask([['x-user', 'root']]);
      assert.equal(received.status, 200);
      assert.doesNotMatch(received.body, /root/);
    }
  });

  test('are removed from trailers', async (t) => {
    const { proxy } = await authLab(t, { checks: [authCheck([basic()])], secrets: SECRETS });
    const client = await RawClient.connect(proxy.port);
    t.after(() => {
      client.destroy();
    });
    client.send(
      `POST / HTTP/1.1\r\nHost: a.example\r\nAuthorization: ${ADA[1]}\r\nTransfer-Encoding: chunked\r\n` +
        'TE: trailers\r\nTrailer: X-User, X-Note\r\n\r\n0\r\nX-User: root\r\nX-Note: kept\r\n\r\n',
    );
    const { body } = await client.readResponse();
    assert.doesNotMatch(body, /root/);
  });

  test('are hidden from an external auth server, which acts after the policy', async (t) => {
    let asked: Readonly<Record<string, string>> = {};
    const server = await startAuthServer(t, ({ request }) => {
      asked = request.http.headers;
      return { status: { code: 0 } };
    });
    const { ask } = await authLab(t, {
      checks: [authCheck([basic()])],
      secrets: SECRETS,
      filters: [
        {
          kind: 'external-auth',
          cluster: 'auth' as never,
          origin: { kind: 'Service', namespace: 'test', name: 'auth' },
          protocol: { kind: 'grpc', allowedRequestHeaders: [] },
          forwardBodyBytes: 0,
        },
      ],
      adapt: (config) => ({
        ...config,
        clusters: [
          ...config.clusters,
          ...config.clusters.map((cluster) => ({ ...cluster, id: 'auth' as never, protocol: 'h2' as const })),
        ],
        endpoints: [
          ...config.endpoints,
          {
            cluster: 'auth' as never,
            endpoints: [{ address: '127.0.0.1', port: server.port, state: 'ready', zone: null }],
          },
        ],
      }),
    });
    assert.equal((await ask([['x-user', 'root']])).status, 401);
    assert.deepEqual(asked, {}, 'the auth server is not asked about a request that the policy refuses');
    assert.equal((await ask([ADA, ['x-user', 'root'], ['x-note', 'kept']])).status, 200);
    assert.equal(asked['x-note'], 'kept');
    assert.equal(asked['x-user'], undefined);
  });

  test('two policies: each has to let the request pass, and backends receive the fields of both', async (t) => {
    const { ask } = await authLab(t, {
      checks: [authCheck([apiKey()]), authCheck([basic()])],
      secrets: SECRETS,
    });
    const key: Field = ['x-api-key', 'the-key'];
    assert.equal((await ask([key])).status, 401);
    assert.equal((await ask([ADA])).status, 401);
    const received = await ask([key, ADA, ['x-client', 'root'], ['x-user', 'root']]);
    assert.equal(received.status, 200);
    assert.deepEqual(seenBy(received, 'x-client'), ['app']);
    assert.deepEqual(seenBy(received, 'x-user'), ['ada']);
    assert.deepEqual(seenBy(received, 'x-api-key'), []);
    assert.deepEqual(seenBy(received, 'authorization'), []);
  });
});
