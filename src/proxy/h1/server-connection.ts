/**
 * One HTTP/1.1 connection of a client: parses requests one after the other, buffers pipelined ones, and writes the
 * responses. Routes, backends and time limits of requests belong to the exchange.
 */
import type { ClientLimits } from '../../ir/client-limits.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { HeaderField } from '../../ir/filter.ts';
import { TimerEntry } from '../net/timer-wheel.ts';
import type { ByteSink, Transport } from '../net/transport.ts';
import type { DownstreamConnection } from '../message/downstream-connection.ts';
import { NO_EDITS, type HeadEdits } from '../message/head-edits.ts';
import { LocalHead, type FieldList, type ResponseHead } from '../message/head.ts';
import { refuse } from '../message/local-reply.ts';
import { DRAIN_QUIET_MS, type ServerConnection, type ServerHost } from '../message/server-host.ts';
import type { DownstreamEvents, DownstreamStream, ResetCause } from '../message/stream.ts';
import { beginsPreface } from '../message/http2-preface.ts';
import { BodyFraming } from './body-reader.ts';
import { BulkRead } from '../message/bulk-read.ts';
import { BROKEN } from './chunked.ts';
import { INCOMPLETE } from '../message/field-table.ts';
import { HeldBytes } from './held-bytes.ts';
import { IncomingBody } from './incoming-body.ts';
import { closeAtOnce, lingerAndClose } from '../net/lingering-close.ts';
import type { H1RequestHead } from './request-head.ts';
import { ReadGate } from './read-gate.ts';
import { ResponseWriter, responseFraming, type ResponseOptions } from './response-writer.ts';
import { AHEAD, BODY, CLOSING, HEAD, TUNNEL } from './server-state.ts';

/** Maximum rest of an unused body that is read to keep the connection; a longer one closes it. */
const MAX_UNWANTED_BYTES = 65_536;

