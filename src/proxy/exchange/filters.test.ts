/** What filters do to real requests and answers, and what the gateway tells backends of clients. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { Filter, HeaderEdit } from '../../ir/filter.ts';
import { answering } from '../../../test/support/scripted-backend.ts';
import { testConfig } from '../../../test/support/gateway-config.ts';
import { oneBackend, TestProxy } from '../../../test/support/test-proxy.ts';

const get = (path: string, lines = ''): string =>
  `GET ${path} HTTP/1.1\r\nHost: a.example:8080\r\n${lines}\r\n`;
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const NO_EDIT: HeaderEdit = { set: [], add: [], remove: [] };

/** Sends one request through a rule with these filters; returns what the backend got and what the client got. */
async function through(t: TestContext, filters: readonly Filter[], request: string, answer = OK) {
  const { proxy, backend } = await oneBackend(t, { rule: { filters, pathPrefix: '/in' } });
  const client = await proxy.connect();
  client.send(request);
  const upstream = await backend.connection();
  const head = await upstream.readThrough('\r\n\r\n');
  upstream.send(answer);
  const response = await client.readResponse();
  const [record] = proxy.records;
  assert.ok(record);
  return { head, response, record };
}

/** The answer of a rule that needs no backend. */
async function answerOf(t: TestContext, filters: readonly Filter[], request: string) {
  const { proxy, backend } = await oneBackend(t, { rule: { filters }, settings: { reasonHeader: true } });
  const client = await proxy.connect();
  client.send(request);
  const response = await client.readResponse({ noBody: request.startsWith('HEAD') });
  assert.equal(backend.connections.length, 0);
  return response;
}

describe('header filters', () => {
  const edit: HeaderEdit = {
    set: [
      { name: 'X-Set', value: 'new' },
      { name: 'User-Agent', value: 'gateway' },
    ],
    add: [{ name: 'X-Add', value: 'more' }],
    remove: ['x-gone', 'accept'],
  };

  test('of requests', async (t) => {
    const { head } = await through(
      t,
      [{ kind: 'request-headers', edit }],
      get(
        '/in',
        'X-Set: old\r\nx-set: older\r\nX-Add: first\r\nX-Gone: 1\r\nAccept: a\r\nUser-Agent: b\r\nX-Stays: 1\r\n',
      ),
    );
    const lines = head.split('\r\n');
    for (const line of ['X-Set: new', 'User-Agent: gateway', 'X-Add: first', 'X-Add: more', 'X-Stays: 1']) {
      assert.ok(lines.includes(line), `${line} not in ${head}`);
    }
    assert.doesNotMatch(head, /old|x-gone|accept/i);
  });

  test('of answers', async (t) => {
    const { response } = await through(
      t,
      [{ kind: 'response-headers', edit }],
      get('/in'),
      'HTTP/1.1 200 OK\r\nX-Set: old\r\nX-Add: first\r\nX-Gone: 1\r\nX-Stays: 1\r\ncontent-length: 0\r\n\r\n',
    );
    assert.equal(response.header('x-set'), 'new');
    assert.equal(response.header('x-add'), 'first, more');
    assert.equal(response.header('x-gone'), undefined);
    assert.equal(response.header('x-stays'), '1');
  });

  test('a value cannot end its line, and is sent as UTF-8', async (t) => {
    const set = [{ name: 'X-Set', value: 'a\r\nX-Evil: 1\u010aX-Too: \u{1f600}' }];
    const { head } = await through(t, [{ kind: 'request-headers', edit: { ...NO_EDIT, set } }], get('/in'));
    assert.doesNotMatch(head, /^X-(?:Evil|Too)/m);
    assert.ok(head.includes(Buffer.from('\u010aX-Too: \u{1f600}').toString('latin1')));
  });

  test('forwarding fields that a filter sets are the user’s', async (t) => {
    const set = [{ name: 'X-Forwarded-Proto', value: 'https' }];
    const { head } = await through(
      t,
      [{ kind: 'request-headers', edit: { ...NO_EDIT, set, remove: ['x-real-ip'] } }],
      get('/in'),
    );
    assert.deepEqual(head.match(/x-forwarded-proto: .*/gi), ['X-Forwarded-Proto: https']);
    assert.doesNotMatch(head, /x-real-ip/i);
    assert.match(head, /x-forwarded-for: 127\.0\.0\.1\r/);
    assert.match(head, /x-request-id: [0-9a-f]{32}\r/);
  });

  test('a Host that a filter sets is the one that is sent', async (t) => {
    const set = [{ name: 'Host', value: 'inner.example' }];
    const { head } = await through(t, [{ kind: 'request-headers', edit: { ...NO_EDIT, set } }], get('/in'));
    assert.deepEqual(head.match(/^host: .*$/gim), ['host: inner.example']);
  });
});

