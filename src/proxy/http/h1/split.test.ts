/** However the bytes of a connection are cut into reads, the same messages are found in them, and the same faults. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FakeTransport } from '../../../../test/support/fake-transport.ts';
import { DEFAULT_LIMITS } from '../../proxy-api.ts';
import { TimerWheel } from '../../timer-wheel.ts';
import { DownstreamConnection } from '../downstream-connection.ts';
import { NO_EDITS } from '../head-edits.ts';
import { LocalHead, type FieldList, type RequestHead } from '../head.ts';
import type { ServerHost } from '../server-host.ts';
import type { DownstreamEvents, DownstreamStream } from '../stream.ts';
import { H1ClientConnection } from './client-connection.ts';
import { Http1Server } from './http1-server.ts';
import { renderRequest } from './write-request.ts';

const LIMITS = { ...DEFAULT_LIMITS, headBytes: 2_000, targetBytes: 300, headerCount: 20 };

const fieldsOf = (fields: FieldList | null): string =>
  fields === null
    ? '-'
    : Array.from({ length: fields.count }, (_, i) => `${fields.name(i)}=${fields.value(i)}`).join('|');

/** Answers each request when it is whole, and writes down what it was. */
function recordingHost(log: string[]): ServerHost {
  const begin = (stream: DownstreamStream, head: RequestHead): DownstreamEvents => {
    let body = '';
    const { method, host, path, query, version, upgrade } = head;
    const line = [method, host, path, query, version, upgrade, fieldsOf(head)].join(' ');
    const finish = (trailers: FieldList | null): void => {
      log.push(`${line} body=${body} trailers=${fieldsOf(trailers)}`);
      stream.sendHead(new LocalHead(200, ['content-length'], ['0']), NO_EDITS, null);
      stream.sendEnd(null);
    };
    if (!head.hasBody) finish(null);
    return {
      onRequestData: (buffer, from, to) => (body += buffer.toString('latin1', from, to)),
      onRequestEnd: finish,
      onRequestFlush: () => undefined,
      onDownstreamDrained: () => undefined,
      onDownstreamReset: (cause, reason) => {
        // How much of the body came through before its fault was seen is a matter of timing.
        log.push(`${line} broken ${cause} ${reason}`);
        if (cause !== 'reset') stream.abort();
      },
    };
  };
  return {
    limits: LIMITS,
    wheel: new TimerWheel(),
    isDraining: false,
    begin,
    opened: () => undefined,
    closed: () => undefined,
    choose: () => assert.fail('the connection is known to speak HTTP/1.1'),
    refused: (reason) => log.push(`refused ${reason}`),
  };
}

const connection = new DownstreamConnection({
  clientAddress: '192.0.2.1',
  clientPort: 1,
  scheme: 'http',
  listenerPort: 80,
  serverName: null,
  tlsListener: null,
});
connection.mayBeHttp2 = false;

function serve(reads: readonly Buffer[]): { readonly log: readonly string[]; readonly written: string } {
  const log: string[] = [];
  const transport = new FakeTransport();
  const host = recordingHost(log);
  new Http1Server(LIMITS).accept(transport, connection, host);
  for (const read of reads) transport.read(read);
  host.wheel.stop();
  return { log, written: transport.written };
}

/** Cuts bytes at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set([...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return ends
    .map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
    .filter(({ length }) => length > 0);
}

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
        const whole = serve([bytes]);
        const split = serve(cut(bytes, places));
        assert.deepEqual(split.log, whole.log);
        assert.equal(split.written.replace(/date: .*\r\n/g, ''), whole.written.replace(/date: .*\r\n/g, ''));
      }),
      { numRuns: 800 },
    );
  });

  test('property: byte by byte, too', () => {
    fc.assert(
      fc.property(stream, (bytes) => {
        assert.deepEqual(serve([...bytes].map((byte) => Buffer.of(byte))).log, serve([bytes]).log);
      }),
      { numRuns: 150 },
    );
  });

  test('property: no bytes at all crash it, and it closes what it refuses', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 5 }), (reads) => {
        const { log, written } = serve(reads.map((read) => Buffer.from(read)));
        if (log.some((line) => line.startsWith('refused'))) assert.match(written, /connection: close\r\n/);
      }),
      { numRuns: 1_000 },
    );
  });
});

/** What a client connection makes of an answer. */
function receive(reads: readonly Buffer[], isHead: boolean): string[] {
  const events: string[] = [];
  const transport = new FakeTransport();
  const client = new H1ClientConnection({
    onConnected: () => undefined,
    onIdle: () => undefined,
    onGone: () => undefined,
    onTimeout: () => undefined,
  });
  client.attach(transport);
  transport.sink = client;
  client.isConnected = true;
  let text = '';
  const headOf = (status: number, fields: FieldList): string => `${status} ${fieldsOf(fields)}`;
  client.use({
    onUpstreamReady: () => undefined,
    onUpstreamUnavailable: () => undefined,
    onInformational: (head) => events.push(headOf(head.status, head)),
    onResponseHead: (head) =>
      events.push(`${headOf(head.status, head)} ${head.hasBody} ${head.contentLength}`),
    onResponseData: (buffer, from, to) => (text += buffer.toString('latin1', from, to)),
    onResponseEnd: (trailers) => events.push(`end ${fieldsOf(trailers)}`),
    onResponseFlush: () => undefined,
    onUpstreamDrained: () => undefined,
    onUpstreamReset: (cause) => events.push(`reset ${cause}`),
  });
  client.start(requestFor(isHead ? 'HEAD' : 'GET'), true);
  for (const read of reads) transport.read(read);
  // How much of the body came through before its fault was seen is a matter of timing.
  const isBroken = events.some((event) => event.startsWith('reset'));
  return [...events, isBroken ? '' : text, transport.isClosed ? 'closed' : 'open'];
}

function requestFor(method: string): ReturnType<typeof renderRequest> {
  const parsed: RequestHead[] = [];
  const transport = new FakeTransport();
  const host = { ...recordingHost([]) };
  host.begin = (_stream, head) => {
    parsed.push(head.retain());
    return recordingHost([]).begin(_stream, head, connection);
  };
  new Http1Server(LIMITS).accept(transport, connection, host);
  transport.read(Buffer.from(`${method} / HTTP/1.1\r\nHost: a.example\r\n\r\n`));
  const [head] = parsed;
  assert.ok(head);
  return renderRequest({
    head,
    method,
    target: null,
    authority: null,
    scheme: 'http',
    edits: NO_EDITS,
    forwarding: connection.forwarding,
    forwardedHost: 'a.example',
    requestNumber: 1,
    bodyBytes: null,
    extra: null,
  });
}

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
        assert.deepEqual(receive(cut(bytes, places), isHead), receive([bytes], isHead));
      }),
      { numRuns: 800 },
    );
  });
});
