/**
 * A copy of a request for a mirror. It must not cost the client anything: it is never waited for, its answer is read and dropped,
 * and a mirror that is slower than the backend loses the copy.
 */
import type { UpstreamCluster } from '../upstream/cluster.ts';
import { TimerEntry, type TimerWheel } from '../net/timer-wheel.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';
import type { FieldList } from '../message/head.ts';
import type { OutgoingRequest, PreparedRequest } from '../message/outgoing.ts';
import { mirroredCopy } from '../message/own-request.ts';
import type { UpstreamEvents, UpstreamStream } from '../message/stream.ts';
import type { MirrorStats } from '../exchange/exchange-context.ts';
import type { EndObserver, RequestTap } from '../exchange/http-filter.ts';
import { UpstreamCall } from '../exchange/upstream-call.ts';

/** Body bytes kept while the mirror is being connected to. */
const MAX_WAITING_BYTES = 65_536;
/** Where the route has no timeout, a copy without a response by then is abandoned. */
const ANSWER_TIMEOUT_MS = 30_000;
/** Copies in flight to one cluster, unless its policy sets `maxParallelRequests`; more are dropped. */
const MAX_IN_FLIGHT = 1_024;

export interface MirrorContext {
  readonly wheel: TimerWheel;
  readonly stats: MirrorStats;
  /** Of the route; 0 = none. */
  readonly timeoutMs: number;
}

/**
 * Sends a copy of `request`; null when so many wait for this cluster that the copy is dropped: a mirror that hangs must not use up the
 * gateway's connections. Synchronous: `request.head` need not outlive it.
 */
export function mirrorRequest(
  request: OutgoingRequest,
  cluster: UpstreamCluster,
  context: MirrorContext,
): MirrorRequest | null {
  const limit = cluster.config.policy.circuitBreaker.maxParallelRequests ?? MAX_IN_FLIGHT;
  if (cluster.mirrored < limit) return new MirrorRequest(request, cluster, context);
  context.stats.dropped++;
  return null;
}

export class MirrorRequest extends TimerEntry implements UpstreamEvents, RequestTap, EndObserver {
  readonly #cluster: UpstreamCluster;
  readonly #call: UpstreamCall;
  readonly #prepared: PreparedRequest;
  readonly #wheel: TimerWheel;
  readonly #stats: MirrorStats;
  readonly #hasBody: boolean;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #trailers: FieldList | null = null;
  #requestEnded: boolean;
  #isOver = false;

  constructor(
    request: OutgoingRequest,
    cluster: UpstreamCluster,
    { wheel, stats, timeoutMs }: MirrorContext,
  ) {
    super();
    this.#cluster = cluster;
    cluster.mirrored++;
    this.#wheel = wheel;
    this.#stats = stats;
    this.#hasBody = request.head.hasBody;
    this.#requestEnded = !this.#hasBody;
    this.#prepared = cluster.protocol.prepare(mirroredCopy(request));
    this.#call = new UpstreamCall(cluster, this, wheel);
    wheel.schedule(this, wheel.now() + (timeoutMs > 0 ? timeoutMs : ANSWER_TIMEOUT_MS));
    if (!this.#call.open()) this.#end(false);
  }

  onUpstreamReady(stream: UpstreamStream): void {
    this.#call.ready(stream);
    stream.start(this.#prepared, !this.#hasBody);
    if (!this.#hasBody) return;
    for (const chunk of this.#waiting) stream.sendData(chunk, 0, chunk.length, false);
    this.#waiting = [];
    if (this.#requestEnded) stream.sendEnd(this.#trailers);
    else stream.flush();
  }

  onUpstreamUnavailable(): void {
    this.#call.ended();
    this.#end(false);
  }

  /** A piece of the body goes to the backend now. */
  data(buffer: Buffer, from: number, to: number): void {
    // What follows a head without body belongs to a tunnel.
    if (this.#isOver || this.#requestEnded) return;
    const { stream } = this.#call;
    if (stream !== null) {
      if (!stream.sendData(buffer, from, to, false)) this.abandon();
      return;
    }
    this.#waitingBytes += to - from;
    if (this.#waitingBytes > MAX_WAITING_BYTES) this.abandon();
    else this.#waiting.push(Buffer.from(buffer.subarray(from, to)));
  }

  end(trailers: FieldList | null): void {
    if (this.#isOver || this.#requestEnded) return;
    this.#requestEnded = true;
    this.#trailers = trailers;
    this.#call.stream?.sendEnd(trailers);
  }

  flush(): void {
    this.#call.stream?.flush();
  }

  /** The request will not be completed, or the mirror cannot keep up. */
  abandon(): void {
    if (this.#isOver) return;
    this.#call.cancel();
    this.#end(false);
  }

  /** The exchange is over: a copy that is not whole by now never will be. */
  exchangeEnded(): void {
    if (!this.#requestEnded) this.abandon();
  }

  #end(wasAnswered: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cluster.mirrored--;
    this.#wheel.remove(this);
    this.#prepared.release();
    if (wasAnswered) this.#stats.sent++;
    else this.#stats.dropped++;
  }

  onInformational(): void {
    // The client gets only what the backend sends.
  }
  onResponseHead(): void {
    // The response is ignored.
  }
  onResponseData(buffer: Buffer, _from: number, _to: number, owned: boolean): void {
    if (owned) bulkBuffers.release(buffer);
  }
  onResponseEnd(): void {
    this.#call.ended();
    this.#end(true);
  }
  onResponseFlush(): void {
    // Nothing is held back.
  }
  onUpstreamDrained(): void {
    // What does not fit is not sent.
  }
  onUpstreamReset(): void {
    this.#call.ended();
    this.#end(false);
  }
  onTimer(): void {
    this.abandon();
  }
}