describe('rewrites and redirects', () => {
  test('a rewrite changes path and Host and leaves the query', async (t) => {
    const filters: Filter[] = [
      { kind: 'url-rewrite', hostname: 'inner.example', path: { kind: 'prefix', value: '/out' } },
    ];
    const { head } = await through(t, filters, get('/in/x?q=1'));
    assert.ok(head.startsWith('GET /out/x?q=1 HTTP/1.1\r\n'), head);
    assert.deepEqual(head.match(/^host: .*$/gim), ['host: inner.example']);
    assert.match(head, /x-forwarded-host: a\.example:8080\r/);
  });

  test('a redirect answers, with its reason where that is wanted', async (t) => {
    const filters: Filter[] = [
      { kind: 'redirect', scheme: 'https', hostname: 'b.example', path: null, port: null, status: 301 },
    ];
    const response = await answerOf(t, filters, get('/in?q'));
    assert.equal(response.status, 301);
    assert.equal(response.header('location'), 'https://b.example/in?q');
    assert.equal(response.header('x-sluice-reason'), 'redirect');
    assert.equal(response.header('content-length'), '0');
  });
});

test('a redirect stays one for gRPC-Web: browsers follow it', async (t) => {
  const redirect: Filter = {
    kind: 'redirect',
    scheme: 'https',
    hostname: null,
    path: null,
    port: null,
    status: 308,
  };
  const proxy = await TestProxy.start(
    testConfig({ rules: [{ filters: [redirect] }], settings: { grpcWeb: true } }),
  );
  t.after(() => proxy.stop());
  const client = await proxy.connect();
  client.send(
    'POST /a.B/C HTTP/1.1\r\nHost: a.example\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 0\r\n\r\n',
  );
  const response = await client.readResponse();
  assert.equal(response.status, 308);
  assert.equal(response.header('location'), 'https://a.example/a.B/C');
  assert.equal(response.header('grpc-status'), undefined);
});

describe('redirects of requests without Host', () => {
  const redirect = (change: Partial<Extract<Filter, { kind: 'redirect' }>>): Filter => ({
    kind: 'redirect',
    scheme: null,
    hostname: null,
    path: { kind: 'full', value: '/new' },
    port: null,
    status: 302,
    ...change,
  });

  test('are relative', async (t) => {
    const response = await answerOf(t, [redirect({})], 'GET /in?q HTTP/1.0\r\n\r\n');
    assert.equal(response.status, 302);
    assert.equal(response.header('location'), '/new?q');
  });

  test('are refused where another scheme needs a host', async (t) => {
    const response = await answerOf(t, [redirect({ scheme: 'https' })], 'GET /in HTTP/1.0\r\n\r\n');
    assert.equal(response.status, 400);
    assert.equal(response.header('x-sluice-reason'), 'bad_request');
    assert.equal(response.header('location'), undefined);
  });
});

