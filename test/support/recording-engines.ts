/** Protocol engines on fake transports that write down, in words, what they made of the bytes they were given. For tests. */
import assert from 'node:assert/strict';
import { DEFAULT_CLIENT_LIMITS, type ClientLimits } from '../../src/ir/client-limits.ts';
import { DEFAULT_CLUSTER_POLICY } from '../../src/ir/policy.ts';
import { TimerWheel } from '../../src/proxy/net/timer-wheel.ts';
import { DownstreamConnection } from '../../src/proxy/message/downstream-connection.ts';
import { H1ClientConnection } from '../../src/proxy/h1/client-connection.ts';
import { Http1Server } from '../../src/proxy/h1/http1-server.ts';
import { renderRequest } from '../../src/proxy/h1/write-request.ts';
import { H2ClientConnection } from '../../src/proxy/h2/client-connection.ts';
import { acceptHttp2 } from '../../src/proxy/h2/http2-server.ts';
import { prepareHttp2 } from '../../src/proxy/h2/write-request.ts';
import { NO_EDITS } from '../../src/proxy/message/head-edits.ts';
import { LocalHead, type FieldList, type RequestHead } from '../../src/proxy/message/head.ts';
import type { OutgoingRequest } from '../../src/proxy/message/outgoing.ts';
import type { ServerHost } from '../../src/proxy/message/server-host.ts';
import type { DownstreamEvents, DownstreamStream, UpstreamEvents } from '../../src/proxy/message/stream.ts';
import { FakeTransport } from './fake-transport.ts';

const RECORDING_LIMITS: ClientLimits = {
  ...DEFAULT_CLIENT_LIMITS,
  headBytes: 2_000,
  targetBytes: 300,
  headerCount: 20,
};

/** The clock is frozen: time-based budgets would make the result depend on speed. */
const STOPPED_CLOCK = {
  now: () => 0,
  wake: () => 0,
  setTimer: () => null,
  clearTimer: () => undefined,
};
const RUNS_PER_WHEEL = 50;
let wheel = new TimerWheel(STOPPED_CLOCK);
let runs = 0;

/** Making one costs more than most runs; one that is used for ever keeps what was never due. */
function stoppedWheel(): TimerWheel {
  if (++runs % RUNS_PER_WHEEL === 0) wheel = new TimerWheel(STOPPED_CLOCK);
  return wheel;
}

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
    wheel: stoppedWheel(),
    begin,
    opened: () => undefined,
    closed: () => undefined,
    detectProtocol: () => assert.fail('the connection is known to speak HTTP/1.1'),
    refused: (reason) => log.push(`refused ${reason}`),
  };
}

/** A client's connection that is known to speak HTTP/1.1, or HTTP/2. */
function recordedConnection(): DownstreamConnection {
  const connection = new DownstreamConnection({
    clientAddress: '192.0.2.1',
    clientPort: 1,
    peers: {
      source: { address: '192.0.2.1', port: 1 },
      destination: { address: '192.0.2.2', port: 80 },
    },
    scheme: 'http',
    listenerPort: 80,
    serverName: null,
    tlsListener: null,
    readCertificate: null,
    limits: RECORDING_LIMITS,
  });
  connection.mayBeHttp2 = false;
  return connection;
}

interface Served {
  readonly log: readonly string[];
  readonly written: string;
}

/** What the HTTP/1.1 server makes of a client's reads. */
export function serveHttp1(reads: readonly Buffer[]): Served {
  const log: string[] = [];
  const transport = new FakeTransport();
  const host = recordingHost(log);
  new Http1Server().accept(transport, recordedConnection(), host);
  for (const read of reads) transport.read(read);
  return { log, written: transport.written };
}

/** What the HTTP/2 server makes of a client's reads, the preface included. */
export function serveHttp2(reads: readonly Buffer[]): Served {
  const log: string[] = [];
  const transport = new FakeTransport();
  acceptHttp2(transport, recordedConnection(), recordingHost(log));
  for (const read of reads) transport.read(read);
  log.push(transport.isOver ? 'closed' : 'open');
  transport.destroy();
  return { log, written: transport.written };
}

