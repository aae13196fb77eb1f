/** ResponsePolicies over real connections of both versions of HTTP: what clients see of every kind of response. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import { testBackend, testConfig, type TestRule } from '../../../../test/support/gateway-config.ts';
import {
  exchangeOnce,
  HOST,
  type Received,
  type Sent,
  type Version,
} from '../../../../test/support/reply-client.ts';
import { onTls } from '../../../../test/support/reply-scenes.ts';
import { errorPage, responseValue } from '../../../../test/support/response-policies.ts';
import { ScriptedBackend } from '../../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../../test/support/test-proxy.ts';
import type { Filter } from '../../../ir/filter.ts';
import type { GatewayConfig } from '../../../ir/gateway-config.ts';
import type { ResponseSettings } from '../../../ir/response.ts';

const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];
const GET: Sent = { method: 'GET', path: '/', fields: [] };
const BROWSER: Sent = { ...GET, fields: [['accept', 'text/html,application/xhtml+xml,*/*;q=0.8']] };
const NO_HEADERS = { set: [], add: [], remove: [], setIfAbsent: [] };

const all = ({ fields }: Received, name: string): string[] =>
  fields.filter(([key]) => key === name).map(([, value]) => value);

interface Scene extends Partial<TestRule> {
  readonly settings?: Partial<ResponseSettings>;
  readonly trustedCidrs?: readonly string[];
}

/** `answer`: of the backend; without it there is none. */
async function serve(t: TestContext, { settings = {}, trustedCidrs = [], ...rule }: Scene, answer?: string) {
  const backend = await ScriptedBackend.start(async (connection) => {
    await connection.readThrough('\r\n\r\n');
    connection.send(answer ?? '');
  });
  const config = testConfig({
    rules: [{ backends: [testBackend('a')], policies: [responseValue(settings)], ...rule }],
    endpoints: { a: answer === undefined ? [] : [backend.port] },
    settings: { trustedCidrs, reasonHeader: true },
  });
  const proxy = await TestProxy.start(config);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  return proxy;
}

const onListener = (config: GatewayConfig, settings: Partial<ResponseSettings>): GatewayConfig => ({
  ...config,
  ports: config.ports.map((port) => ({
    ...port,
    listeners: port.listeners.map((listener) => ({ ...listener, policies: [responseValue(settings)] })),
  })),
});

const OK = 'HTTP/1.1 200 OK\r\nx-own: 1\r\nx-both: backend\r\nserver: old\r\ncontent-length: 2\r\n\r\nok';
const MISSING =
  'HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\ncontent-encoding: gzip\r\netag: "1"\r\nset-cookie: a=b\r\nwww-authenticate: Basic\r\nconnection: x-hop\r\nx-hop: 1\r\nx-stays: y\xfc\r\ncontent-length: 3\r\n\r\n{x}';

