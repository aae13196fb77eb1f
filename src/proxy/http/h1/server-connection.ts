/**
 * One HTTP/1.1 connection of a client: parses requests one after the other, holds back what comes ahead of its turn, and writes the
 * answers. Everything about routes, backends and time limits of requests is the exchange's.
 */
import type { ReasonCode } from '../../../ir/reason.ts';
import type { HeaderField } from '../../../ir/filter.ts';
import type { ByteSink, Transport } from '../../listener/transport.ts';
import type { DownstreamConnection } from '../downstream-connection.ts';
import { NO_EDITS, type HeadEdits } from '../head-edits.ts';
import { LocalHead, type FieldList, type ResponseHead } from '../head.ts';
import { answerForReason } from '../local-answer.ts';
import { DRAIN_QUIET_MS, type ServerConnection, type ServerHost } from '../server-host.ts';
import type { DownstreamEvents, DownstreamStream, ResetCause } from '../stream.ts';
import { beginsPreface } from '../h2/frame.ts';
import { BodyMeter } from './body-meter.ts';
import { BodyFraming, BodyReader } from './body-reader.ts';
import { BulkRead } from './bulk-read.ts';
import { BROKEN } from './chunked.ts';
import { INCOMPLETE } from './field-table.ts';
import { HeldBytes } from './held-bytes.ts';
import { closeAtOnce, LingeringClose } from './lingering-close.ts';
import type { H1RequestHead } from './request-head.ts';
import { ReadGate } from './read-gate.ts';
import { responseFraming } from './response-writer.ts';
import { H1ServerOutput } from './server-output.ts';

/** What the next byte is. */
const HEAD = 0;
const BODY = 1;
/** Of a later request, or of a tunnel that is not agreed on yet: held until its turn comes. */
const AHEAD = 2;
const TUNNEL = 3;
/** Nothing: the connection is closing. */
const CLOSING = 4;

/** Bytes held ahead of their turn before reading stops. */
const MAX_AHEAD_BYTES = 65_536;
/** Rest of an unwanted body that is read to keep a connection; a longer one closes it. */
const MAX_UNWANTED_BYTES = 65_536;
/** A client that has ended its direction may wait for its answer, or be gone: it gets this long to show which. */
const HALF_CLOSED_MS = 5_000;