/** Cuts bytes at these places, each taken modulo the length; no piece is empty. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set([...places.map((place) => place % (bytes.length + 1)), bytes.length])].sort(
    (a, b) => a - b,
  );
  return ends
    .map((end, index) => bytes.subarray(index === 0 ? 0 : ends[index - 1], end))
    .filter(({ length }) => length > 0);
}

/** What an exchange hears of its answer, kept as words. */
class RecordedAnswer implements UpstreamEvents {
  readonly #events: string[] = [];
  #text = '';
  #isBroken = false;

  onUpstreamReady(): void {
    // The test starts it.
  }
  onUpstreamUnavailable(): void {
    this.#events.push('unavailable');
  }
  onInformational(head: Parameters<UpstreamEvents['onInformational']>[0]): void {
    this.#events.push(`${head.status} ${fieldsOf(head)}`);
  }
  onResponseHead(head: Parameters<UpstreamEvents['onResponseHead']>[0]): void {
    this.#events.push(`${head.status} ${fieldsOf(head)} ${head.hasBody} ${head.contentLength}`);
  }
  onResponseData(buffer: Buffer, from: number, to: number): void {
    this.#text += buffer.toString('latin1', from, to);
  }
  onResponseEnd(trailers: FieldList | null): void {
    this.#events.push(`end ${fieldsOf(trailers)}`);
  }
  onResponseFlush(): void {
    // Nothing is held back.
  }
  onUpstreamDrained(): void {
    // Nothing waits.
  }
  onUpstreamReset(cause: string): void {
    this.#isBroken = true;
    this.#events.push(`reset ${cause}`);
  }

  /** How much of a body came through before its fault was seen is a matter of timing: it is left out. */
  get words(): readonly string[] {
    return [...this.#events, this.#isBroken ? '' : this.#text];
  }
}

/** What the HTTP/1.1 client makes of a backend's reads, which answer a GET, or a HEAD. */
export function receiveHttp1(reads: readonly Buffer[], isHead: boolean): string[] {
  const answer = new RecordedAnswer();
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
  client.use(answer);
  client.start(renderRequest(outgoing(isHead ? 'HEAD' : 'GET')), true);
  for (const read of reads) transport.read(read);
  return [...answer.words, transport.isOver ? 'closed' : 'open'];
}

const requests = new Map<string, OutgoingRequest>();

/** A request without a body, as an exchange hands it to a client engine. */
function outgoing(method: string): OutgoingRequest {
  const made = requests.get(method) ?? makeOutgoing(method);
  requests.set(method, made);
  return made;
}

function makeOutgoing(method: string): OutgoingRequest {
  const parsed: RequestHead[] = [];
  const transport = new FakeTransport();
  const host = { ...recordingHost([]) };
  host.begin = (_stream, head) => {
    parsed.push(head.retain());
    return recordingHost([]).begin(_stream, head, recordedConnection());
  };
  new Http1Server().accept(transport, recordedConnection(), host);
  transport.read(Buffer.from(`${method} / HTTP/1.1\r\nHost: a.example\r\n\r\n`));
  const [head] = parsed;
  assert.ok(head);
  return {
    head,
    method,
    target: null,
    authority: null,
    scheme: 'http',
    edits: NO_EDITS,
    forwarding: recordedConnection().forwarding,
    forwardedHost: 'a.example',
    requestNumber: 1,
    bodyBytes: null,
    upgrade: '',
    sendsExpect: true,
  };
}

/** What the HTTP/2 client makes of a backend's reads, which answer a GET on stream 1 and a HEAD on stream 3. */
export function receiveHttp2(reads: readonly Buffer[]): string[] {
  const transport = new FakeTransport();
  const ignore = (): void => undefined;
  const owner = { onReady: ignore, onRoom: ignore, onIdle: ignore, onGone: ignore };
  const client = new H2ClientConnection(owner, transport, stoppedWheel(), DEFAULT_CLUSTER_POLICY.http2);
  transport.sink = client;
  client.start();
  const answers = ['GET', 'HEAD'].map((method) => {
    const answer = new RecordedAnswer();
    client.open(answer).start(prepareHttp2(outgoing(method)), true);
    return answer;
  });
  for (const read of reads) transport.read(read);
  const words = [...answers.flatMap((answer) => answer.words), transport.isOver ? 'closed' : 'open'];
  transport.destroy();
  return words;
}
