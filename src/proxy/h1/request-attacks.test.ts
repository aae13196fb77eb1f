/** Requests that must be refused: each is answered with its status, closes the connection, is counted, and reaches no backend. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { ReasonCode } from '../../ir/reason.ts';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { ScriptedBackend, type Script } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

interface Attack {
  readonly name: string;
  readonly bytes: string;
  readonly status: number;
  readonly reason: ReasonCode;
}

const bad = (name: string, bytes: string): Attack => ({ name, bytes, status: 400, reason: 'bad_request' });
const get = (lines: string, target = '/'): string =>
  `GET ${target} HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`;
const post = (lines: string, body = ''): string =>
  `POST / HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n${body}`;
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body);
/** What an attacker would like to be taken for a request of its own. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n';

const ATTACKS: readonly Attack[] = [
  // Length of the body: two readings of one message are how requests are smuggled (RFC 9112 section 11.2).
  bad(
    'Content-Length with Transfer-Encoding',
    post(`Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`, `0\r\n\r\n${SMUGGLED}`),
  ),
  bad(
    'Transfer-Encoding with Content-Length',
    post(`Transfer-Encoding: chunked\r\nContent-Length: 4\r\n`, `0\r\n\r\n${SMUGGLED}`),
  ),
  bad('differing Content-Length', post('Content-Length: 4\r\nContent-Length: 5\r\n', 'abcde')),
  bad('repeated Content-Length', post('Content-Length: 4\r\nContent-Length: 4\r\n', 'abcd')),
  bad('list in Content-Length', post('Content-Length: 4, 4\r\n', 'abcd')),
  bad('sign in Content-Length', post('Content-Length: +4\r\n', 'abcd')),
  bad('minus in Content-Length', post('Content-Length: -4\r\n', 'abcd')),
  bad('hexadecimal Content-Length', post('Content-Length: 0x4\r\n', 'abcd')),
  bad('space in Content-Length', post('Content-Length: 4 4\r\n', 'abcd')),
  bad('empty Content-Length', post('Content-Length:\r\n', 'abcd')),
  bad('Content-Length beyond 2^53', post('Content-Length: 9007199254740993\r\n', 'abcd')),
  bad('Content-Length of 20 digits', post('Content-Length: 00000000000000000004\r\n', 'abcd')),
  bad('space before the colon of Content-Length', post('Content-Length : 4\r\n', 'abcd')),
  {
    name: 'another transfer coding',
    bytes: post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'),
    status: 501,
    reason: 'not_implemented',
  },
  {
    name: 'identity',
    bytes: post('Transfer-Encoding: identity\r\n'),
    status: 501,
    reason: 'not_implemented',
  },
  {
    name: 'chunked twice in a list',
    bytes: post('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n'),
    status: 501,
    reason: 'not_implemented',
  },
  {
    name: 'chunked with a parameter',
    bytes: post('Transfer-Encoding: chunked;a=b\r\n', '0\r\n\r\n'),
    status: 501,
    reason: 'not_implemented',
  },
  {
    name: 'vertical tab before chunked',
    bytes: post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'),
    status: 400,
    reason: 'bad_request',
  },
  bad(
    'chunked in two fields',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  ),
  bad('space before the colon of Transfer-Encoding', post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n')),
  bad('folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n')),
  bad(
    'Transfer-Encoding in HTTP/1.0',
    'POST / HTTP/1.0\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),

  // Chunks.
  bad('sign in a chunk size', chunked('+4\r\nabcd\r\n0\r\n\r\n')),
  bad('minus in a chunk size', chunked('-4\r\nabcd\r\n0\r\n\r\n')),
  bad('prefix in a chunk size', chunked('0x4\r\nabcd\r\n0\r\n\r\n')),
  bad('empty chunk size', chunked('\r\nabcd\r\n0\r\n\r\n')),
  bad('space before a chunk size', chunked(' 4\r\nabcd\r\n0\r\n\r\n')),
  bad('overflowing chunk size', chunked('10000000000000004\r\nabcd\r\n0\r\n\r\n')),
  bad('chunk size beyond reason', chunked('fffffffffffff\r\nabcd')),
  bad('bare LF after a chunk size', chunked('4\nabcd\r\n0\r\n\r\n')),
  bad('bare CR in a chunk size line', chunked('4\rX\nabcd\r\n0\r\n\r\n')),
  bad('bare LF in a chunk extension', chunked(`4;a\nabcd\r\n0\r\n\r\n`)),
  bad('NUL in a chunk extension', chunked('4;a=\0\r\nabcd\r\n0\r\n\r\n')),
  bad('endless chunk extensions', chunked(`4;${'a'.repeat(20_000)}\r\nabcd\r\n0\r\n\r\n`)),
  bad('missing CRLF after a chunk', chunked('4\r\nabcdX\r\n0\r\n\r\n')),
  bad('bare LF after a chunk', chunked('4\r\nabcd\n0\r\n\r\n')),
  bad('trailer line without a colon', chunked('0\r\nnonsense\r\n\r\n')),
  bad('bare LF in trailers', chunked('0\r\na: b\n\r\n')),
  bad('endless trailers', chunked(`0\r\na: ${'b'.repeat(10_000)}\r\n\r\n`)),

  // Line ends, controls, white space.
  bad('bare LF after the request line', 'GET / HTTP/1.1\nHost: a.example\r\n\r\n'),
  bad('bare LF after a field', 'GET / HTTP/1.1\r\nHost: a.example\nX: y\r\n\r\n'),
  bad('bare LF at the end', 'GET / HTTP/1.1\r\nHost: a.example\r\n\n'),
  bad('bare CR in a value', get('X: a\rb\r\n')),
  bad('bare CR at the end of a line', get('X: a\r\r\n')),
  bad('NUL in a name', get('X\0: a\r\n')),
  bad('NUL in a value', get('X: a\0b\r\n')),
  bad('NUL in the target', get('', '/a\0b')),
  bad('control in a value', get('X: a\x01b\r\n')),
  bad('DEL in a value', get('X: a\x7fb\r\n')),
  bad('space in the target', get('', '/a b')),
  bad('tab in the target', get('', '/a\tb')),
  bad('fragment in the target', get('', '/a#b')),
  bad('octet beyond ASCII in the target', get('', '/\xc3\xa9')),
  bad('two spaces in the request line', 'GET  / HTTP/1.1\r\nHost: a.example\r\n\r\n'),
  bad('tab in the request line', 'GET\t/ HTTP/1.1\r\nHost: a.example\r\n\r\n'),
  bad('space after the version', 'GET / HTTP/1.1 \r\nHost: a.example\r\n\r\n'),
  bad('no target', 'GET HTTP/1.1\r\nHost: a.example\r\n\r\n'),
  bad('two leading empty lines', `\r\n\r\n${get('')}`),
  bad('leading LF', `\n${get('')}`),
  bad('leading white space', ` ${get('')}`),
  bad('folded field', get('X: a\r\n b\r\n')),
  bad('white space before the first field', 'GET / HTTP/1.1\r\n Host: a.example\r\n\r\n'),
  bad('space in a name', get('X Y: a\r\n')),
  bad('empty name', get(': a\r\n')),
  bad('line without a colon', get('nonsense\r\n')),
  bad('octet beyond ASCII in a name', get('X\xe9: a\r\n')),
  bad('no method', '/ HTTP/1.1\r\nHost: a.example\r\n\r\n'),
  bad('method that is no token', 'G(T / HTTP/1.1\r\nHost: a.example\r\n\r\n'),

  // Version.
  {
    name: 'HTTP/2.0',
    bytes: 'GET / HTTP/2.0\r\nHost: a.example\r\n\r\n',
    status: 505,
    reason: 'version_not_supported',
  },
  {
    name: 'HTTP/1.2',
    bytes: 'GET / HTTP/1.2\r\nHost: a.example\r\n\r\n',
    status: 505,
    reason: 'version_not_supported',
  },
  {
    name: 'HTTP/0.9 with a version',
    bytes: 'GET / HTTP/0.9\r\nHost: a.example\r\n\r\n',
    status: 505,
    reason: 'version_not_supported',
  },
  bad('HTTP/0.9', 'GET /\r\n\r\n'),
  bad('lower-case protocol', 'GET / http/1.1\r\nHost: a.example\r\n\r\n'),
  bad('long version', 'GET / HTTP/1.10\r\nHost: a.example\r\n\r\n'),

  // Host and target.
  bad('no Host', 'GET / HTTP/1.1\r\nX: y\r\n\r\n'),
  bad('two Hosts', get('Host: b.example\r\n')),
  bad('two equal Hosts', get('Host: a.example\r\n')),
  bad('empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n'),
  bad('list in Host', 'GET / HTTP/1.1\r\nHost: a.example, b.example\r\n\r\n'),
  bad('user information in Host', 'GET / HTTP/1.1\r\nHost: user@a.example\r\n\r\n'),
  bad('path in Host', 'GET / HTTP/1.1\r\nHost: a.example/b\r\n\r\n'),
  bad('white space in Host', 'GET / HTTP/1.1\r\nHost: a.example b\r\n\r\n'),
  bad('port that is none', 'GET / HTTP/1.1\r\nHost: a.example:80x\r\n\r\n'),
  bad('port beyond 65535', 'GET / HTTP/1.1\r\nHost: a.example:65536\r\n\r\n'),
  bad('broken IPv6 literal', 'GET / HTTP/1.1\r\nHost: [::1\r\n\r\n'),
  bad('only a dot', 'GET / HTTP/1.1\r\nHost: .\r\n\r\n'),
  bad('absolute-form against Host', get('', 'http://b.example/')),
  bad('absolute-form with user information', get('', 'http://x@a.example/')),
  bad('another scheme', get('', 'ftp://a.example/')),
  bad('relative target', get('', 'admin')),
  bad('asterisk without OPTIONS', get('', '*')),
  {
    name: 'CONNECT',
    bytes: 'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n',
    status: 501,
    reason: 'not_implemented',
  },
  {
    name: 'endless method',
    bytes: `${'A'.repeat(40)} / HTTP/1.1\r\nHost: a.example\r\n\r\n`,
    status: 501,
    reason: 'not_implemented',
  },

  // Paths that two readers take differently.
  bad('climbing above the root', get('', '/../etc/passwd')),
  bad('encoded climbing', get('', '/%2e%2e/etc/passwd')),
  bad('encoded NUL', get('', '/a%00b')),
  bad('backslash', get('', '/a\\..\\b')),
  bad('encoded backslash', get('', '/a%5c..%5cb')),
  bad('overlong slash', get('', '/a%c0%afb')),
  bad('dot segments behind an encoded slash', get('', '/a%2f..%2fadmin')),
  bad('doubly encoded dots', get('', '/a/%252e%252e/admin')),
  bad('escape that is none', get('', '/a%zz')),

  // Connection options and expectations.
  bad('nonsense in Connection', get('Connection: close, a b\r\n')),
  {
    name: 'unknown expectation',
    bytes: post('Expect: 200-maybe\r\nContent-Length: 4\r\n', 'abcd'),
    status: 417,
    reason: 'expectation_failed',
  },
  bad(
    'WebSocket upgrade with a body',
    get(
      'Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nContent-Length: 5\r\n',
    ),
  ),
  bad('WebSocket upgrade without a key', get('Connection: upgrade\r\nUpgrade: websocket\r\n')),
  bad(
    'WebSocket upgrade by POST',
    `POST / HTTP/1.1\r\nHost: a.example\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\n\r\n`,
  ),

  // Limits.
  { name: 'long target', bytes: get('', `/${'a'.repeat(2_000)}`), status: 414, reason: 'uri_too_long' },
  { name: 'long head', bytes: get(`X: ${'a'.repeat(5_000)}\r\n`), status: 431, reason: 'head_too_large' },
  { name: 'many fields', bytes: get('X: y\r\n'.repeat(60)), status: 431, reason: 'head_too_large' },
  {
    name: 'long body',
    bytes: post('Content-Length: 2000\r\n', 'a'.repeat(2_000)),
    status: 413,
    reason: 'body_too_large',
  },
];

/** Answers a request when all of it is there; a broken body never is. */
const answerWhole: Script = async (connection) => {
  for (;;) {
    const head = await connection.readThrough('\r\n\r\n');
    if (/^transfer-encoding:/im.test(head)) await connection.readThrough('0\r\n\r\n');
    connection.send('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nseen');
  }
};

