/**
 * One request and its answer on their way through the gateway, whatever protocols are spoken on either side. The exchange is what
 * both streams report to; it chooses the backend, starts and repeats tries, passes bytes on with backpressure, and keeps the
 * time limits.
 */
import type { Origin } from '../../ir/origin.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { UpstreamCluster } from '../cluster/cluster.ts';
import type { UpstreamEndpoint } from '../cluster/endpoint.ts';
import type { CompiledBackend, CompiledRule } from '../runtime/compiled-rule.ts';
import { TimerEntry } from '../timer-wheel.ts';
import { bulkBuffers } from './bulk-buffers.ts';
import { Deadlines } from './deadlines.ts';
import type { DownstreamConnection } from './downstream-connection.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { NO_EDITS } from './head-edits.ts';
import type { FieldList, RequestHead, ResponseHead } from './head.ts';
import { answerForReason } from './local-answer.ts';
import type { PreparedRequest } from './outgoing.ts';
import type { RequestCounters } from './request-counters.ts';
import { reportExchange } from './report.ts';
import { RequestBody } from './request-body.ts';
import { decideRetry, retryAfterMs, type Failure } from './retry.ts';
import type {
  DownstreamEvents,
  DownstreamStream,
  ResetCause,
  UpstreamEvents,
  UpstreamStream,
} from './stream.ts';

/** Body bytes that are kept while there is no connection to send them on. */
const MAX_WAITING_BYTES = 65_536;

export class Exchange extends TimerEntry implements DownstreamEvents, UpstreamEvents {
  readonly context: ExchangeContext;
  readonly stream: DownstreamStream;
  readonly connection: DownstreamConnection;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly version: RequestHead['version'];
  readonly startedAtMs: number;
  /** What the request turned out to belong to, as far as it was routed. */
  listener: Origin | null = null;
  counters: RequestCounters;
  rule: CompiledRule | null = null;
  backend: CompiledBackend | null = null;
  /** Where the last try went. */
  endpoint: UpstreamEndpoint | null = null;
  /** By the wheel's clock; 0 = it did not come to that, or nobody wants to know. */
  connectedAtMs = 0;
  responseHeadAtMs = 0;
  status = 0;
  reason: ReasonCode | null = null;
  requestBytes = 0;
  responseBytes = 0;
  retries = 0;
  /** Of the id that the gateway gave; negative: a trusted client's own id stays. */
  requestNumber = 0;
  clientRequestId = '';
  clientAddress: string;
  /** Kept only for the access log. */
  traceparent = '';
  #upstream: UpstreamStream | null = null;
  #cluster: UpstreamCluster | null = null;
  #prepared: PreparedRequest | null = null;
  #deadlines: Deadlines | null = null;
  /** null: the request ended with its head. */
  #body: RequestBody | null = null;
  readonly #hasBody: boolean;
  /** Dead connections replaced. */
  #replaced = 0;
  /** An endpoint has been asked for a connection and has not answered. */
  #isOpening = false;
  #isTrying = false;
  #responseStarted = false;
  #responseEnded = false;
  #isTunnel = false;
  #isFinished = false;

  constructor(
    context: ExchangeContext,
    stream: DownstreamStream,
    head: RequestHead,
    connection: DownstreamConnection,
  ) {
    super();
    this.context = context;
    this.stream = stream;
    this.connection = connection;
    this.method = head.method;
    this.host = head.host;
    this.path = head.path;
    this.version = head.version;
    // What follows an upgrade is no body, but it travels the same way.
    this.#hasBody = head.hasBody || head.upgrade !== '';
    this.startedAtMs = context.wheel.now();
    this.counters = context.unrouted;
    this.clientAddress = connection.info.clientAddress;
    context.activeRequests++;
  }

  // --- tries ---

  /** Sends the request to an endpoint of `cluster`: `preferred` if there is one. */
  forward(prepared: PreparedRequest, cluster: UpstreamCluster, preferred: UpstreamEndpoint | null): void {
    this.#prepared = prepared;
    this.#cluster = cluster;
    if (this.#hasBody) this.#body ??= new RequestBody(this.#replayBytes());
    this.#startDeadlines();
    this.#try(preferred ?? cluster.pick(null), false);
  }

  #replayBytes(): number {
    const policy = this.rule?.config.retry ?? null;
    return policy === null || policy.attempts === 0 ? 0 : policy.maxBodyBytes;
  }