export class H1ServerConnection
  extends H1ServerOutput
  implements ByteSink, DownstreamStream, ServerConnection
{
  readonly #host: ServerHost;
  /** Shared by all connections: a head is used up within the call that parses it. */
  readonly #head: H1RequestHead;
  readonly #connection: DownstreamConnection;
  readonly #reader = new BodyReader();
  readonly #held = new HeldBytes();
  readonly #bulk = new BulkRead();
  readonly #gate: ReadGate;
  readonly #meter = new BodyMeter();
  #state = HEAD;
  #events: DownstreamEvents | null = null;
  /** An answer is owed. */
  #isAnswering = false;
  #isProcessing = false;
  #askedUpgrade = '';
  /** The client said that it sends nothing more after this request. */
  #isLastRequest = false;
  #responseStarted = false;
  #requests = 0;

  constructor(host: ServerHost, head: H1RequestHead, transport: Transport, connection: DownstreamConnection) {
    super(transport);
    this.#host = host;
    this.#head = head;
    this.#connection = connection;
    this.#gate = new ReadGate(transport.socket);
    host.opened(this);
    this.#scheduleIn(host.limits.headTimeoutMs);
  }

  #scheduleIn(delayMs: number): void {
    const { wheel } = this.#host;
    if (delayMs > 0) wheel.schedule(this, wheel.now() + delayMs);
    else wheel.cancel(this);
  }

  // --- bytes of the client ---

  onBytes(buffer: Buffer, length: number): void {
    if (this.#connection.mayBeHttp2) {
      if (this.#isHandedOver(buffer, length)) return;
      this.#connection.mayBeHttp2 = false;
    }
    this.#bulk.lastReadBytes = length;
    if (this.#held.length === 0) {
      this.#process(buffer, 0, length);
      return;
    }
    this.#hold(buffer, 0, length);
    if (this.#state === HEAD && this.#held.isWorthALook(this.#host.limits.headBytes)) this.#processHeld();
  }

  /** A preface of HTTP/2 looks like a request of a method that HTTP/1.1 does not have. */
  #isHandedOver(buffer: Buffer, length: number): boolean {
    if (!beginsPreface(buffer, length)) return false;
    const { transport } = this;
    this.#host.wheel.remove(this);
    this.#host.choose(transport, this.#connection);
    this.#host.closed(this);
    transport.sink.onBytes(buffer, length);
    return true;
  }

  #processHeld(): void {
    const { length } = this.#held;
    if (length > 0) this.#process(this.#held.take(), 0, length);
  }

  #process(buffer: Buffer, from: number, to: number): void {
    this.#isProcessing = true;
    let position = from;
    while (position < to) {
      if (this.#state === HEAD) position = this.#readHead(buffer, position, to);
      else if (this.#state === BODY || this.#state === TUNNEL)
        position = this.#readBody(buffer, position, to);
      else break;
    }
    if (position < to && this.#state === AHEAD) this.#hold(buffer, position, to);
    this.#isProcessing = false;
    this.#events?.onRequestFlush();
  }

  #hold(buffer: Buffer, from: number, to: number): void {
    this.#held.append(buffer, from, to);
    if (this.#state === HEAD || this.#held.length < MAX_AHEAD_BYTES) return;
    this.#gate.fill();
  }

  #readHead(buffer: Buffer, from: number, to: number): number {
    const head = this.#head;
    const position = head.parse(buffer, from, to);
    if (position === INCOMPLETE) {
      if (this.#held.length === 0 && this.#requests > 0) this.#scheduleIn(this.#host.limits.headTimeoutMs);
      this.#hold(buffer, from, to);
      this.#held.isWorthALook(this.#host.limits.headBytes);
      return to;
    }
    if (position < 0) {
      if (head.line.isHttp || this.#requests > 0) this.#refuse(head.refusal);
      else this.#leaveStranger();
      return to;
    }
    const { bodyBytes } = this.#host.limits;
    if (bodyBytes > 0 && head.contentLength > bodyBytes) {
      this.#refuse('body_too_large');
      return to;
    }
    this.#begin(head);
    return position;
  }

  #begin(head: H1RequestHead): void {
    const { limits, isDraining } = this.#host;
    this.#requests++;
    this.minor = head.line.minor;
    this.#isLastRequest = head.framing.close;
    this.close =
      head.framing.close ||
      isDraining ||
      (limits.requestsPerConnection > 0 && this.#requests >= limits.requestsPerConnection);
    this.#askedUpgrade = head.upgrade;
    this.awaitsContinue = head.expectsContinue && head.hasBody;
    this.#responseStarted = false;
    this.#isAnswering = true;
    if (head.hasBody) {
      this.#state = BODY;
      this.#meter.begin();
      this.#reader.begin(head.framing.chunked ? BodyFraming.chunked : BodyFraming.length, head.contentLength);
      this.#scheduleIn(limits.slowBody.windowMs);
    } else {
      this.#state = AHEAD;
      this.#host.wheel.cancel(this);
    }
    this.#follow(this.#host.begin(this, head, this.#connection));
  }

  /** The exchange hears of the request, unless it has answered already. */
  #follow(events: DownstreamEvents): void {
    if (this.#isAnswering) this.#events = events;
  }

  #readBody(buffer: Buffer, from: number, to: number): number {
    const reader = this.#reader;
    const position = reader.read(buffer, from, to);
    if (position === BROKEN) {
      this.#breakOff('invalid', 'bad_request');
      return to;
    }
    this.awaitsContinue = false;
    const bytes = reader.payloadTo - reader.payloadFrom;
    this.#meter.add(bytes);
    const { bodyBytes } = this.#host.limits;
    if (bodyBytes > 0 && this.#meter.bytes > bodyBytes && this.#state === BODY) {
      this.#breakOff('invalid', 'body_too_large');
      return to;
    }
    if (bytes > 0) this.#passOnPayload(buffer);
    if (reader.ended && this.#state === BODY) this.#endRequest();
    return position;
  }

  #passOnPayload(buffer: Buffer): void {
    const { payloadFrom, payloadTo } = this.#reader;
    const events = this.#events;
    if (events !== null) {
      events.onRequestData(buffer, payloadFrom, payloadTo, this.#bulk.giveAway(buffer));
    } else if (this.#meter.bytes > MAX_UNWANTED_BYTES) this.#closeSoon();
  }

  #endRequest(): void {
    this.#state = AHEAD;
    this.#host.wheel.cancel(this);
    if (this.#isAnswering) this.#events?.onRequestEnd(this.#reader.trailers);
    else this.#next();
  }

  /** The request cannot be completed; the exchange answers, if it still can. */
  #breakOff(cause: ResetCause, reason: ReasonCode): void {
    const events = this.#events;
    this.#events = null;
    this.#state = AHEAD;
    this.close = true;
    if (events === null) this.#closeSoon();
    else events.onDownstreamReset(cause, reason);
  }

  /** Answers a head that is not to be acted upon. Where the next message would begin is anybody's guess: the connection closes. */
  #refuse(reason: ReasonCode): void {
    this.#host.refused(reason, this.#connection);
    const { head, body } = answerForReason(reason, false);
    this.close = true;
    this.#isAnswering = true;
    this.#state = AHEAD;
    this.minor = 1;
    this.sendHead(head, NO_EDITS, null);
    this.sendData(body, 0, body.length, false);
    this.sendEnd(null);
  }

  /** The connection began with something else than HTTP: an HTTP/2 preface gone wrong, say (RFC 9113 section 3.4). */
  #leaveStranger(): void {
    this.#host.refused('bad_request', this.#connection);
    this.#closeSoon();
  }

  // --- the answer ---

  sendHead(head: ResponseHead, edits: HeadEdits, extra: readonly HeaderField[] | null): void {
    this.#responseStarted = true;
    this.upgrade = head.status === 101 ? this.#askedUpgrade : '';
    const isUnwanted =
      this.#state === BODY && (this.awaitsContinue || (head instanceof LocalHead && !this.#isRestShort()));
    const framing = responseFraming(head, this.minor);
    if (isUnwanted || framing === BodyFraming.connection || this.#host.isDraining) this.close = true;
    this.writer.head(head, edits, extra, this);
    this.writer.begin(framing, head.contentLength);
    if (this.upgrade !== '') this.#openTunnel();
  }

  /** The rest of the request's body is small enough to be read and dropped. */
  #isRestShort(): boolean {
    return this.#reader.framing === BodyFraming.length && this.#reader.remaining <= MAX_UNWANTED_BYTES;
  }

  #openTunnel(): void {
    this.close = true;
    this.#state = TUNNEL;
    this.#reader.begin(BodyFraming.connection, 0);
    this.writer.begin(BodyFraming.connection, 0);
    this.writer.flush();
    this.#gate.open();
    if (!this.#isProcessing) this.#processHeld();
  }

  sendEnd(trailers: FieldList | null): void {
    const isComplete = this.writer.end(trailers);
    this.#isAnswering = false;
    if (this.#state === TUNNEL) {
      // Half-closed, until the client has ended too.
      this.transport.socket.end();
      return;
    }
    this.#events = null;
    if (!isComplete) this.abort();
    else if (this.close) this.#closeSoon();
    else if (this.#state !== BODY) this.#next();
    else if (this.awaitsContinue) this.#closeSoon();
    else {
      this.#meter.begin();
      this.#gate.open();
    }
  }

  /** Ready for the next request. */
  #next(): void {
    this.#state = HEAD;
    this.#scheduleIn(this.#host.limits.idleTimeoutMs);
    this.#gate.open();
    if (!this.#isProcessing) this.#processHeld();
  }

  pauseRequest(): void {
    this.#gate.pause();
  }

  resumeRequest(): void {
    this.#gate.resume();
  }

  /** Says no more. */
  #closeSoon(): void {
    if (this.#state === CLOSING) return;
    const isQuiet = this.#isLastRequest && this.#state === AHEAD && this.#held.length === 0;
    this.#state = CLOSING;
    this.#events = null;
    this.#bulk.stop();
    this.writer.flush();
    this.#host.wheel.cancel(this);
    if (!isQuiet || !closeAtOnce(this.transport)) new LingeringClose(this.transport, this.#host.wheel, this);
  }

  // --- events of the socket ---

  nextReadBuffer(): Buffer | null {
    const readsBody = (this.#state === BODY || this.#state === TUNNEL) && this.#events !== null;
    return this.#bulk.next(readsBody && !this.#reader.ended);
  }

  onEnd(): void {
    switch (this.#state) {
      case TUNNEL: {
        const events = this.#events;
        if (!this.#isAnswering) this.#events = null;
        events?.onRequestEnd(null);
        return;
      }
      case AHEAD:
        this.close = true;
        this.#scheduleIn(HALF_CLOSED_MS);
        return;
      case HEAD:
        this.#closeSoon();
        return;
      case BODY:
        this.destroy();
        return;
    }
  }

  onDrain(): void {
    this.#events?.onDownstreamDrained();
  }

  onClose(): void {
    const events = this.#events;
    this.#events = null;
    this.#state = CLOSING;
    this.#host.wheel.remove(this);
    this.writer.onClose();
    this.#bulk.stop();
    this.#host.closed(this);
    events?.onDownstreamReset('reset', 'client_closed');
  }

  onTimer(): void {
    switch (this.#state) {
      case HEAD:
        if (this.#held.length > 0) this.#refuse('idle_timeout');
        else this.#closeSoon();
        return;
      case BODY:
        this.#judgeBodyRate();
        return;
      case AHEAD:
        // Half-closed. While an answer goes out, a client that is gone would have reset the connection.
        if (!this.#responseStarted) this.destroy();
        return;
    }
  }

  /** The window of a body has passed. A pause of ours, or an answer under way, excuses the client. */
  #judgeBodyRate(): void {
    const { windowMs, minBytes } = this.#host.limits.slowBody;
    const isExcused = this.#gate.isPaused || (this.#responseStarted && this.#isAnswering);
    if (this.#meter.endWindow(minBytes) || isExcused) this.#scheduleIn(windowMs);
    else this.#breakOff('timeout', 'idle_timeout');
  }

  drain(): void {
    this.close = true;
    if (this.#state === HEAD && this.#held.length === 0) this.#scheduleIn(DRAIN_QUIET_MS);
  }
}