describe('CORS', () => {
  const cors: Filter = {
    kind: 'cors',
    allowOrigins: ['https://app.example'],
    allowCredentials: true,
    allowMethods: ['GET', 'PUT'],
    allowHeaders: ['x-custom'],
    exposeHeaders: ['x-seen'],
    maxAgeSeconds: 60,
  };

  test('a preflight is answered', async (t) => {
    const preflight = get(
      '/in',
      'Origin: https://app.example\r\nAccess-Control-Request-Method: PUT\r\n',
    ).replace('GET', 'OPTIONS');
    const response = await answerOf(t, [cors], preflight);
    assert.equal(response.status, 204);
    assert.equal(response.header('access-control-allow-origin'), 'https://app.example');
    assert.equal(response.header('access-control-allow-methods'), 'GET, PUT');
    assert.equal(response.header('content-length'), undefined);
  });

  test('an answer gets the fields, in place of the backend’s own', async (t) => {
    const { response } = await through(
      t,
      [cors],
      get('/in', 'Origin: https://app.example\r\n'),
      'HTTP/1.1 200 OK\r\naccess-control-allow-origin: *\r\ncontent-length: 0\r\n\r\n',
    );
    assert.equal(response.header('access-control-allow-origin'), 'https://app.example');
    assert.equal(response.header('access-control-expose-headers'), 'x-seen');
  });

  test('its fields appear once, even if the backend or a filter sets them too', async (t) => {
    const set = [{ name: 'Access-Control-Allow-Origin', value: 'https://old.example' }];
    const { response } = await through(
      t,
      [{ kind: 'response-headers', edit: { ...NO_EDIT, set } }, cors],
      get('/in', 'Origin: https://app.example\r\n'),
      'HTTP/1.1 200 OK\r\nVary: Accept, origin\r\nAccess-Control-Max-Age: 9\r\ncontent-length: 0\r\n\r\n',
    );
    assert.equal(response.header('access-control-allow-origin'), 'https://app.example');
    assert.equal(response.header('access-control-max-age'), undefined);
    assert.equal(response.header('vary'), 'Accept, origin');
  });

  test('Vary of a backend stays beside the origin', async (t) => {
    const { response } = await through(
      t,
      [cors],
      get('/in', 'Origin: https://app.example\r\n'),
      'HTTP/1.1 200 OK\r\nVary: Accept-Encoding\r\ncontent-length: 0\r\n\r\n',
    );
    assert.equal(response.header('vary'), 'Accept-Encoding, Origin');
  });
});

describe('fields that tell backends about clients', () => {
  const FORGED =
    'X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nForwarded: for=6.6.6.6\r\n' +
    'X-Real-IP: 6.6.6.6\r\nX-Request-Id: forged\r\nX-Sluice-Reason: forged\r\nTraceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n';

  test('a client’s own words count for nothing at the edge', async (t) => {
    const { head, record } = await through(t, [], get('/in', FORGED));
    const fields = head.split('\r\n').filter((line) => /^(?:x-|forwarded)/i.test(line));
    assert.deepEqual(
      fields.map((line) => line.replace(/^(x-request-id: )[0-9a-f]{32}$/, '$1ID')),
      [
        'x-forwarded-for: 127.0.0.1',
        'x-forwarded-proto: http',
        'x-real-ip: 127.0.0.1',
        'x-forwarded-host: a.example:8080',
        'forwarded: for=127.0.0.1;proto=http;host="a.example:8080"',
        'x-request-id: ID',
      ],
    );
    assert.match(head, /traceparent: 00-0af/i);
    assert.equal(record.clientIp, '127.0.0.1');
    assert.equal(record.traceId, '0af7651916cd43dd8448eb211c80319c');
    assert.ok(head.includes(record.requestId));
  });

  test('a trusted proxy’s words are believed and continued', async (t) => {
    const { proxy, backend } = await oneBackend(t, {
      settings: { trustedCidrs: ['127.0.0.0/8', '10.0.0.0/8'] },
    });
    const client = await proxy.connect();
    client.send(get('/', FORGED.replace('For: 6.6.6.6', 'For: 1.1.1.1, 6.6.6.6, 10.0.0.9')));
    const head = await (await backend.connection()).readThrough('\r\n\r\n');
    assert.match(head, /^x-forwarded-for: 1\.1\.1\.1, 6\.6\.6\.6, 10\.0\.0\.9, 127\.0\.0\.1\r$/m);
    assert.match(head, /^x-forwarded-proto: https\r$/m);
    assert.match(head, /^x-forwarded-host: evil\r$/m);
    assert.match(head, /^x-real-ip: 6\.6\.6\.6\r$/m);
    assert.match(head, /^forwarded: for=6\.6\.6\.6, for=127\.0\.0\.1;proto=http;host=evil\r$/m);
    assert.deepEqual(head.match(/^x-request-id: .*$/gim), ['X-Request-Id: forged']);
    assert.doesNotMatch(head, /x-sluice-reason/i);
  });

  test('several hosts on one connection are told apart', async (t) => {
    const { proxy, backend } = await oneBackend(t, { script: answering('ok') });
    const client = await proxy.connect();
    const seen: string[] = [];
    for (const host of ['a.example', 'a.example', 'b.example', 'a.example', 'a.example', 'b.example']) {
      client.send(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      await client.readResponse();
      seen.push(host);
    }
    assert.equal(proxy.records.length, seen.length);
    assert.equal(backend.connections.length, 1);
  });
});