describe('HTTP/1.1 requests that are refused', () => {
  let backend: ScriptedBackend;
  let proxy: TestProxy;

  before(async () => {
    backend = await ScriptedBackend.start(answerWhole);
    proxy = await TestProxy.start(
      testConfig({ rules: [{ backends: [testBackend('a')] }], endpoints: { a: [backend.port] } }),
      { headBytes: 4_096, targetBytes: 1_024, headerCount: 50, bodyBytes: 1_000 },
    );
  });
  after(async () => {
    await proxy.stop();
    await backend.stop();
  });

  const refusals = (reason: ReasonCode): number => {
    const { refused, requests } = proxy.proxy.stats();
    return (refused[reason] ?? 0) + requests.reduce((sum, { byReason }) => sum + (byReason[reason] ?? 0), 0);
  };

  for (const { name, bytes, status, reason } of ATTACKS) {
    for (const slowly of [false, true]) {
      // Byte by byte is slow: enough for what is short.
      if (slowly && bytes.length > 1_000) continue;
      test(`${name}${slowly ? ', byte by byte' : ''}: ${status} ${reason}`, async () => {
        const before = refusals(reason);
        const client = await proxy.connect();
        if (slowly) await client.sendSlowly(bytes + SMUGGLED);
        else client.send(bytes + SMUGGLED);
        const response = await client.readResponse();
        assert.equal(response.status, status);
        assert.ok(response.body.startsWith(`${reason}: `), response.body);
        assert.equal(response.header('connection'), 'close');
        await client.waitForEnd();
        assert.equal(client.received, '', 'nothing follows the refusal');
        assert.equal(refusals(reason), before + 1);
        client.destroy();
        const seen = backend.connections.map((connection) => connection.received).join('');
        assert.ok(!seen.includes('smuggled'), 'the backend saw what was smuggled');
      });
    }
  }
});