  #startDeadlines(): void {
    const timeouts = this.rule?.config.timeouts;
    if (timeouts === undefined) return;
    const deadlines = new Deadlines();
    if (timeouts.requestMs > 0) deadlines.requestAt = this.startedAtMs + timeouts.requestMs;
    deadlines.watchIdle(this.startedAtMs, timeouts.streamIdleMs);
    this.#deadlines = deadlines;
    this.#schedule();
  }

  #schedule(): void {
    const next = this.#deadlines?.next ?? Infinity;
    if (next !== Infinity) this.context.wheel.schedule(this, next);
  }

  #try(endpoint: UpstreamEndpoint | null, fresh: boolean): void {
    if (endpoint === null) {
      this.answer('no_endpoints');
      return;
    }
    this.endpoint = endpoint;
    endpoint.active++;
    this.#isTrying = true;
    this.#isOpening = true;
    this.#startTryDeadline();
    endpoint.pool.open(this, fresh);
  }

  #startTryDeadline(): void {
    const rule = this.rule?.config;
    const deadlines = this.#deadlines;
    if (rule === undefined || deadlines === null) return;
    const perTryMs = rule.retry?.perTryTimeoutMs ?? 0;
    const limitMs = perTryMs > 0 ? perTryMs : rule.timeouts.backendRequestMs;
    if (limitMs <= 0) return;
    deadlines.tryAt = this.context.wheel.now() + limitMs;
    this.#schedule();
  }

  /** Ends the current try, if there is one, without hearing of it again. */
  #leaveTry(): void {
    const { endpoint } = this;
    if (!this.#isTrying || endpoint === null) return;
    this.#isTrying = false;
    endpoint.active--;
    if (this.#deadlines !== null) this.#deadlines.tryAt = Infinity;
    const upstream = this.#upstream;
    this.#upstream = null;
    if (this.#isOpening) endpoint.pool.cancelOpen(this);
    else if (!this.#responseEnded || (this.#isTunnel && !this.#requestEnded)) upstream?.cancel();
    this.#isOpening = false;
  }

  /** The try has failed: another one, or `reason`. */
  #fail(failure: Failure, reason: ReasonCode): void {
    if (!this.#responseStarted && this.#retry(failure)) return;
    this.#leaveTry();
    this.answer(reason);
  }

  /** Arranges for another try in place of this one; false when there is to be none. */
  #retry(failure: Failure): boolean {
    const state = {
      method: this.method,
      retries: this.retries,
      replaced: this.#replaced,
      canReplay: this.#body?.isPartial !== true,
    };
    const decision = decideRetry(this.rule?.config.retry ?? null, failure, state, Math.random());
    if (decision === null) return false;
    this.#leaveTry();
    if (decision.isReplacement) this.#replaced++;
    else this.retries++;
    if (decision.delayMs === 0 || this.#deadlines === null) {
      this.#tryAgain(decision.fresh);
    } else {
      this.#deadlines.retryAt = this.context.wheel.now() + decision.delayMs;
      this.#schedule();
    }
    return true;
  }

  #tryAgain(fresh: boolean): void {
    this.#try(this.#cluster?.pick(this.endpoint) ?? null, fresh);
  }

  onUpstreamReady(upstream: UpstreamStream): void {
    const prepared = this.#prepared;
    this.#isOpening = false;
    if (prepared === null) return;
    this.#upstream = upstream;
    if (this.context.accessLog !== null) this.connectedAtMs = this.context.wheel.now();
    const body = this.#body;
    upstream.start(prepared, body === null);
    if (body === null) return;
    const hasRoom = body.sendTo(upstream);
    if (body.ended) upstream.sendEnd(body.trailers);
    else {
      upstream.flush();
      if (hasRoom) this.stream.resumeRequest();
    }
  }

  onUpstreamUnavailable(reason: 'connect_failed' | 'connect_timeout' | 'overflow'): void {
    this.#isOpening = false;
    if (this.endpoint !== null && reason !== 'overflow') this.endpoint.connectFailures++;
    this.#fail({ kind: 'connect', reason }, reason);
  }

  onUpstreamReset(cause: ResetCause): void {
    const wasReused = this.#upstream?.reused ?? false;
    this.#upstream = null;
    if (cause === 'refused') this.#fail({ kind: 'refused' }, 'upstream_reset');
    else if (cause === 'invalid') this.#fail({ kind: 'invalid' }, 'upstream_invalid');
    else this.#fail({ kind: 'reset', wasReused }, 'upstream_reset');
  }

  // --- the request's body ---

  onRequestData(buffer: Buffer, from: number, to: number, owned: boolean): void {
    this.requestBytes += to - from;
    this.#deadlines?.touch();
    const upstream = this.#upstream;
    const body = this.#body;
    if (this.#isFinished || body === null) {
      if (owned) bulkBuffers.release(buffer);
      return;
    }
    if (upstream === null) {
      body.keep(buffer, from, to);
      if (owned) bulkBuffers.release(buffer);
      if (body.bytes >= MAX_WAITING_BYTES) this.stream.pauseRequest();
      return;
    }
    body.pass(buffer, from, to);
    if (!upstream.sendData(buffer, from, to, owned)) this.stream.pauseRequest();
  }

  onRequestEnd(trailers: FieldList | null): void {
    if (this.#body !== null) {
      this.#body.ended = true;
      this.#body.trailers = trailers;
    }
    this.#upstream?.sendEnd(trailers);
    if (this.#isTunnel && this.#responseEnded) this.#finish();
  }

  get #requestEnded(): boolean {
    return this.#body === null || this.#body.ended;
  }

  onRequestFlush(): void {
    this.#upstream?.flush();
  }

  onUpstreamDrained(): void {
    this.#deadlines?.touch();
    this.stream.resumeRequest();
  }

  onDownstreamReset(cause: ResetCause, reason: ReasonCode): void {
    if (this.#isFinished) return;
    this.#leaveTry();
    if (cause !== 'reset') {
      this.answer(reason);
      return;
    }
    if (this.status === 0) this.status = 499;
    this.reason = 'client_closed';
    this.#finish();
  }

  // --- the answer ---

  onInformational(head: ResponseHead): void {
    this.stream.sendInformational(head);
  }

  onResponseHead(head: ResponseHead): void {
    this.#deadlines?.touch();
    if (head.status >= 400 && this.#retriesStatus(head)) return;
    if (this.context.accessLog !== null) this.responseHeadAtMs = this.context.wheel.now();
    this.#responseStarted = true;
    this.status = head.status;
    this.#releasePrepared();
    if (head.status === 101) this.#openTunnel();
    else this.#body?.forgetReplay();
    this.stream.sendHead(head, this.backend?.responseEdits ?? NO_EDITS, null);
  }

  /** True when the answer is dropped for another try. */
  #retriesStatus(head: ResponseHead): boolean {
    if ((this.rule?.config.retry ?? null) === null) return false;
    return this.#retry({ kind: 'status', status: head.status, retryAfterMs: retryAfterMs(head) });
  }

  /** Limits of requests end here: a tunnel lives as long as bytes move (HTTPRouteTimeouts speaks of requests). */
  #openTunnel(): void {
    this.#isTunnel = true;
    const deadlines = this.#deadlines;
    if (deadlines === null) return;
    deadlines.requestAt = Infinity;
    deadlines.tryAt = Infinity;
    const idleMs = this.#cluster?.config.policy.connection.tcpIdleTimeoutMs ?? 0;
    deadlines.watchIdle(this.context.wheel.now(), idleMs);
    this.#schedule();
  }

  onResponseData(buffer: Buffer, from: number, to: number, owned: boolean): void {
    this.responseBytes += to - from;
    this.#deadlines?.touch();
    if (!this.stream.sendData(buffer, from, to, owned)) this.#upstream?.pauseResponse();
  }

  onResponseFlush(): void {
    this.stream.flush();
  }

  onDownstreamDrained(): void {
    this.#deadlines?.touch();
    this.#upstream?.resumeResponse();
  }

  onResponseEnd(trailers: FieldList | null): void {
    this.#responseEnded = true;
    this.stream.sendEnd(trailers);
    if (!this.#isTunnel || this.#requestEnded) this.#finish();
  }

  /** Ends the exchange with an answer of the gateway's own; an answer that has begun is broken off. */
  answer(reason: ReasonCode): void {
    this.reason = reason;
    if (this.#responseStarted) {
      this.stream.abort();
      this.#finish();
      return;
    }
    const { head, body } = answerForReason(reason, this.method === 'HEAD');
    this.respond(head, body);
  }

  /** Ends the exchange with this answer. `reason` must have been set. */
  respond(head: ResponseHead, body: Buffer): void {
    this.#leaveTry();
    this.#responseStarted = true;
    this.status = head.status;
    this.stream.sendHead(head, NO_EDITS, null);
    if (head.hasBody) {
      this.responseBytes = body.length;
      this.stream.sendData(body, 0, body.length, false);
    }
    this.stream.sendEnd(null);
    this.#finish();
  }

  onTimer(nowMs: number): void {
    const expired = this.#deadlines?.expired(nowMs) ?? null;
    if (expired === 'request') this.#expire('request_timeout');
    else if (expired === 'idle') this.#expire('stream_idle');
    else if (expired === 'try') this.#fail({ kind: 'timeout' }, 'backend_timeout');
    else if (expired === 'retry' && this.#deadlines !== null) {
      this.#deadlines.retryAt = Infinity;
      this.#tryAgain(false);
    }
    if (!this.#isFinished) this.#schedule();
  }

  #expire(reason: ReasonCode): void {
    this.#leaveTry();
    this.answer(reason);
  }

  // --- the end ---

  #releasePrepared(): void {
    this.#prepared?.release();
    this.#prepared = null;
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#leaveTry();
    this.#releasePrepared();
    if (this.#deadlines !== null) this.context.wheel.remove(this);
    this.context.activeRequests--;
    reportExchange(this);
  }
}