for (const version of VERSIONS) {
  suite(`header fields over ${version}`, () => {
    const headers = {
      set: [{ name: 'X-Own', value: 'gateway' }],
      add: [{ name: 'X-More', value: 'm\r\nx-evil: 1' }],
      remove: ['server'],
      setIfAbsent: [
        { name: 'X-Both', value: 'policy' },
        { name: 'X-Own', value: 'never' },
        { name: 'X-Default', value: 'd' },
      ],
    };

    test('are set, added, removed, and set if absent', async (t) => {
      const got = await exchangeOnce(await serve(t, { settings: { headers } }, OK), version, GET);
      assert.deepEqual(all(got, 'x-own'), ['gateway']);
      assert.deepEqual(all(got, 'x-both'), ['backend']);
      assert.deepEqual(all(got, 'x-default'), ['d']);
      assert.deepEqual(all(got, 'server'), []);
      assert.equal(all(got, 'x-more').length, 1);
      assert.deepEqual(all(got, 'x-evil'), []);
    });

    test('are on responses of the gateway, of a rule and of a listener', async (t) => {
      const ofRule = await exchangeOnce(await serve(t, { settings: { headers } }), version, GET);
      assert.deepEqual(
        [ofRule.status, all(ofRule, 'x-both'), all(ofRule, 'x-own')],
        [503, ['policy'], ['gateway']],
      );
      const config = testConfig({ rules: [{ pathPrefix: '/x' }] });
      const proxy = await TestProxy.start(onListener(config, { headers }));
      t.after(() => proxy.stop());
      const ofListener = await exchangeOnce(proxy, version, GET);
      assert.deepEqual([ofListener.status, all(ofListener, 'x-default')], [404, ['d']]);
    });

    test('come after those of the rule, which a default respects', async (t) => {
      const edit = {
        set: [{ name: 'x-default', value: 'rule' }],
        add: [],
        remove: ['x-both'],
      };
      const filters: readonly Filter[] = [{ kind: 'response-headers', edit }];
      const got = await exchangeOnce(await serve(t, { settings: { headers }, filters }, OK), version, GET);
      assert.deepEqual(all(got, 'x-default'), ['rule']);
      assert.deepEqual(all(got, 'x-both'), ['policy']);
    });
  });

  suite(`HSTS over ${version}`, () => {
    const hsts = 'max-age=60';

    test('is left out without TLS, and that of the backend with it', async (t) => {
      const answer = 'HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=1\r\ncontent-length: 0\r\n\r\n';
      const got = await exchangeOnce(await serve(t, { settings: { hsts } }, answer), version, GET);
      assert.deepEqual(all(got, 'strict-transport-security'), []);
    });

    test('is on responses to clients of a trusted proxy that use TLS, once', async (t) => {
      const answer = 'HTTP/1.1 200 OK\r\nstrict-transport-security: max-age=1\r\ncontent-length: 0\r\n\r\n';
      const proxy = await serve(t, { settings: { hsts }, trustedCidrs: ['127.0.0.0/8'] }, answer);
      const got = await exchangeOnce(proxy, version, { ...GET, fields: [['x-forwarded-proto', 'https']] });
      assert.deepEqual(all(got, 'strict-transport-security'), ['max-age=60']);
    });

    test('cannot be asked for by a client', async (t) => {
      const proxy = await serve(t, { settings: { hsts } }, OK);
      const got = await exchangeOnce(proxy, version, { ...GET, fields: [['x-forwarded-proto', 'https']] });
      assert.deepEqual(all(got, 'strict-transport-security'), []);
    });

    test('is on the 421 of a TLS listener', async (t) => {
      const scene = await onTls();
      assert.ok(scene.adapt !== undefined);
      const config = scene.adapt(
        testConfig({ rules: [{ backends: [testBackend('a')] }], endpoints: { a: [] } }),
      );
      const proxy = await TestProxy.start(onListener(config, { hsts }));
      t.after(() => proxy.stop());
      const got = await exchangeOnce({ port: proxy.port, ...scene.target }, version, GET);
      assert.deepEqual([got.status, all(got, 'strict-transport-security')], [421, ['max-age=60']]);
    });
  });

  suite(`error pages over ${version}`, () => {
    test('keep status, reason and fields, and fill in placeholders', async (t) => {
      const errorPages = [errorPage('<p>{status} {reason} {requestId} {other}</p>', { statuses: [503] })];
      const proxy = await serve(t, { settings: { errorPages } });
      const got = await exchangeOnce(proxy, version, GET);
      assert.equal(got.status, 503);
      assert.deepEqual(all(got, 'x-sluice-reason'), ['no_endpoints']);
      assert.deepEqual(all(got, 'content-type'), ['text/html; charset=utf-8']);
      const [record] = proxy.records;
      assert.equal(got.body, `<p>503 no_endpoints ${record?.requestId ?? ''} {other}</p>`);
      assert.equal(record?.reason, 'no_endpoints');
      assert.deepEqual(all(got, 'content-length'), [String(got.body.length)]);
    });

    test('escape the id of a request, which a trusted proxy may have made up', async (t) => {
      const proxy = await serve(t, {
        settings: { errorPages: [errorPage('{requestId}')] },
        trustedCidrs: ['127.0.0.0/8'],
      });
      const fields: Sent['fields'] = [['x-request-id', '<script>"\'&']];
      const got = await exchangeOnce(proxy, version, { ...GET, fields });
      assert.doesNotMatch(got.body, /[<>"']/);
    });

    test('go by reason, and by status; the first that fits is sent', async (t) => {
      const errorPages = [
        errorPage('other reason', { reasons: ['no_rule'] }),
        errorPage('other status', { statuses: [404] }),
        errorPage('both', { statuses: [503], reasons: ['no_endpoints'], status: 500 }),
        errorPage('later'),
      ];
      const got = await exchangeOnce(await serve(t, { settings: { errorPages } }), version, GET);
      assert.deepEqual([got.status, got.body], [500, 'both']);
    });

    test('go to browsers alone where they say so', async (t) => {
      const errorPages = [errorPage('page', { accept: ['text/html'] })];
      const proxy = await serve(t, { settings: { errorPages } });
      const bodyFor = async (accept: string): Promise<string> =>
        (await exchangeOnce(proxy, version, { ...GET, fields: accept === '' ? [] : [['accept', accept]] }))
          .body;
      for (const accept of [
        'text/html',
        'TEXT/HTML;level=1',
        'text/*',
        'application/json, text/html;q=0.1',
      ]) {
        assert.equal(await bodyFor(accept), 'page', accept);
      }
      for (const accept of [
        '',
        '*/*',
        'application/json',
        'text/html;q=0',
        'text/html;q=0, text/*',
        'text/plain',
      ]) {
        assert.match(await bodyFor(accept), /^no_endpoints:/, accept);
      }
    });

    test('act on the 404 of a listener', async (t) => {
      const errorPages = [errorPage('{status}', { accept: ['text/html'] })];
      const proxy = await TestProxy.start(
        onListener(testConfig({ rules: [{ pathPrefix: '/x' }] }), { errorPages }),
      );
      t.after(() => proxy.stop());
      assert.deepEqual(
        [(await exchangeOnce(proxy, version, BROWSER)).body, proxy.records[0]?.reason],
        ['404', 'no_rule'],
      );
      assert.match((await exchangeOnce(proxy, version, GET)).body, /^no_rule/);
    });

    test('replace responses of backends only where they say so', async (t) => {
      const own = await serve(t, { settings: { errorPages: [errorPage('page')] } }, MISSING);
      assert.equal((await exchangeOnce(own, version, GET)).body, '{x}');
      const errorPages = [errorPage('page {reason}', { of: 'both', statuses: [404] })];
      const proxy = await serve(t, { settings: { errorPages } }, MISSING);
      const got = await exchangeOnce(proxy, version, GET);
      assert.deepEqual([got.status, got.body], [404, 'page ']);
      assert.deepEqual(all(got, 'content-encoding'), []);
      assert.deepEqual(all(got, 'etag'), []);
      assert.deepEqual(all(got, 'x-hop'), []);
      assert.deepEqual(all(got, 'set-cookie'), ['a=b']);
      assert.deepEqual(all(got, 'www-authenticate'), ['Basic']);
      assert.equal(all(got, 'x-stays').length, 1);
      assert.equal(proxy.records[0]?.reason, 'error_page');
    });

    test('leave what is no error, and what is configured, alone', async (t) => {
      const errorPages = [errorPage('page', { of: 'both' })];
      assert.equal(
        (await exchangeOnce(await serve(t, { settings: { errorPages } }, OK), version, GET)).body,
        'ok',
      );
      const direct: Filter = {
        kind: 'direct-response',
        status: 404,
        headers: [],
        body: { text: 'direct', contentType: 'text/plain' },
      };
      const proxy = await serve(t, { settings: { errorPages }, filters: [direct] });
      assert.equal((await exchangeOnce(proxy, version, GET)).body, 'direct');
      const named = await serve(t, {
        settings: { errorPages: [errorPage('page', { reasons: ['direct_response'] })] },
        filters: [direct],
      });
      assert.equal((await exchangeOnce(named, version, GET)).body, 'page');
    });

    test('to HEAD have the length, and no body', async (t) => {
      const proxy = await serve(t, { settings: { errorPages: [errorPage('page')] } });
      const got = await exchangeOnce(proxy, version, { ...GET, method: 'HEAD' });
      assert.deepEqual([got.body, all(got, 'content-length'), got.endedWithHead], ['', ['4'], true]);
    });

    test('do not end a response that has begun', async (t) => {
      const errorPages = [errorPage('page', { of: 'both' })];
      const answer = 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\npart';
      const proxy = await serve(t, { settings: { errorPages } }, answer);
      const client = await proxy.connect();
      client.send(`GET / HTTP/1.1\r\nhost: ${HOST}\r\n\r\n`);
      assert.match(await client.readThrough('part'), /^HTTP\/1\.1 200/);
      client.destroy();
    });
  });

  suite(`maintenance over ${version}`, () => {
    const maintenance = { retryAfterSeconds: 90, exceptCidrs: ['192.0.2.0/24'], body: null };

    test('answers 503 with Retry-After before a backend is asked', async (t) => {
      const proxy = await serve(t, { settings: { maintenance } }, OK);
      const got = await exchangeOnce(proxy, version, GET);
      assert.deepEqual([got.status, all(got, 'retry-after')], [503, ['90']]);
      assert.match(got.body, /^maintenance: /);
      assert.equal(proxy.records[0]?.endpoint, null);
    });

    test('leaves clients of the excepted addresses alone, and nobody who claims one', async (t) => {
      const fields: Sent['fields'] = [['x-forwarded-for', '192.0.2.7']];
      const trusting = await serve(t, { settings: { maintenance }, trustedCidrs: ['127.0.0.0/8'] }, OK);
      assert.equal((await exchangeOnce(trusting, version, { ...GET, fields })).status, 200);
      const edge = await serve(t, { settings: { maintenance } }, OK);
      assert.equal((await exchangeOnce(edge, version, { ...GET, fields })).status, 503);
    });

    test('has its own page, or an error page', async (t) => {
      const errorPages = [errorPage('error page', { statuses: [503] })];
      const plain = await serve(t, { settings: { maintenance, errorPages } }, OK);
      const got = await exchangeOnce(plain, version, GET);
      assert.deepEqual([got.body, all(got, 'retry-after')], ['error page', ['90']]);
      const body = { text: 'own page', contentType: 'text/html' };
      const own = await serve(t, { settings: { maintenance: { ...maintenance, body }, errorPages } }, OK);
      assert.equal((await exchangeOnce(own, version, GET)).body, 'own page');
    });
  });
}

suite('gRPC', () => {
  const call: Sent = { ...GET, method: 'POST', fields: [['content-type', 'application/grpc']] };

  test('never gets a page', async (t) => {
    const errorPages = [errorPage('<p>', { of: 'both' })];
    const got = await exchangeOnce(await serve(t, { settings: { errorPages } }), 'HTTP/2', call);
    assert.deepEqual([got.status, all(got, 'grpc-status'), got.body], [200, ['14'], '']);
    assert.deepEqual(all(got, 'content-type'), ['application/grpc']);
  });

  test('is UNAVAILABLE during maintenance, whatever its page', async (t) => {
    const body = { text: '<p>', contentType: 'text/html' };
    const maintenance = { retryAfterSeconds: 1, exceptCidrs: [], body };
    const got = await exchangeOnce(await serve(t, { settings: { maintenance } }), 'HTTP/2', call);
    assert.deepEqual([all(got, 'grpc-status'), got.body], [['14'], '']);
    assert.deepEqual(all(got, 'content-type'), ['application/grpc']);
  });
});

test('a WebSocket handshake that is refused gets the page', async (t) => {
  const proxy = await serve(t, { settings: { errorPages: [errorPage('page')], headers: NO_HEADERS } });
  const client = await proxy.connect();
  client.send(
    `GET / HTTP/1.1\r\nhost: ${HOST}\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  const response = await client.readResponse();
  assert.deepEqual([response.status, response.body], [503, 'page']);
  client.destroy();
});
