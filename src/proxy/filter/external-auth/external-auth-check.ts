/**
 * Asks an auth server about a request before anything of it goes to a backend (HTTPExternalAuthFilter, GEP-1494). The exchange waits
 * meanwhile, and keeps a little of the body. No answer is a refusal.
 */
import type { ExternalAuthFilter, HeaderField } from '../../../ir/filter.ts';
import type { UpstreamCluster } from '../../upstream/cluster.ts';
import { readVerdict } from './external-auth.ts';
import { TimerEntry, type TimerWheel } from '../../net/timer-wheel.ts';
import { bulkBuffers } from '../../message/bulk-buffers.ts';
import type { FieldList, ResponseHead } from '../../message/head.ts';
import type { PreparedRequest } from '../../message/outgoing.ts';
import type { UpstreamEvents, UpstreamStream } from '../../message/stream.ts';
import { UpstreamCall } from '../../exchange/upstream-call.ts';

const ANSWER_TIMEOUT_MS = 10_000;
/** An approval's body is of no use; one that goes on and on costs the connection. */
const MAX_IGNORED_BYTES = 65_536;

/** What the exchange does with the verdict. */
export interface AuthEvents extends Pick<
  UpstreamEvents,
  'onResponseData' | 'onResponseEnd' | 'onResponseFlush' | 'onUpstreamReset'
> {
  /** The request may go on, with these fields in place of the client's. */
  onAllowed(fields: readonly HeaderField[]): void;
  /** The auth server's answer is the answer: its body follows through the other events. */
  onDenied(head: ResponseHead, stream: UpstreamStream): void;
  onAuthUnavailable(): void;
}

export interface HttpQuestion {
  readonly kind: 'http';
  readonly filter: ExternalAuthFilter;
  readonly cluster: UpstreamCluster;
  readonly prepared: PreparedRequest;
  /** The part of the request's body that the auth server gets to see. */
  readonly body: Buffer;
}

export class ExternalAuthCheck extends TimerEntry implements UpstreamEvents {
  readonly #question: HttpQuestion;
  readonly #wheel: TimerWheel;
  readonly #events: AuthEvents;
  readonly #call: UpstreamCall;
  #isAllowed = false;
  #isDenied = false;
  #isOver = false;
  #ignoredBytes = 0;

  constructor(question: HttpQuestion, wheel: TimerWheel, events: AuthEvents) {
    super();
    this.#question = question;
    this.#wheel = wheel;
    this.#events = events;
    this.#call = new UpstreamCall(question.cluster, this, wheel);
  }

  ask(): void {
    this.#wheel.schedule(this, this.#wheel.now() + ANSWER_TIMEOUT_MS);
    if (!this.#call.open()) this.#fail();
  }

  /** The verdict is not needed any more. */
  cancel(): void {
    if (this.#isOver) return;
    this.#end();
    this.#call.cancel();
  }

  onUpstreamReady(stream: UpstreamStream): void {
    const { prepared, body } = this.#question;
    this.#call.ready(stream);
    stream.start(prepared, body.length === 0);
    if (body.length === 0) return;
    stream.sendData(body, 0, body.length, false);
    stream.sendEnd(null);
  }

  onResponseHead(head: ResponseHead): void {
    const { stream } = this.#call;
    if (stream === null) return;
    const verdict = readVerdict(this.#question.filter, head);
    if (verdict.kind === 'allow') {
      // The timer stays: an ignored body that never ends must not keep the connection.
      this.#isAllowed = true;
      this.#events.onAllowed(verdict.fields);
    } else {
      this.#wheel.cancel(this);
      this.#isDenied = true;
      this.#events.onDenied(head, stream);
    }
  }

  onResponseData(buffer: Buffer, from: number, to: number, owned: boolean): void {
    if (this.#isDenied) {
      this.#events.onResponseData(buffer, from, to, owned);
      return;
    }
    if (owned) bulkBuffers.release(buffer);
    this.#ignoredBytes += to - from;
    if (this.#ignoredBytes > MAX_IGNORED_BYTES) this.cancel();
  }

  onResponseFlush(): void {
    if (this.#isDenied) this.#events.onResponseFlush();
  }

  onResponseEnd(trailers: FieldList | null): void {
    this.#call.ended();
    this.#end();
    if (this.#isDenied) this.#events.onResponseEnd(trailers);
  }

  onUpstreamReset(cause: Parameters<UpstreamEvents['onUpstreamReset']>[0]): void {
    this.#call.ended();
    if (this.#isDenied) {
      this.#end();
      this.#events.onUpstreamReset(cause);
    } else this.#fail();
  }

  onUpstreamUnavailable(): void {
    this.#call.ended();
    this.#fail();
  }

  onInformational(): void {
    // Between us and the auth server.
  }
  onUpstreamDrained(): void {
    // The request is short.
  }

  onTimer(): void {
    this.#call.cancel();
    this.#fail();
  }

  #fail(): void {
    if (this.#isOver) return;
    this.#end();
    if (!this.#isAllowed) this.#events.onAuthUnavailable();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#wheel.remove(this);
    this.#question.prepared.release();
  }
}
