/** The server engines use nothing of a transport but its operations: here they serve one without a socket. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DEFAULT_CLIENT_LIMITS } from '../../ir/client-limits.ts';
import { FakeTransport } from '../../../test/support/fake-transport.ts';
import { PREFACE, headers, request, settings, settingsAck } from '../../../test/support/h2-frames.ts';
import { Http1Server } from '../h1/http1-server.ts';
import { acceptHttp2 } from '../h2/http2-server.ts';
import { DownstreamConnection } from '../message/downstream-connection.ts';
import { NO_EDITS } from '../message/head-edits.ts';
import { LocalHead } from '../message/head.ts';
import type { ServerHost } from '../message/server-host.ts';
import type { DownstreamEvents, DownstreamStream } from '../message/stream.ts';
import { TimerWheel } from '../net/timer-wheel.ts';

/** One connection to a server engine whose exchanges do only what the test tells them to. */
class Served {
  readonly transport = new FakeTransport();
  readonly events: string[] = [];
  readonly #wheel = new TimerWheel();
  #stream: DownstreamStream | null = null;
  readonly #exchange: DownstreamEvents = {
    onRequestData: (buffer, from, to) => this.events.push(`data ${buffer.toString('latin1', from, to)}`),
    onRequestEnd: () => this.events.push('end'),
    onRequestFlush: () => undefined,
    onDownstreamDrained: () => this.events.push('drained'),
    onDownstreamReset: (cause) => this.events.push(`reset ${cause}`),
  };
  readonly host: ServerHost = {
    wheel: this.#wheel,
    begin: (stream, { method, path }) => {
      this.events.push(`${method} ${path}`);
      this.#stream = stream;
      return this.#exchange;
    },
    opened: () => this.events.push('opened'),
    closed: () => this.events.push('closed'),
    detectProtocol: () => assert.fail('the protocol is known'),
    refused: (reason) => this.events.push(`refused ${reason}`),
  };

  constructor() {
    // The wheel's timers must not keep the test alive.
    setImmediate(() => this.#wheel.stop());
  }

  get stream(): DownstreamStream {
    assert.ok(this.#stream);
    return this.#stream;
  }

  connection(): DownstreamConnection {
    const connection = new DownstreamConnection({
      clientAddress: '192.0.2.1',
      clientPort: 1,
      peers: { source: this.transport.remoteAddress, destination: this.transport.localAddress },
      scheme: 'http',
      listenerPort: 80,
      serverName: null,
      tlsListener: null,
      readCertificate: null,
      limits: DEFAULT_CLIENT_LIMITS,
    });
    connection.mayBeHttp2 = false;
    return connection;
  }

  /** Sends `body` as the beginning of a body of `length` bytes. */
  respond(body: string, length = body.length): boolean {
    const head = new LocalHead(200, ['content-length'], [String(length)], length);
    this.stream.sendHead(head, NO_EDITS, null);
    return this.stream.sendData(Buffer.from(body), 0, body.length, false);
  }
}

function serveHttp1(bytes: string): Served {
  const served = new Served();
  new Http1Server().accept(served.transport, served.connection(), served.host);
  served.transport.read(Buffer.from(bytes));
  return served;
}

function serveHttp2(method: string): Served {
  const served = new Served();
  acceptHttp2(served.transport, served.connection(), served.host);
  const fields = { ':method': method, ':path': '/', ':authority': 'a.example' };
  const isBodiless = method === 'GET';
  served.transport.read(
    Buffer.concat([PREFACE, settings(), settingsAck(), headers(1, request(fields), isBodiless)]),
  );
  return served;
}

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const GET_LAST = 'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 8\r\n\r\nhalf';

describe('HTTP/1.1', () => {
  test('a response is written, and the connection is kept', () => {
    const served = serveHttp1(GET);
    assert.equal(served.respond('ok'), true);
    served.stream.sendEnd(null);
    assert.match(served.transport.written, /^HTTP\/1\.1 200 OK\r\ncontent-length: 2\r\n\r\nok$/);
    assert.equal(served.transport.isOver, false);
    served.transport.read(Buffer.from(GET));
    assert.deepEqual(served.events, ['opened', 'GET /', 'GET /']);
  });

  test('a body is paused and resumed', () => {
    const served = serveHttp1(POST);
    served.stream.pauseRequest();
    assert.equal(served.transport.isPaused, true);
    served.stream.resumeRequest();
    assert.equal(served.transport.isPaused, false);
    served.transport.read(Buffer.from('rest'));
    assert.deepEqual(served.events, ['opened', 'POST /', 'data half', 'data rest', 'end']);
  });

  test('a transport that is blocked stops the producer until it has drained', () => {
    const served = serveHttp1(GET);
    served.transport.isBlocked = true;
    assert.equal(served.respond('ok'), false);
    served.transport.drain();
    assert.deepEqual(served.events, ['opened', 'GET /', 'drained']);
  });

  test('a response that is broken off resets the connection', () => {
    const served = serveHttp1(GET);
    served.respond('ok');
    served.stream.abort();
    assert.equal(served.transport.wasReset, true);
    assert.equal(served.events.includes('closed'), true);
  });

  test('after the last request the connection closes at once', () => {
    const served = serveHttp1(GET_LAST);
    served.respond('ok');
    served.stream.sendEnd(null);
    assert.equal(served.transport.isClosed, true);
  });

  test('with a body unread the connection ends, and closes when its peer has', () => {
    const served = serveHttp1(POST.replace('Host', 'Connection: close\r\nHost'));
    served.respond('ok');
    served.stream.sendEnd(null);
    assert.equal(served.transport.isEnded, true);
    served.transport.read(Buffer.from('rest'));
    assert.equal(served.transport.isClosed, false, 'closing would reset a connection with bytes unread');
    served.transport.destroy();
    assert.equal(served.events.at(-1), 'closed');
  });
});

describe('HTTP/2', () => {
  const nextTurn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('frames of a turn leave in one write', async () => {
    const served = serveHttp2('GET');
    served.respond('ok');
    served.stream.sendEnd(null);
    assert.equal(served.transport.writes, 0);
    await nextTurn();
    assert.equal(served.transport.writes, 1);
    assert.match(served.transport.written, /ok/);
    assert.equal(served.transport.isOver, false);
  });

  test('a transport that is blocked stops the producer until it has drained', async () => {
    const served = serveHttp2('GET');
    await nextTurn();
    served.transport.isBlocked = true;
    assert.equal(served.respond('ok', 4), false);
    await nextTurn();
    assert.doesNotMatch(served.transport.written, /ok/);
    served.transport.drain();
    await nextTurn();
    assert.match(served.transport.written, /ok/);
    assert.deepEqual(served.events, ['opened', 'GET /', 'drained']);
  });

  test('a client that ends its direction is gone', () => {
    const served = serveHttp2('POST');
    served.transport.readEnd();
    assert.deepEqual(served.events, ['opened', 'POST /', 'reset reset']);
    assert.equal(served.transport.isEnded, true);
    served.transport.destroy();
    assert.equal(served.events.at(-1), 'closed');
  });
});
