/** Requests to backends over HTTP/2: their form, sharing of connections, ends and retries. Over real sockets. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DEFAULT_CLUSTER_POLICY } from '../../ir/policy.ts';
import {
  CODE,
  FLAG,
  SETTING,
  TYPE,
  data,
  frame,
  goAway,
  headers,
  headersOf,
  request,
  rstStream,
  settings,
} from '../../../test/support/h2-frames.ts';
import { H2Peer, valueOf } from '../../../test/support/h2-peer.ts';
import { dialH2, startPair } from '../../../test/support/h2-proxy.ts';
import { encodePlainly, type Field } from '../../../test/support/reference-hpack.ts';

const GET = 'GET /a?b=c HTTP/1.1\r\nHost: a.example\r\n\r\n';
const OK: readonly Field[] = [[':status', '200']];
const H2 = { protocol: 'h2' } as const;
const { connection: CONNECTION, http2: HTTP2 } = DEFAULT_CLUSTER_POLICY;

suite('requests to HTTP/2 backends', () => {
  test('an answer that ends with its head, without a length: a client of HTTP/1.1 is told that it is empty', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const client = await proxy.connect();
    t.after(() => client.destroy());
    client.send(GET);
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    upstream.send(headers(1, OK, true));
    assert.equal((await client.readResponse()).header('content-length'), '0');
    client.send(GET.replace('GET', 'HEAD'));
    await upstream.fields(3);
    upstream.send(headers(3, OK, true));
    assert.equal((await client.readResponse({ noBody: true })).header('content-length'), undefined);
    client.send(GET);
    await upstream.fields(5);
    upstream.send(headers(5, [[':status', '204']], true));
    assert.equal((await client.readResponse()).header('content-length'), undefined);
  });

  test('a request of HTTP/1.1 becomes one of HTTP/2, and its answer one of HTTP/1.1', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const client = await proxy.connect();
    t.after(() => client.destroy());
    client.send(
      'POST /a?b=c HTTP/1.1\r\nHost: a.example:80\r\nX-One: ä\r\nConnection: x-two\r\nX-Two: 2\r\nTE: trailers\r\n' +
        'Authorization: Bearer x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 3\r\n\r\n',
    );
    const upstream = await H2Peer.accept(await backend.connection());
    const { blocks, body, trailers } = await upstream.message(1);
    const [head = []] = blocks;
    assert.deepEqual(head.slice(0, 4), [
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', '/a?b=c'],
      [':authority', 'a.example:80'],
    ]);
    assert.equal(valueOf(head, 'x-one'), 'ä');
    assert.equal(valueOf(head, 'te'), 'trailers');
    for (const name of ['host', 'connection', 'x-two', 'transfer-encoding']) {
      assert.equal(valueOf(head, name), undefined, name);
    }
    assert.equal(valueOf(head, 'x-forwarded-for'), '127.0.0.1');
    assert.match(valueOf(head, 'x-request-id') ?? '', /^[0-9a-f]{32}$/);
    assert.deepEqual(upstream.neverIndexed, [['authorization', 'Bearer x']]);
    assert.equal(body, 'abc');
    assert.deepEqual(trailers, [['x-sum', '3']]);
    upstream.send(
      headers(
        1,
        [
          [':status', '103'],
          ['link', '</a.css>'],
        ],
        false,
      ),
      headers(1, [...OK, ['x-three', '3']], false),
      data(1, 'ok'),
      headers(1, [['x-check', '7']], true),
    );
    assert.match(await client.readThrough('\r\n\r\n'), /^HTTP\/1\.1 103 [^\r]*\r\nlink: <\/a\.css>\r\n/i);
    const answer = await client.readThrough('\r\n0\r\nx-check: 7\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 200 OK\r\n/);
    assert.match(answer, /\r\nx-three: 3\r\n/i);
    assert.match(answer, /\r\n2\r\nok\r\n/);
  });

  test('what came as never to be indexed goes on so', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    const secret = Buffer.concat([
      Buffer.of(0x10, 3),
      Buffer.from('key'),
      Buffer.of(6),
      Buffer.from('secret'),
    ]);
    peer.send(headersOf(1, Buffer.concat([encodePlainly(request()), secret]), true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    assert.deepEqual(upstream.neverIndexed, [['key', 'secret']]);
  });

  test('requests share a connection, and their fields are sent once', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    const fields = request({}, ['user-agent', 'a'.repeat(100)]);
    peer.send(headers(1, fields, true));
    const upstream = await H2Peer.accept(await backend.connection());
    const first = await upstream.nextOf(TYPE.headers, 1);
    peer.send(headers(3, fields, true), headers(5, fields, true));
    const second = await upstream.nextOf(TYPE.headers, 3);
    assert.deepEqual(second.fields.slice(0, 5), first.fields.slice(0, 5));
    assert.ok(second.payload.length < first.payload.length / 2, `${second.payload.length} bytes`);
    upstream.send(headers(5, OK, false), data(5, 'three', true), headers(3, OK, true));
    assert.equal((await peer.message(5)).body, 'three');
    assert.equal((await peer.message(3)).body, '');
    assert.equal(backend.connections.length, 1);
  });

  test('a backend that takes one stream a connection gets more connections', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true), headers(3, request(), true));
    const one = await H2Peer.accept(await backend.connection(), [SETTING.maxConcurrentStreams, 1]);
    const two = await H2Peer.accept(await backend.connection(), [SETTING.maxConcurrentStreams, 1]);
    await one.fields(1);
    await two.fields(1);
    one.send(headers(1, OK, true));
    peer.send(headers(5, request(), true));
    await one.fields(3);
    assert.equal(backend.connections.length, 2);
  });

  test('the limit of the policy holds, too', async (t) => {
    const { proxy, backend } = await startPair(t, {
      ...H2,
      policy: { http2: { ...HTTP2, maxConcurrentStreams: 1 } },
    });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true), headers(3, request(), true));
    await H2Peer.accept(await backend.connection());
    await H2Peer.accept(await backend.connection());
  });

  test('an answer that comes before the end of its request ends the request', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request({ ':method': 'POST' }), false), data(1, 'a'));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.nextOf(TYPE.data, 1);
    upstream.send(headers(1, [[':status', '403']], true));
    assert.equal(await upstream.reset(1), CODE.noError);
    assert.equal((await peer.message(1)).blocks[0]?.[0]?.[1], '403');
    assert.equal(await peer.reset(1), CODE.noError);
  });

  for (const [what, method, answer] of [
    ['HEAD', 'HEAD', [...OK, ['content-length', '5']]],
    ['204', 'GET', [[':status', '204']]],
    [
      '304',
      'GET',
      [
        [':status', '304'],
        ['content-length', '5'],
      ],
    ],
  ] as const) {
    test(`an answer that has no body, and whose stream ends with an empty frame: ${what}`, async (t) => {
      const { proxy, backend } = await startPair(t, H2);
      const client = await proxy.connect();
      t.after(() => client.destroy());
      client.send(`${method} / HTTP/1.1\r\nHost: a.example\r\n\r\n`);
      const upstream = await H2Peer.accept(await backend.connection());
      await upstream.fields(1);
      upstream.send(headers(1, answer as readonly Field[], false), data(1, '', true));
      const response = await client.readResponse({ noBody: true });
      assert.equal(response.header('transfer-encoding'), undefined);
      client.send(GET);
      await upstream.fields(3);
    });
  }
});

suite('connections to HTTP/2 backends', () => {
  const quick = { ...CONNECTION, connectTimeoutMs: 100 };

  test('a backend that says nothing is no HTTP/2 backend: 504 in time', async (t) => {
    const { proxy, backend } = await startPair(t, { ...H2, policy: { connection: quick } });
    const client = await proxy.connect();
    t.after(() => client.destroy());
    client.send(GET);
    await backend.connection();
    assert.equal((await client.readResponse()).status, 504);
    assert.equal(proxy.records[0]?.reason, 'connect_timeout');
  });

  test('a backend that speaks HTTP/1.1 is none either: 503', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const client = await proxy.connect();
    t.after(() => client.destroy());
    client.send(GET);
    for (let tries = 0; tries < 2; tries++) {
      (await backend.connection()).send('HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n');
    }
    assert.equal((await client.readResponse()).status, 503);
  });

  test('a backend that takes no stream at all: 503', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const client = await proxy.connect();
    t.after(() => client.destroy());
    client.send(GET);
    for (let tries = 0; tries < 2; tries++) {
      await H2Peer.accept(await backend.connection(), [SETTING.maxConcurrentStreams, 0]);
    }
    assert.equal((await client.readResponse()).status, 503);
    assert.equal(proxy.records[0]?.reason, 'connect_failed');
  });

  test('a refused stream is tried again, whatever its method', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request({ ':method': 'POST' }), true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    upstream.send(rstStream(1, CODE.refusedStream));
    await upstream.fields(3);
    upstream.send(headers(3, OK, true));
    assert.equal((await peer.message(1)).blocks[0]?.[0]?.[1], '200');
  });

  test('a gRPC status that the policy lists is tried again, though its method is POST; others are passed on', async (t) => {
    const retry = {
      attempts: 1,
      on: [],
      codes: [],
      grpcCodes: [14],
      backoffMs: 1,
      maxBackoffMs: 1,
      honorRetryAfter: false,
      perTryTimeoutMs: 0,
      nonIdempotent: 'before-send',
      maxBodyBytes: 1_000,
    } as const;
    const { proxy, backend } = await startPair(t, { ...H2, rule: { retry } });
    const peer = await dialH2(t, proxy.port);
    const call = request({ ':method': 'POST' }, ['content-type', 'application/grpc']);
    const status = (code: string): Field[] => [
      [':status', '200'],
      ['content-type', 'application/grpc'],
      ['grpc-status', code],
    ];
    peer.send(headers(1, call, false), data(1, 'hello', true));
    const upstream = await H2Peer.accept(await backend.connection());
    assert.equal((await upstream.message(1)).body, 'hello');
    upstream.send(headers(1, status('14'), true));
    assert.equal((await upstream.message(3)).body, 'hello');
    upstream.send(headers(3, status('5'), true));
    assert.equal(valueOf((await peer.message(1)).blocks[0], 'grpc-status'), '5');
    assert.equal(proxy.records[0]?.retries, 1);
  });

  test('streams above the last one of GOAWAY are tried elsewhere, those below it finish', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    const post = request({ ':method': 'POST' });
    peer.send(headers(1, post, true), headers(3, post, true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    await upstream.fields(3);
    upstream.send(goAway(1, CODE.noError));
    const next = await H2Peer.accept(await backend.connection());
    await next.fields(1);
    next.send(headers(1, OK, false), data(1, 'new', true));
    upstream.send(headers(1, OK, false), data(1, 'old', true));
    assert.equal((await peer.message(3)).body, 'new');
    assert.equal((await peer.message(1)).body, 'old');
    await upstream.raw.waitForEnd();
    peer.send(headers(5, post, true));
    await next.fields(3);
  });

  test('a connection that is lost takes a GET elsewhere, and not a POST', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    upstream.send(headers(1, OK, true));
    await peer.message(1);
    peer.send(headers(3, request(), true), headers(5, request({ ':method': 'POST' }), true));
    await upstream.fields(3);
    await upstream.fields(5);
    upstream.raw.destroy();
    assert.equal((await peer.message(5)).blocks[0]?.[0]?.[1], '502');
    const next = await H2Peer.accept(await backend.connection());
    await next.fields(1);
    next.send(headers(1, OK, true));
    assert.equal((await peer.message(3)).blocks[0]?.[0]?.[1], '200');
  });

  test('a client that gives up resets its stream and no other', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true), headers(3, request(), true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    await upstream.fields(3);
    peer.send(rstStream(1, CODE.cancel));
    assert.equal(await upstream.reset(1), CODE.cancel);
    // Requests in flight are completed.
    upstream.send(headers(1, OK, false), data(1, 'late', true), headers(3, OK, true));
    await peer.message(3);
  });

  test('an idle connection is ended, and one that has served its time or its number', async (t) => {
    const { proxy, backend } = await startPair(t, {
      ...H2,
      policy: { connection: { ...CONNECTION, idleTimeoutMs: 50, maxRequests: 2 } },
    });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    upstream.send(headers(1, OK, true));
    await peer.message(1);
    assert.equal((await upstream.goneAway()).name, 'noError');
    await upstream.raw.waitForEnd();
    peer.send(...[3, 5, 7].map((id) => headers(id, request(), true)));
    const two = await H2Peer.accept(await backend.connection());
    await two.fields(3);
    const one = await H2Peer.accept(await backend.connection());
    await one.fields(1);
  });

  test('a silent backend is pinged, and given up when it does not answer', async (t) => {
    const { proxy, backend } = await startPair(t, {
      ...H2,
      policy: { http2: { ...HTTP2, pingIntervalMs: 40, pingTimeoutMs: 40 } },
    });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request({ ':method': 'POST' }), true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    const { payload } = await upstream.nextOf(TYPE.ping, 0);
    upstream.send(frame(TYPE.ping, FLAG.ack, 0, payload));
    await upstream.nextOf(TYPE.ping, 0);
    assert.equal((await peer.message(1)).blocks[0]?.[0]?.[1], '502');
    await upstream.raw.waitForEnd();
  });

  test('an endpoint that leaves finishes what it has', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    proxy.proxy.applyEndpoints({ cluster: proxy.proxy.stats().clusters[0]?.cluster as never, endpoints: [] });
    peer.send(headers(3, request(), true));
    assert.equal((await peer.message(3)).blocks[0]?.[0]?.[1], '503');
    upstream.send(headers(1, OK, false), data(1, 'done', true));
    assert.equal((await peer.message(1)).body, 'done');
    await upstream.raw.waitForEnd();
  });

  test('settings that come late count', async (t) => {
    const { proxy, backend } = await startPair(t, H2);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    const upstream = await H2Peer.accept(await backend.connection());
    await upstream.fields(1);
    upstream.send(settings([SETTING.maxConcurrentStreams, 1], [SETTING.headerTableSize, 0]));
    await upstream.nextOf(TYPE.settings, 0);
    peer.send(headers(3, request(), true));
    await H2Peer.accept(await backend.connection());
    upstream.send(headers(1, OK, true));
    await peer.message(1);
    peer.send(headers(5, request(), true));
    // A size update opens the block: the reference decoder would not find indexes otherwise.
    await upstream.fields(3);
  });
});
