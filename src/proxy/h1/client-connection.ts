/**
 * One HTTP/1.1 connection to a backend: one exchange at a time. It writes rendered requests, and validates responses
 * as strictly as the server side validates requests.
 */
import { TimerEntry } from '../net/timer-wheel.ts';
import type { ByteSink, Transport } from '../net/transport.ts';
import type { FieldList } from '../message/head.ts';
import type { PreparedRequest } from '../message/outgoing.ts';
import type { ResetCause, UpstreamEvents, UpstreamStream } from '../message/stream.ts';
import { BodyFraming, BodyReader } from './body-reader.ts';
import { BulkRead } from '../message/bulk-read.ts';
import { BROKEN } from './chunked.ts';
import { INCOMPLETE } from '../message/field-table.ts';
import { HeldBytes } from './held-bytes.ts';
import { MessageWriter } from './message-writer.ts';
import { H1ResponseHead } from './response-head.ts';
import { H1PreparedRequest } from './write-request.ts';

/** Maximum size of a backend's response head. */
const MAX_HEAD_BYTES = 65_536;
/** Maximum number of informational responses to one request. */
const MAX_INFORMATIONAL = 32;

/** One parse at a time: the head is passed on and used before anything else is read. */
const head = new H1ResponseHead(MAX_HEAD_BYTES);

/** The owner of a connection. */
export interface ConnectionOwner {
  /** It is connected: `use` it, or leave it idle. */
  onConnected(connection: H1ClientConnection): void;
  /** The exchange is over and the connection can serve another. */
  onIdle(connection: H1ClientConnection): void;
  /** It is closed. `error`: the reason, if there was one. */
  onGone(connection: H1ClientConnection, error: Error | null): void;
  /** Its timer fired: connecting or idling took too long. */
  onTimeout(connection: H1ClientConnection): void;
}

export class H1ClientConnection extends TimerEntry implements UpstreamStream, ByteSink {
  /** Exchanges begun on this connection. */
  served = 0;
  /** Connect time, by the wheel's clock. */
  connectedAtMs = 0;
  isConnected = false;
  readonly #owner: ConnectionOwner;
  #transport: Transport | null = null;
  #writer: MessageWriter | null = null;
  readonly #reader = new BodyReader();
  #held: HeldBytes | null = null;
  #events: UpstreamEvents | null = null;
  readonly #bulk = new BulkRead();
  #isAnswerToHead = false;
  #upgrade = '';
  #webSocketAccept = '';
  #awaitsHead = false;
  #requestEnded = true;
  #isTunnel = false;
  #mustClose = false;
  #informational = 0;
  #isPaused = false;

  constructor(owner: ConnectionOwner) {
    super();
    this.#owner = owner;
  }

  attach(transport: Transport): void {
    this.#transport = transport;
    this.#writer = new MessageWriter(transport);
  }

  /** Begins an exchange: `start` follows. */
  use(events: UpstreamEvents): void {
    this.#events = events;
    this.served++;
  }

  get isBusy(): boolean {
    return this.#events !== null;
  }
  get isClosed(): boolean {
    return this.#transport === null || this.#transport.isClosed;
  }
  get reused(): boolean {
    return this.served > 1;
  }

  // --- the request ---

