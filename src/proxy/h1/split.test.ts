/** However the bytes of a connection are cut into reads, the same messages are found in them, and the same faults. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { cut, receiveHttp1, serveHttp1 } from '../../../test/support/recording-engines.ts';

const token = fc.stringMatching(/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,12}$/);
const value = fc.stringMatching(/^[\x21-\x7e\xa1-\xff]([\t -~]{0,30}[\x21-\x7e])?$/);
const field = fc.tuple(
  fc.oneof(token, fc.constantFrom('Connection', 'X-A', 'Cookie', 'Expect', 'TE')),
  value,
);
const chunk = fc.stringMatching(/^[ -~]{1,40}$/);

const body = fc.oneof(
  fc.constant(''),
  chunk.map((text) => `Content-Length: ${text.length}\r\n\r\n${text}`),
  fc.array(chunk, { maxLength: 4 }).map((chunks) => {
    const coded = chunks.map((text) => `${text.length.toString(16)};x=y\r\n${text}\r\n`).join('');
    return `Transfer-Encoding: chunked\r\n\r\n${coded}0\r\n\r\n`;
  }),
  chunk.map(
    (text) =>
      `Transfer-Encoding: chunked\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\nX-T: 1\r\n\r\n`,
  ),
);

const request = fc
  .tuple(fc.constantFrom('GET', 'POST', 'BREW'), fc.webPath(), fc.array(field, { maxLength: 5 }), body)
  .map(([method, path, fields, rest]) => {
    const lines = fields.map(([name, text]) => `${name}: ${text}\r\n`).join('');
    const head = `${method} ${path === '' ? '/' : path} HTTP/1.1\r\nHost: a.example\r\n${lines}`;
    return rest === '' ? `${head}\r\n` : head + rest;
  });

/** Valid requests one after the other, and then a few bytes changed: most of what is tested is how faults are found. */
const stream = fc
  .tuple(
    fc.array(request, { minLength: 1, maxLength: 4 }),
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('\r', '\n', '\0', ' ', ':', 'x', '0', '\x7f', '')), {
      maxLength: 3,
    }),
  )
  .map(([requests, changes]) => {
    let text = requests.join('');
    for (const [at, replacement] of changes) {
      const place = at % text.length;
      text = text.slice(0, place) + replacement + text.slice(place + 1);
    }
    return Buffer.from(text, 'latin1');
  });

describe('requests', () => {
  test('property: any split gives the same requests and the same refusal', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(), { maxLength: 12 }), (bytes, places) => {
        const whole = serveHttp1([bytes]);
        const split = serveHttp1(cut(bytes, places));
        assert.deepEqual(split.log, whole.log);
        assert.equal(split.written.replace(/date: .*\r\n/g, ''), whole.written.replace(/date: .*\r\n/g, ''));
      }),
      { numRuns: 800 },
    );
  });

  test('property: byte by byte, too', () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        assert.deepEqual(serveHttp1([...bytes].map((byte) => Buffer.of(byte))).log, serveHttp1([bytes]).log);
      }),
      { numRuns: 150 },
    );
  });

  test('property: no bytes at all crash it, and it closes what it refuses', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (reads) => {
        const { log, written } = serveHttp1(reads.map((read) => Buffer.from(read)));
        if (log.some((line) => line.startsWith('refused'))) assert.match(written, /connection: close\r\n/);
      }),
      { numRuns: 1_000 },
    );
  });
});

const response = fc
  .tuple(
    fc.constantFrom('103 Early Hints', ''),
    fc.constantFrom(200, 204, 304, 404),
    fc.array(field, { maxLength: 4 }),
    body,
  )
  .map(([early, status, fields, rest]) => {
    const lines = fields.map(([name, text]) => `${name}: ${text}\r\n`).join('');
    const first = early === '' ? '' : `HTTP/1.1 ${early}\r\nLink: x\r\n\r\n`;
    return `${first}HTTP/1.1 ${status} X\r\n${lines}${rest === '' ? 'Content-Length: 0\r\n\r\n' : rest}`;
  });

const answer = fc
  .tuple(
    response,
    fc.array(fc.tuple(fc.nat(), fc.constantFrom('\r', '\n', '\0', ' ', ':', '9', '')), { maxLength: 2 }),
  )
  .map(([text, changes]) => {
    let changed = text;
    for (const [at, replacement] of changes) {
      const place = at % changed.length;
      changed = changed.slice(0, place) + replacement + changed.slice(place + 1);
    }
    return Buffer.from(changed, 'latin1');
  });

describe('answers', () => {
  test('property: any split gives the same answer, or the same fault', () => {
    fc.assert(
      fc.property(answer, fc.array(fc.nat(), { maxLength: 12 }), fc.boolean(), (bytes, places, isHead) => {
        assert.deepEqual(receiveHttp1(cut(bytes, places), isHead), receiveHttp1([bytes], isHead));
      }),
      { numRuns: 800 },
    );
  });
});
