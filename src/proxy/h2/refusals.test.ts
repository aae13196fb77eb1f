/** Requests over HTTP/2 that are refused: with a reason where they can be answered, else with RST_STREAM. Over real sockets. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { testConfig } from '../../../test/support/gateway-config.ts';
import { CODE, FLAG, TYPE, data, headers, ping, request } from '../../../test/support/h2-frames.ts';
import type { Field } from '../../../test/support/reference-hpack.ts';
import { dialH2, startPair } from '../../../test/support/h2-proxy.ts';
import { answering } from '../../../test/support/scripted-backend.ts';
import type { ClientLimits } from '../../ir/client-limits.ts';

suite('requests over HTTP/2 that are answered without a backend', () => {
  const refused: readonly (readonly [string, Field[], string, Partial<ClientLimits>?])[] = [
    ['a path that climbs out', request({ ':path': '/../a' }), '400'],
    ['a path with a control', request({ ':path': '/a b' }), '400'],
    ['an absolute target', request({ ':path': 'http://a.example/' }), '400'],
    ['an authority that is no host', request({ ':authority': 'user@a.example' }), '400'],
    ['no authority at all', request({ ':authority': '' }), '400'],
    ['a huge authority', request({ ':authority': 'a'.repeat(1_000) }), '400'],
    ['an asterisk that is not for OPTIONS', request({ ':path': '*' }), '400'],
    ['a target beyond the limit', request({ ':path': `/${'a'.repeat(100)}` }), '414', { targetBytes: 50 }],
    ['a list beyond the limit', request({}, ['x', 'a'.repeat(3_000)]), '431', { headBytes: 2_000 }],
    [
      'more fields than allowed',
      request({}, ...Array.from({ length: 40 }, (): Field => ['x', 'y'])),
      '431',
      { headerCount: 20 },
    ],
    [
      'CONNECT',
      [
        [':method', 'CONNECT'],
        [':authority', 'a.example:443'],
      ],
      '501',
    ],
    ['a method of silly length', request({ ':method': 'A'.repeat(50) }), '501'],
    ['an unknown expectation', request({}, ['expect', 'magic']), '417'],
    ['a tunnel to another version', request({ ':method': 'CONNECT', ':protocol': 'h2c' }), '501'],
    [
      'a tunnel to what is no protocol',
      request({ ':method': 'CONNECT', ':protocol': 'websocket, h2' }),
      '501',
    ],
  ];
  for (const [what, fields, status, limits] of refused) {
    test(`${what}: ${status}`, async (t) => {
      const { proxy, backend } = await startPair(t, { limits: limits ?? {} });
      const peer = await dialH2(t, proxy.port);
      peer.send(headers(1, fields, !fields.some(([name]) => name === ':protocol')));
      assert.equal((await peer.message(1)).blocks[0]?.[0]?.[1], status);
      peer.send(ping());
      await peer.next(({ type, flags }) => type === TYPE.ping && flags === FLAG.ack);
      assert.equal(backend.connections.length, 0);
    });
  }

  // 128 streams may be open at once: one more than that would find no room if those before it were still counted.
  test('tunnels that are refused and ended by their client in the same read leave nothing behind', async (t) => {
    const { proxy, backend } = await startPair(t, {
      script: answering('body'),
      rule: { pathPrefix: '/sound' },
    });
    const peer = await dialH2(t, proxy.port);
    const tunnel = request({ ':method': 'CONNECT', ':protocol': 'websocket', ':path': '/none' });
    const ids = Array.from({ length: 140 }, (_, index) => 1 + 2 * index);
    for (const id of ids) peer.send(headers(id, tunnel, false), data(id, '', true));
    for (const id of ids) assert.equal((await peer.message(id)).blocks[0]?.[0]?.[1], '404', `stream ${id}`);
    peer.send(headers(1001, request({ ':path': '/sound' }), true));
    assert.equal((await peer.message(1001)).body, 'body');
    assert.equal(backend.connections.length, 1);
  });

  test('a declared body beyond the limit is refused, and one that grows beyond it', async (t) => {
    const { proxy } = await startPair(t, { limits: { bodyBytes: 10 } });
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request({ ':method': 'POST' }, ['content-length', '11']), false));
    assert.equal((await peer.message(1)).blocks[0]?.[0]?.[1], '413');
    peer.send(headers(3, request({ ':method': 'POST' }), false), data(3, 'a'.repeat(11)));
    assert.equal((await peer.message(3)).blocks[0]?.[0]?.[1], '413');
  });

  test('an answer that comes before the end of its request stops the request without an error', async (t) => {
    const { proxy } = await startPair(t);
    await proxy.apply(testConfig({ rules: [{ pathPrefix: '/nowhere', backends: [] }] }));
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request({ ':method': 'POST' }), false));
    const answer = await peer.message(1);
    assert.equal(answer.blocks[0]?.[0]?.[1], '404');
    assert.equal(answer.reset, null, 'the answer ends by itself');
    assert.equal(await peer.reset(1), CODE.noError);
    // Frames in flight when the reset came is not held against the client.
    peer.send(data(1, 'late'), headers(1, [['x', 'y']], true), headers(3, request(), true));
    assert.equal((await peer.message(3)).blocks[0]?.[0]?.[1], '404');
  });
});

suite('malformed requests over HTTP/2 cost the stream', () => {
  const malformed: readonly (readonly [string, Field[]])[] = [
    ['a connection-level field', request({}, ['connection', 'close'])],
    ['transfer-encoding', request({}, ['transfer-encoding', 'chunked'])],
    ['te with more than trailers', request({}, ['te', 'trailers, deflate'])],
    ['an upper-case name', request({}, ['X-One', '1'])],
    ['a name with a colon', request({}, ['a:b', '1'])],
    ['an empty name', request({}, ['', '1'])],
    ['CR LF in a value', request({}, ['a', 'b\r\nc: d'])],
    ['NUL in a value', request({}, ['a', 'b\0'])],
    ['white space around a value', request({}, ['a', 'b '])],
    ['CR LF in the path', request({ ':path': '/\r\nx: y' })],
    ['CR LF in the method', request({ ':method': 'GET\r\n' })],
    ['a space in the method', request({ ':method': 'GET /x' })],
    ['CR LF in the authority', request({ ':authority': 'a\r\nb' })],
    ['a pseudo-header field of answers', request({ ':status': '200' })],
    ['an unknown pseudo-header field', request({ ':foo': 'bar' })],
    ['a pseudo-header field after an ordinary one', [['a', 'b'], ...request()]],
    ['a repeated pseudo-header field', [...request(), [':path', '/b']]],
    ['no method', request({ ':method': '' })],
    ['no path', request({ ':path': '' })],
    ['no scheme', request({ ':scheme': '' })],
    ['an empty path', [...request({ ':path': '' }), [':path', '']]],
    ['CONNECT with a path and no protocol', request({ ':method': 'CONNECT' })],
    ['a protocol without CONNECT', request({ ':protocol': 'websocket' })],
    ['Host that differs from the authority', request({}, ['host', 'b.example'])],
    ['two Hosts', request({}, ['host', 'a.example'], ['host', 'a.example'])],
    ['Content-Length that is no number', request({}, ['content-length', '+1'])],
    ['two Content-Lengths that differ', request({}, ['content-length', '1'], ['content-length', '2'])],
    ['Content-Length of a request without body', request({}, ['content-length', '1'])],
  ];
  for (const [what, fields] of malformed) {
    test(what, async (t) => {
      const { proxy, backend } = await startPair(t);
      const peer = await dialH2(t, proxy.port);
      peer.send(headers(1, fields, true));
      assert.equal(await peer.reset(1), CODE.protocolError);
      assert.equal(backend.connections.length, 0);
      assert.equal(proxy.proxy.stats().refused.bad_request, 1);
    });
  }

  for (const [what, length, sent, endStream] of [
    ['longer than its Content-Length', '2', 'abc', false],
    ['shorter than its Content-Length', '4', 'abc', true],
  ] as const) {
    test(`a body ${what} ends the exchange`, async (t) => {
      const { proxy, backend } = await startPair(t);
      const peer = await dialH2(t, proxy.port);
      peer.send(headers(1, request({ ':method': 'POST' }, ['content-length', length]), false));
      const connection = await backend.connection();
      await connection.readThrough('\r\n\r\n');
      peer.send(data(1, sent, endStream));
      assert.equal(await peer.reset(1), CODE.protocolError);
      await connection.waitForEnd();
    });
  }

  test('trailers with pseudo-header fields, or that do not end the stream', async (t) => {
    const { proxy } = await startPair(t);
    const peer = await dialH2(t, proxy.port);
    peer.send(headers(1, request({ ':method': 'POST' }), false), headers(1, [[':path', '/']], true));
    assert.equal(await peer.reset(1), CODE.protocolError);
    peer.send(headers(3, request({ ':method': 'POST' }), false), headers(3, [['x', 'y']], false));
    assert.equal(await peer.reset(3), CODE.protocolError);
  });
});