  start(prepared: PreparedRequest, ended: boolean): void {
    const writer = this.#writer;
    const transport = this.#transport;
    if (!(prepared instanceof H1PreparedRequest) || writer === null || transport === null) return;
    this.#isAnswerToHead = prepared.isHead;
    this.#upgrade = prepared.upgrade;
    this.#webSocketAccept = prepared.webSocketAccept;
    this.#awaitsHead = true;
    this.#requestEnded = ended;
    this.#isTunnel = false;
    this.#informational = 0;
    if (ended) {
      if (!transport.write(prepared.buffer.subarray(0, prepared.length))) prepared.isPinned = true;
      return;
    }
    writer.raw(prepared.buffer, prepared.length);
    writer.begin(prepared.framing, prepared.contentLength);
  }

  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    return this.#writer?.data(buffer, from, to, owned) ?? false;
  }

  sendEnd(trailers: FieldList | null): void {
    this.#requestEnded = true;
    if (this.#isTunnel) {
      this.#writer?.flush();
      this.#transport?.end();
    } else if (this.#writer?.end(trailers) === false) {
      // Shorter than declared: the connection must not be reused.
      this.#fail('invalid');
    }
  }

  flush(): void {
    this.#writer?.flush();
  }
  pauseResponse(): void {
    this.#isPaused = true;
    this.#transport?.pause();
  }
  resumeResponse(): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#transport?.resume();
  }

  cancel(): void {
    this.#events = null;
    this.destroy();
  }

  destroy(): void {
    this.#transport?.destroy();
  }

  // --- the answer ---

  onConnected(): void {
    this.isConnected = true;
    this.#owner.onConnected(this);
  }

  onBytes(buffer: Buffer, length: number): void {
    this.#bulk.lastReadBytes = length;
    if (this.#events === null || (!this.#awaitsHead && this.#reader.ended)) {
      // Unsolicited: it must not become the response to the next request.
      this.destroy();
      return;
    }
    const held = this.#held;
    if (held === null) {
      this.#process(buffer, 0, length);
      return;
    }
    held.append(buffer, 0, length);
    if (!held.isWorthALook(MAX_HEAD_BYTES)) return;
    const total = held.length;
    this.#held = null;
    this.#process(held.take(), 0, total);
  }

  #process(buffer: Buffer, from: number, to: number): void {
    let position = from;
    while (this.#awaitsHead) {
      position = this.#readHead(buffer, position, to);
      if (position <= 0) return;
      if (position === to) break;
    }
    const events = this.#events;
    if (events === null) return;
    if (!this.#awaitsHead && position < to && !this.#reader.ended) {
      position = this.#reader.read(buffer, position, to);
      if (position === BROKEN) {
        this.#fail('invalid');
        return;
      }
      this.#passOnPayload(buffer, events);
      if (this.#events === null) return;
    }
    if (!this.#awaitsHead && this.#reader.ended) this.#finish(position < to);
    else events.onResponseFlush();
  }

  /** Returns the position after a head, or 0 when there is nothing more to do with these bytes. */
  #readHead(buffer: Buffer, from: number, to: number): number {
    const position = head.parse(buffer, from, to, this.#isAnswerToHead);
    if (position === INCOMPLETE) {
      this.#held = new HeldBytes();
      this.#held.append(buffer, from, to);
      this.#held.isWorthALook(MAX_HEAD_BYTES);
      return 0;
    }
    if (position < 0) return this.#fail('invalid');
    if (head.status === 101) return this.#switchProtocols() ? position : this.#fail('invalid');
    if (head.status < 200) {
      if (++this.#informational > MAX_INFORMATIONAL) return this.#fail('invalid');
      this.#events?.onInformational(head);
      return this.#events === null ? 0 : position;
    }
    this.#awaitsHead = false;
    this.#mustClose = head.framing.close || head.endsWithConnection;
    this.#reader.begin(framingOf(head), head.contentLength);
    this.#events?.onResponseHead(head);
    return this.#events === null ? 0 : position;
  }

  /** 101 is valid only for a request with an upgrade, and only with the requested protocol. */
  #switchProtocols(): boolean {
    const upgrade = head.framing.upgrade;
    if (this.#upgrade === '' || !head.framing.connectionUpgrade || upgrade !== this.#upgrade) return false;
    const accept = this.#webSocketAccept;
    if (accept !== '' && head.fields.find('sec-websocket-accept') !== accept) return false;
    this.#awaitsHead = false;
    this.#mustClose = true;
    this.#isTunnel = true;
    this.#requestEnded = false;
    this.#reader.begin(BodyFraming.connection, 0);
    this.#writer?.begin(BodyFraming.connection, 0);
    this.#events?.onResponseHead(head);
    return true;
  }

  #passOnPayload(buffer: Buffer, events: UpstreamEvents): void {
    const { payloadFrom, payloadTo } = this.#reader;
    if (payloadTo === payloadFrom) return;
    events.onResponseData(buffer, payloadFrom, payloadTo, this.#bulk.giveAway(buffer));
  }

  /** The response is complete. `hasLeftover`: bytes came after it, so the connection cannot be trusted any more. */
  #finish(hasLeftover: boolean): void {
    const events = this.#events;
    if (events === null) return;
    const trailers = this.#reader.trailers;
    this.#detach();
    if (this.#mustClose || hasLeftover || !this.#requestEnded) this.destroy();
    else this.#owner.onIdle(this);
    events.onResponseEnd(trailers);
  }

  /** Ends the exchange because of the backend; returns 0, for callers that return positions. */
  #fail(cause: ResetCause): 0 {
    const events = this.#events;
    this.#detach();
    this.destroy();
    events?.onUpstreamReset(cause);
    return 0;
  }

  #detach(): void {
    this.#events = null;
    this.#held = null;
    this.resumeResponse();
    this.#bulk.stop();
  }

  nextReadBuffer(): Buffer | null {
    return this.#bulk.next(this.#events !== null && !this.#awaitsHead && !this.#reader.ended);
  }

  onEnd(): void {
    const events = this.#events;
    if (events === null) {
      this.destroy();
      return;
    }
    if (this.#awaitsHead || this.#reader.framing !== BodyFraming.connection) {
      this.#fail('reset');
      return;
    }
    if (this.#isTunnel && !this.#requestEnded) {
      // Half-closed: the client may still send.
      this.#reader.ended = true;
      events.onResponseEnd(null);
      return;
    }
    this.#mustClose = true;
    this.#finish(false);
  }

  onDrain(): void {
    this.#events?.onUpstreamDrained();
  }

  onClose(error: Error | null): void {
    const events = this.#events;
    this.#detach();
    this.#writer?.onClose();
    this.#owner.onGone(this, error);
    if (this.isConnected) events?.onUpstreamReset('reset');
  }

  onTimer(): void {
    this.#owner.onTimeout(this);
  }
}

function framingOf(response: H1ResponseHead): BodyFraming {
  if (!response.hasBody) return BodyFraming.none;
  if (response.framing.chunked) return BodyFraming.chunked;
  return response.endsWithConnection ? BodyFraming.connection : BodyFraming.length;
}