export class H1ServerConnection
  extends TimerEntry
  implements ByteSink, DownstreamStream, ServerConnection, ResponseOptions
{
  // What the head of a response needs (`ResponseOptions`).
  minor = 1;
  close = false;
  upgrade = '';
  webSocketKey = '';
  readonly #transport: Transport;
  readonly #writer: ResponseWriter;
  readonly #host: ServerHost;
  readonly #limits: ClientLimits;
  /** Shared by all connections: a head is used up within the call that parses it. */
  readonly #head: H1RequestHead;
  readonly #connection: DownstreamConnection;
  readonly #body = new IncomingBody();
  readonly #held = new HeldBytes();
  readonly #bulk = new BulkRead();
  readonly #gate: ReadGate;
  #state = HEAD;
  /** Protocol that the client asks for; `` for none. */
  #askedUpgrade = '';
  /** The client waits for 100 before it sends its body. */
  #awaitsContinue = false;
  #events: DownstreamEvents | null = null;
  /** A response is due. */
  #isAnswering = false;
  #isProcessing = false;
  /** Part of a head has arrived, and its time limit runs. */
  #isInHead = false;
  /** The client has closed its sending direction. */
  #hasEnded = false;
  #isDraining = false;
  /** The client sends no further requests after this one. */
  #isLastRequest = false;
  #responseStarted = false;
  #requests = 0;

  constructor(host: ServerHost, head: H1RequestHead, transport: Transport, connection: DownstreamConnection) {
    super();
    this.#transport = transport;
    this.#writer = new ResponseWriter(transport);
    this.#host = host;
    this.#limits = connection.info.limits;
    this.#head = head;
    this.#connection = connection;
    this.#gate = new ReadGate(transport);
  }

  /** Waits for the first request. */
  start(): void {
    this.#scheduleIn(this.#limits.headTimeoutMs);
    this.#host.opened(this);
  }

  #scheduleIn(delayMs: number): void {
    const { wheel } = this.#host;
    if (delayMs > 0) wheel.schedule(this, wheel.now() + delayMs);
    else wheel.cancel(this);
  }

  // --- bytes of the client ---

  onBytes(buffer: Buffer, length: number): void {
    if (this.#connection.mayBeHttp2) {
      // The preface of HTTP/2 looks like a request with a method that HTTP/1.1 does not have.
      if (beginsPreface(buffer, length)) {
        this.#handOver(buffer, length);
        return;
      }
      this.#connection.mayBeHttp2 = false;
    }
    this.#bulk.lastReadBytes = length;
    if (this.#held.length === 0) {
      this.#process(buffer, 0, length);
      return;
    }
    this.#hold(buffer, 0, length);
    if (this.#state === HEAD && this.#held.isWorthALook(this.#limits.headBytes)) this.#processHeld();
  }

  #handOver(buffer: Buffer, length: number): void {
    this.#host.wheel.remove(this);
    this.#host.detectProtocol(this.#transport, this.#connection);
    this.#host.closed(this);
    this.#transport.sink.onBytes(buffer, length);
  }

  #processHeld(): void {
    const { length } = this.#held;
    if (length > 0) this.#process(this.#held.take(), 0, length);
    if (this.#hasEnded) this.#takeEnd();
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
    if (this.#state !== HEAD && this.#held.isFull) this.#gate.fill();
  }

  #readHead(buffer: Buffer, from: number, to: number): number {
    const head = this.#head;
    const position = head.parse(buffer, from, to);
    if (position === INCOMPLETE) {
      if (!this.#isInHead) this.#headBegins();
      this.#hold(buffer, from, to);
      this.#held.isWorthALook(this.#limits.headBytes);
      return to;
    }
    if (position < 0) {
      if (head.line.isHttp || this.#requests > 0) this.#refuse(head.refusal);
      else {
        // Not HTTP at all, such as a broken HTTP/2 preface (RFC 9113 section 3.4): the client would not understand a response.
        this.#host.refused('bad_request', this.#connection);
        this.#closeSoon();
      }
      return to;
    }
    this.#isAnswering = true;
    this.#begin(head);
    return position;
  }

  /** Once per head: with a restart on each read, a slow client could hold the connection forever. The first head is timed from the connection's start. */
  #headBegins(): void {
    this.#isInHead = true;
    if (this.#requests > 0) this.#scheduleIn(this.#limits.headTimeoutMs);
  }

  #begin(head: H1RequestHead): void {
    const { requestsPerConnection } = this.#limits;
    this.#requests++;
    this.#isInHead = false;
    this.minor = head.line.minor;
    this.#isLastRequest = head.framing.close;
    const isUsedUp = requestsPerConnection > 0 && this.#requests >= requestsPerConnection;
    this.close = head.framing.close || this.#isDraining || isUsedUp;
    this.#askedUpgrade = head.upgrade;
    if (head.upgrade !== '') this.webSocketKey = head.header('sec-websocket-key') ?? '';
    this.#awaitsContinue = head.expectsContinue && head.hasBody;
    this.#responseStarted = false;
    if (head.hasBody) {
      this.#state = BODY;
      this.#body.begin(head.framing.chunked ? BodyFraming.chunked : BodyFraming.length, head.contentLength);
      this.#scheduleIn(this.#limits.slowBody.windowMs);
    } else {
      this.#state = AHEAD;
      this.#host.wheel.cancel(this);
    }
    const events = this.#host.begin(this, head, this.#connection);
    // The exchange may have responded already.
    if (this.#isAnswering) this.#events = events;
  }

  #readBody(buffer: Buffer, from: number, to: number): number {
    const body = this.#body;
    const position = body.read(buffer, from, to);
    if (position === BROKEN) {
      this.#breakOff('invalid', 'bad_request');
      return to;
    }
    this.#awaitsContinue = false;
    const { bodyBytes } = this.#limits;
    if (bodyBytes > 0 && body.bytes > bodyBytes && this.#state === BODY) {
      this.#breakOff('invalid', 'body_too_large');
      return to;
    }
    if (body.payloadTo > body.payloadFrom) this.#passOnPayload(buffer);
    if (body.ended && this.#state === BODY) this.#endRequest();
    return position;
  }

  #passOnPayload(buffer: Buffer): void {
    const { payloadFrom, payloadTo } = this.#body;
    const events = this.#events;
    if (events !== null) events.onRequestData(buffer, payloadFrom, payloadTo, this.#bulk.giveAway(buffer));
    else if (this.#body.bytes > MAX_UNWANTED_BYTES) this.#closeSoon();
  }

  #endRequest(): void {
    this.#state = AHEAD;
    this.#host.wheel.cancel(this);
    if (this.#isAnswering) this.#events?.onRequestEnd(this.#body.trailers);
    else this.#next();
  }

  /** The request cannot be completed; the exchange responds, if it still can. */
  #breakOff(cause: ResetCause, reason: ReasonCode): void {
    const events = this.#events;
    this.#events = null;
    this.#state = AHEAD;
    this.close = true;
    if (events === null) this.#closeSoon();
    else events.onDownstreamReset(cause, reason);
  }

  /** Rejects the last parsed head. The start of the next message is unknown, so the connection closes. */
  #refuse(reason: ReasonCode): void {
    this.#host.refused(reason, this.#connection);
    this.close = true;
    this.#isAnswering = true;
    this.#state = AHEAD;
    this.minor = 1;
    refuse(this, reason, { method: this.#head.refusedMethod, isGrpc: false });
  }

  /** The received part of an incomplete head shows whether its method is HEAD. */
  #refuseSlowHead(): void {
    this.#head.parse(this.#held.buffer, 0, this.#held.length);
    this.#refuse('idle_timeout');
  }

  // --- the answer ---

  sendInformational(head: ResponseHead): void {
    if (this.minor === 0) return;
    if (head.status === 100) this.#awaitsContinue = false;
    this.upgrade = '';
    this.#writer.head(head, NO_EDITS, null, this);
    this.#writer.flush();
  }

  sendHead(head: ResponseHead, edits: HeadEdits, extra: readonly HeaderField[] | null): void {
    this.#responseStarted = true;
    this.upgrade = head.status === 101 ? this.#askedUpgrade : '';
    const isUnwanted =
      this.#state === BODY &&
      (this.#awaitsContinue || (head instanceof LocalHead && !this.#body.isRestWithin(this.#unwantedBytes)));
    const framing = responseFraming(head, this.minor);
    if (isUnwanted || framing === BodyFraming.connection || this.#isDraining) this.close = true;
    this.#writer.head(head, edits, extra, this);
    this.#writer.begin(framing, head.contentLength);
    if (this.upgrade !== '') this.#openTunnel();
  }

  /** At most the body limit: a longer body is rejected when it arrives, and the connection closed. */
  get #unwantedBytes(): number {
    const { bodyBytes } = this.#limits;
    return bodyBytes > 0 && bodyBytes < MAX_UNWANTED_BYTES ? bodyBytes : MAX_UNWANTED_BYTES;
  }

  #openTunnel(): void {
    this.close = true;
    this.#state = TUNNEL;
    this.#body.begin(BodyFraming.connection, 0);
    this.#writer.begin(BodyFraming.connection, 0);
    this.#writer.flush();
    this.#gate.open();
    if (!this.#isProcessing) this.#processHeld();
  }

  sendData(buffer: Buffer, from: number, to: number, owned: boolean): boolean {
    return this.#writer.data(buffer, from, to, owned);
  }

  flush(): void {
    this.#writer.flush();
  }

  sendEnd(trailers: FieldList | null): void {
    const isComplete = this.#writer.end(trailers);
    this.#isAnswering = false;
    if (this.#state === TUNNEL) {
      // Half-closed, until the client has closed too.
      this.#transport.end();
      return;
    }
    this.#events = null;
    if (!isComplete) this.abort();
    else if (this.close) this.#closeSoon();
    else if (this.#state !== BODY) this.#next();
    else if (this.#awaitsContinue) this.#closeSoon();
    else {
      this.#body.restartCount();
      this.#gate.open();
    }
  }

  /** Ready for the next request. */
  #next(): void {
    this.#state = HEAD;
    this.#scheduleIn(this.#limits.idleTimeoutMs);
    this.#gate.open();
    if (!this.#isProcessing) this.#processHeld();
  }

  pauseRequest(): void {
    this.#gate.pause();
  }

  resumeRequest(): void {
    if (this.#gate.isPaused) this.#body.excuseWindow();
    this.#gate.resume();
  }

  /** Aborts: a response that ends with the connection must not look complete, so the connection is reset if possible. */
  abort(): void {
    this.#transport.reset();
  }

  destroy(): void {
    this.#transport.destroy();
  }

  #closeSoon(): void {
    if (this.#state === CLOSING) return;
    const isQuiet = this.#isLastRequest && this.#state === AHEAD && this.#held.length === 0;
    this.#state = CLOSING;
    this.#events = null;
    this.#bulk.stop();
    this.#writer.flush();
    this.#host.wheel.cancel(this);
    if (!isQuiet || !closeAtOnce(this.#transport)) lingerAndClose(this.#transport, this.#host.wheel, this);
  }

  // --- events of the socket ---

  nextReadBuffer(): Buffer | null {
    const readsBody = (this.#state === BODY || this.#state === TUNNEL) && this.#events !== null;
    return this.#bulk.next(readsBody && !this.#body.ended);
  }

  onEnd(): void {
    this.#hasEnded = true;
    this.#takeEnd();
  }

  /** All bytes of the client have been read, or wait as pipelined requests. */
  #takeEnd(): void {
    switch (this.#state) {
      case TUNNEL: {
        const events = this.#events;
        if (!this.#isAnswering) this.#events = null;
        events?.onRequestEnd(null);
        return;
      }
      case AHEAD:
        if (this.#held.length === 0) this.close = true;
        // It may wait for its response, or have disconnected: only a time limit can tell.
        this.#scheduleIn(this.#limits.halfClosedMs);
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
    this.#writer.onClose();
    this.#bulk.stop();
    this.#host.closed(this);
    events?.onDownstreamReset('reset', 'client_closed');
  }

  onTimer(): void {
    switch (this.#state) {
      case HEAD:
        if (this.#isInHead) this.#refuseSlowHead();
        else this.#closeSoon();
        return;
      case BODY:
        this.#checkBodyRate();
        return;
      case AHEAD:
        // Half-closed. During a response, a disconnected client would have reset the connection.
        if (!this.#responseStarted) this.destroy();
        return;
    }
  }

  /** The window of a body has passed. The client is not slow while the gateway delays it, or has started the response. */
  #checkBodyRate(): void {
    const { windowMs, minBytes } = this.#limits.slowBody;
    const isExcused =
      this.#gate.isPaused || this.#awaitsContinue || (this.#responseStarted && this.#isAnswering);
    if (this.#body.endWindow(minBytes) || isExcused) this.#scheduleIn(windowMs);
    else this.#breakOff('timeout', 'idle_timeout');
  }

  drain(): void {
    this.#isDraining = true;
    this.close = true;
    if (this.#state === HEAD && !this.#isInHead) this.#scheduleIn(DRAIN_QUIET_MS);
  }
}
