/** Requests over HTTP/2: messages, resets, drain, time. Over real sockets. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import {
  CODE,
  FLAG,
  PREFACE,
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
import { RawClient } from '../../../test/support/raw-client.ts';
import { encodePlainly } from '../../../test/support/reference-hpack.ts';
import { answering } from '../../../test/support/scripted-backend.ts';
import { dialH2, startPair } from '../../../test/support/h2-proxy.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

suite('requests over HTTP/2', () => {
  test('a request reaches an HTTP/1.1 backend, and its answer the client', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(
      headers(1, request({ ':path': '/a?b=c' }, ['x-one', 'ä'], ['cookie', 'a=1'], ['cookie', 'b=2']), true),
    );
    const connection = await backend.connection();
    const head = await connection.readThrough('\r\n\r\n');
    assert.match(head, /^GET \/a\?b=c HTTP\/1\.1\r\n/);
    assert.match(head, /\r\nhost: a\.example\r\n/i);
    assert.match(head, /\r\nx-one: ä\r\n/);
    assert.match(head, /\r\ncookie: a=1; b=2\r\n/, 'crumbs of a cookie are one field');
    assert.doesNotMatch(head, /\r\n(?::|te:|transfer-encoding:)/i);
    connection.send(
      'HTTP/1.1 200 OK\r\nX-Two: é\r\nConnection: x-three\r\nX-Three: 3\r\nContent-Length: 2\r\n\r\nok',
    );
    const message = await peer.message(1);
    const [answer] = message.blocks;
    assert.deepEqual(answer?.[0], [':status', '200']);
    assert.equal(valueOf(answer, 'x-two'), 'é');
    assert.equal(valueOf(answer, 'x-three'), undefined, 'what Connection names does not cross');
    assert.equal(valueOf(answer, 'connection'), undefined);
    assert.equal(message.body, 'ok');
    assert.equal(proxy.records[0]?.protocol, 'HTTP/2');
  });

  test('many requests at once are answered each on its stream', async (t) => {
    const { proxy } = await startPair(t, { script: answering('body') });
    const peer = await dialH2(t, proxy.port);
    const ids = Array.from({ length: 100 }, (_, index) => index * 2 + 1);
    peer.send(...ids.map((id) => headers(id, request(), true)));
    for (const id of ids.toReversed()) assert.equal((await peer.message(id)).body, 'body');
  });

  test('a body of unknown length goes on in chunks, trailers included', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request({ ':method': 'POST' }), false), data(1, 'one'), data(1, 'two'));
    const connection = await backend.connection();
    assert.match(await connection.readThrough('\r\n\r\n'), /\r\ntransfer-encoding: chunked\r\n/i);
    await connection.waitFor('two');
    peer.send(
      headers(
        1,
        [
          ['x-sum', '6'],
          ['authorization', 'not in trailers'],
        ],
        true,
      ),
    );
    const body = await connection.readThrough('\r\n\r\n');
    assert.match(body, /\r\n0\r\nx-sum: 6\r\n\r\n$/i);
    connection.send(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-check: 7\r\n\r\n',
    );
    const { body: answered, trailers } = await peer.message(1);
    assert.equal(answered, 'ok');
    assert.deepEqual(trailers, [['x-check', '7']]);
  });

  test('informational answers come before the head', async (t) => {
    const { proxy } = await startPair(t, {
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send(`HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n${OK}`);
      },
    });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    const { blocks, body } = await peer.message(1);
    assert.deepEqual(blocks[0], [
      [':status', '103'],
      ['link', '</a.css>'],
    ]);
    assert.equal(blocks[1]?.[0]?.[1], '200');
    assert.equal(body, 'ok');
  });

  for (const [what, method, answer] of [
    ['HEAD', 'HEAD', 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n'],
    ['204', 'GET', 'HTTP/1.1 204 No Content\r\n\r\n'],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 5\r\n\r\n'],
  ] as const) {
    test(`an answer without a body ends with its head: ${what}`, async (t) => {
      const { proxy } = await startPair(t, {
        script: async (connection) => {
          await connection.readThrough('\r\n\r\n');
          connection.send(answer);
        },
      });
      const peer = await dialH2(t, proxy.port);
      peer.send(headers(1, request({ ':method': method }), true));
      const read = await peer.nextOf(TYPE.headers, 1);
      assert.equal(read.flags & FLAG.endStream, FLAG.endStream);
    });
  }

  test('a head larger than a frame, in both directions', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    const block = encodePlainly(request({}, ['x-large', 'a'.repeat(30_000)]));
    peer.send(
      frame(TYPE.headers, FLAG.endStream, 1, block.subarray(0, 100)),
      frame(TYPE.continuation, 0, 1, block.subarray(100, 16_000)),
      frame(TYPE.continuation, FLAG.endHeaders, 1, block.subarray(16_000)),
    );
    const connection = await backend.connection();
    assert.match(await connection.readThrough('\r\n\r\n'), /\r\nx-large: a{30000}\r\n/);
    connection.send(`HTTP/1.1 200 OK\r\nx-large: ${'b'.repeat(40_000)}\r\ncontent-length: 0\r\n\r\n`);
    assert.equal(valueOf((await peer.message(1)).blocks[0], 'x-large'), 'b'.repeat(40_000));
  });

  test('padding and priorities are taken and forgotten', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    const block = encodePlainly(request({ ':method': 'POST' }));
    const extra = Buffer.from([0, 0, 0, 3, 200]);
    peer.send(
      frame(
        TYPE.headers,
        FLAG.endHeaders | FLAG.padded | FLAG.priority,
        1,
        Buffer.concat([Buffer.of(7), extra, block, Buffer.alloc(7)]),
      ),
      frame(
        TYPE.data,
        FLAG.endStream | FLAG.padded,
        1,
        Buffer.concat([Buffer.of(3), Buffer.from('xyz\0\0\0')]),
      ),
    );
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    assert.equal(await connection.readThrough('0\r\n\r\n'), '3\r\nxyz\r\n0\r\n\r\n');
    connection.send(OK);
    assert.equal((await peer.message(1)).body, 'ok');
  });
});

suite('the end of streams and connections over HTTP/2', () => {
  test('a client that resets its request ends it at the backend', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    peer.send(rstStream(1, CODE.cancel));
    await connection.waitForEnd();
    assert.equal(proxy.records[0]?.reason, 'client_closed');
  });

  test('a client that goes ends all its requests', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true), headers(3, request(), true));
    const [one, two] = [await backend.connection(), await backend.connection()];
    peer.raw.destroy();
    await one.waitForEnd();
    await two.waitForEnd();
  });

  test('an answer that breaks off resets its stream and no other', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    connection.send('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf');
    await peer.nextOf(TYPE.data, 1);
    connection.destroy();
    assert.equal(await peer.reset(1), CODE.internalError);
    peer.send(headers(3, request(), true));
    const next = await backend.connection();
    await next.readThrough('\r\n\r\n');
    next.send(OK);
    assert.equal((await peer.message(3)).body, 'ok');
  });

  test('draining: announced first, then nothing new, then closed when all is done', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    const one = await backend.connection();
    const drained = proxy.proxy.drain(10_000);
    assert.deepEqual(await peer.goneAway(), { lastStreamId: 0x7fff_ffff, code: 0, name: 'noError' });
    const { payload } = await peer.nextOf(TYPE.ping, 0);
    // In flight when the client received the GOAWAY.
    peer.send(headers(3, request(), true), frame(TYPE.ping, FLAG.ack, 0, payload));
    assert.deepEqual(await peer.goneAway(), { lastStreamId: 3, code: 0, name: 'noError' });
    peer.send(headers(5, request(), true));
    assert.equal(await peer.reset(5), CODE.refusedStream);
    const two = await backend.connection();
    for (const connection of [one, two]) connection.send(OK);
    assert.equal((await peer.message(1)).body, 'ok');
    assert.equal((await peer.message(3)).body, 'ok');
    await peer.raw.waitForEnd();
    peer.raw.end();
    await drained;
  });

  test('draining an idle connection ends it, whether the client answers pings or not', async (t) => {
    const { proxy } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    const drained = proxy.proxy.drain(10_000);
    await peer.goneAway();
    assert.equal((await peer.goneAway()).lastStreamId, 0);
    await peer.raw.waitForEnd();
    peer.raw.end();
    await drained;
  });

  test('a connection may carry so many requests', async (t) => {
    const { proxy } = await startPair(t, { script: answering('a'), limits: { requestsPerConnection: 2 } });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    await peer.message(1);
    peer.send(headers(3, request(), true));
    await peer.goneAway();
    assert.equal((await peer.message(3)).body, 'a');
  });

  test('a connection may have so many requests at a time', async (t) => {
    const { proxy, backend } = await startPair(t, { limits: { streams: 2 } });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true), headers(3, request(), true), headers(5, request(), true));
    assert.equal(await peer.reset(5), CODE.refusedStream);
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    connection.send(OK);
    assert.equal((await peer.message(1)).body, 'ok');
    peer.send(headers(7, request(), true));
    await backend.connection();
    assert.equal(
      peer.seen(({ type }) => type === TYPE.rstStream),
      null,
    );
  });

  test('an idle connection is ended', async (t) => {
    const { proxy } = await startPair(t, { script: answering('a'), limits: { idleTimeoutMs: 50 } });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true));
    assert.equal((await peer.message(1)).body, 'a');
    assert.deepEqual(await peer.goneAway(), { lastStreamId: 1, code: 0, name: 'noError' });
    await peer.raw.waitForEnd();
  });

  test('a connection that never makes a request is ended', async (t) => {
    const { proxy } = await startPair(t, { limits: { headTimeoutMs: 50 } });
    const client = await RawClient.connect(proxy.port);
    t.after(() => client.destroy());
    client.send(PREFACE.subarray(0, 10));
    await client.waitForEnd();
    const peer = await dialH2(t, proxy.port);
    assert.equal((await peer.goneAway()).code, CODE.noError);
  });

  test('a body that drips is refused; one that is not wanted yet, and a gRPC call, may take their time', async (t) => {
    const { proxy, backend } = await startPair(t, { limits: { slowBody: { windowMs: 60, minBytes: 10 } } });
    const peer = await dialH2(t, proxy.port);
    const post = request({ ':method': 'POST' });
    peer.send(headers(1, [...post, ['content-type', 'application/grpc+proto']], false), data(1, 'x'));
    const call = await backend.connection();
    peer.send(headers(3, post, false), data(3, 'x'));
    assert.equal((await peer.message(3)).blocks[0]?.[0]?.[1], '408');
    peer.send(data(1, 'y', true));
    await call.waitFor('y');
    call.send(OK);
    assert.equal((await peer.message(1)).body, 'ok');
  });

  test('GOAWAY of a client does not hurt what is in flight', async (t) => {
    const { proxy, backend } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request(), true), goAway(0, CODE.noError));
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    connection.send(OK);
    assert.equal((await peer.message(1)).body, 'ok');
  });

  test('a byte at a time', async (t) => {
    const { proxy } = await startPair(t, { script: answering('slow') });
    const client = await RawClient.connect(proxy.port);
    t.after(() => client.destroy());
    const peer = new H2Peer(client);
    const bytes = Buffer.concat([
      PREFACE,
      settings([SETTING.initialWindowSize, 100]),
      headers(1, request({ ':method': 'POST' }), false),
      data(1, 'abc'),
      frame(TYPE.data, FLAG.padded, 1, Buffer.from([1, 65, 0])),
      headersOf(1, encodePlainly([['x', 'y']]), true),
    ]);
    await client.sendSlowly(bytes.toString('latin1'));
    assert.equal((await peer.message(1)).blocks[0]?.[0]?.[1], '200');
  });
});
