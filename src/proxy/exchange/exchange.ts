/**
 * One request and its response on their way through the gateway, whatever protocols are spoken on either side. Both streams report to it:
 * it runs filters, starts attempts, passes bytes on with backpressure and keeps time limits. dispatch.ts decides where a request goes.
 */
import type { RequestPolicy } from '../../ir/policy.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { RouteEntry } from '../../ir/route.ts';
import { NO_KEY } from '../upstream/balancer/balancer.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { UpstreamEndpoint } from '../upstream/endpoint.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';
import { TimerEntry } from '../net/timer-wheel.ts';
import type { CompiledBackend, CompiledGateway, CompiledRule } from './compiled-rule.ts';
import { Deadlines, NO_LIMITS, REASON_OF } from './deadlines.ts';
import type { DownstreamConnection } from '../message/downstream-connection.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { CANCELLED, COMPLETE, type AttemptOutcome } from './exchange-observer.ts';
import { breakOff, isGrpc } from '../message/grpc-status.ts';
import type { ClientClaims } from '../message/forwarding.ts';
import { grpcTimeoutMs } from '../message/grpc-timeout.ts';
import { NO_EDITS, type HeadEdits } from '../message/head-edits.ts';
import type { FieldList, RequestHead, ResponseHead } from '../message/head.ts';
import { FilterRun, type UpstreamResponse } from './filter-run.ts';
import type { HeldResponse } from './held-response.ts';
import { NO_FILTERS, type FilterChain } from './http-filter.ts';
import { renderReply, replyFor, sendReplyBody, type Reply } from '../message/local-reply.ts';
import type { PreparedRequest } from '../message/outgoing.ts';
import type { RequestCounters } from './request-counters.ts';
import { RequestBody, replayBytes } from './request-body.ts';
import { responseFields, responseEdits } from './response-head.ts';
import { NOT_TRIED, Retries } from './retries.ts';
import { answeredFailure } from './retry-fields.ts';
import type { Failure, RetryDecision } from './retry.ts';
import type { Session } from './session-persistence.ts';
import type {
  DownstreamEvents,
  DownstreamStream,
  ResetCause,
  UpstreamEvents,
  UpstreamStream,
} from '../message/stream.ts';
import { requestTrailers } from '../message/trailers.ts';
import { responseBegan, responseEnded, failureOf, attemptFailed } from './attempt-outcome.ts';

export class Exchange extends TimerEntry implements DownstreamEvents, UpstreamEvents {
  readonly context: ExchangeContext;
  readonly connection: DownstreamConnection;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly version: RequestHead['version'];
  readonly startedAtMs: number;
  /** The client reads gRPC status, not HTTP errors. */
  readonly isGrpc: boolean;
  /** The client's own limit for its call, from `startedAtMs` on; 0 = none. */
  readonly grpcTimeoutMs: number;
  /** A filter may wrap it, until the response's head is sent. */
  stream: DownstreamStream;
  /** Valid until the request has been forwarded or responded to; retained when a filter waits. */
  head: RequestHead;
  /** null: the request ended with its head. */
  readonly body: RequestBody | null;

  // The route of the request, as far as it is known.
  counters: RequestCounters;
  gateway: CompiledGateway | null = null;
  rule: CompiledRule | null = null;
  entry: RouteEntry | null = null;
  backend: CompiledBackend | null = null;
  session: Session | null = null;
  /** For the choice of an endpoint; `NO_KEY` if it does not depend on the request. */
  hashKey = NO_KEY;
  /** The endpoint of the last attempt. */
  endpoint: UpstreamEndpoint | null = null;

  filters: FilterChain = NO_FILTERS;
  /** null: no filter has acted. */
  run: FilterRun | null = null;
  /** The gateway's own refusal, given once the filters before stage `checks` have acted. */
  refusal: ReasonCode | null = null;
  /** Edits of the request's head and trailers for the backend. */
  requestEdits: HeadEdits = NO_EDITS;

  // For observers. Times are the event clock's; 0 = not reached, or not needed.
  connectedAtMs = 0;
  responseHeadAtMs = 0;
  status = 0;
  reason: ReasonCode | null = null;
  requestBytes = 0;
  responseBytes = 0;
  retries = 0;
  /** Number of the request id that the gateway has given; 0 = none yet, negative: a trusted client's own id stays. */
  requestNumber = 0;
  clientRequestId = '';
  /** null: the peer is no trusted proxy. Set, with what follows from it, before the first filter (forwarded-client.ts). */
  forwardedClient: ClientClaims | null = null;
  clientAddress: string;
  /** The client uses TLS, with this gateway or with a trusted proxy in front of it. */
  isSecure: boolean;
  traceparent = '';
  /** The gateway itself has sent 100 to the client: the backend need not. */
  hasSentContinue = false;

  #upstream: UpstreamStream | null = null;
  #cluster: UpstreamCluster | null = null;
  #prepared: PreparedRequest | null = null;
  #deadlines: Deadlines | null = null;
  /** null: no attempt has failed. */
  #retries: Retries | null = null;
  /** A connection was requested and is not established yet. */
  #isOpening = false;
  #isAttempting = false;
  /** The body of a local reply. */
  #replyBody: Buffer | null = null;
  /** The response's head has been sent. */
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
    this.head = head;
    this.method = head.method;
    this.host = head.host;
    this.path = head.path;
    this.version = head.version;
    this.isGrpc = isGrpc(head);
    this.grpcTimeoutMs = this.isGrpc ? grpcTimeoutMs(head.header('grpc-timeout')) : 0;
    this.startedAtMs = context.wheel.now();
    this.counters = context.unrouted;
    this.clientAddress = connection.info.clientAddress;
    this.isSecure = connection.info.scheme === 'https';
    this.body = RequestBody.of(head);
    context.activeRequests++;
  }

  /** Timeouts and retries: the backend's once one is chosen, before that the rule's. */
  get requests(): RequestPolicy | null {
    return this.backend?.requests ?? this.rule?.config ?? null;
  }

  // --- filters ---

  /** `filters` run next, from their first. */
  enter(filters: FilterChain): void {
    this.filters = filters;
    this.run?.rewind();
  }

  /** State of filters and observers for this exchange; created by the first that needs it. */
  startRun(): FilterRun {
    return (this.run ??= new FilterRun(this));
  }
  get #held(): HeldResponse | null {
    return this.run?.held ?? null;
  }

  // --- attempts ---

  /** Sends the request to an endpoint of `cluster`: that of its session, if it has one. */
  forward(prepared: PreparedRequest, cluster: UpstreamCluster): void {
    this.#prepared = prepared;
    if (!cluster.enter(this.context.wheel.now())) {
      this.answer('overflow');
      return;
    }
    this.#cluster = cluster;
    this.body?.allowReplay(replayBytes(this.requests?.retry ?? null, cluster.config.protocol));
    this.#startDeadlines();
    this.#attempt(this.session?.endpoint ?? cluster.pick(NOT_TRIED, this.hashKey), false);
  }

  /** Time limits apply from now on, even without an attempt. */
  watchTime(): void {
    if (this.#deadlines === null) this.#startDeadlines();
  }

  /** A filter holds back the gateway's own response: from here on only a limit of its own applies. */
  watchReply(): void {
    this.#deadlines ??= new Deadlines(NO_LIMITS, this.startedAtMs, 0);
    this.#deadlines.keepOnlyReply(this.context.wheel.now());
    this.#schedule();
  }

  #startDeadlines(): void {
    const limits = this.requests?.timeouts ?? NO_LIMITS;
    this.#deadlines = new Deadlines(limits, this.startedAtMs, this.grpcTimeoutMs);
    this.#schedule();
  }

  #schedule(): void {
    const next = this.#deadlines?.next ?? Infinity;
    if (next !== Infinity) this.context.wheel.schedule(this, next);
  }

  #attempt(endpoint: UpstreamEndpoint | null, fresh: boolean): void {
    if (endpoint === null) {
      this.answer(this.#cluster?.reasonForNone ?? 'no_endpoints');
      return;
    }
    this.endpoint = endpoint;
    endpoint.active++;
    this.#isAttempting = true;
    this.#isOpening = true;
    this.context.observer.attemptStarted?.(this);
    const limitMs = this.backend?.attemptTimeoutMs ?? 0;
    if (limitMs > 0 && this.#deadlines !== null) {
      this.#deadlines.attemptAt = this.context.wheel.now() + limitMs;
      this.#schedule();
    }
    endpoint.pool.open(this, fresh, this.connection.info.peers);
  }

  /** Ends what is in flight upstream, without further events from it. `retry`: the attempt that follows. */
  leaveAttempt(outcome: AttemptOutcome, retry: RetryDecision | null = null): void {
    this.run?.cancel();
    const upstream = this.#upstream;
    this.#upstream = null;
    const { endpoint } = this;
    if (!this.#isAttempting || endpoint === null) return;
    this.#isAttempting = false;
    endpoint.active--;
    this.#deadlines?.endAttempt();
    if (this.#isOpening) endpoint.pool.cancelOpen(this);
    else if (!this.#responseEnded || (this.#isTunnel && this.body?.ended === false)) upstream?.cancel();
    this.#isOpening = false;
    this.context.observer.attemptEnded?.(this, outcome, retry);
  }

  /** The attempt has failed: another one, or `reason`. */
  #fail(failure: Failure, reason: ReasonCode): void {
    if (this.endpoint !== null && this.#isAttempting) attemptFailed(this.endpoint.health, failure);
    const hasResponse = this.#responseStarted || this.run?.isResponding === true;
    if (!hasResponse && this.#retry(failure)) return;
    this.leaveAttempt(failure);
    this.answer(hasResponse ? reason : (this.#retries?.refusal ?? reason));
  }

  /** Schedules another attempt; false if there is none. */
  #retry(failure: Failure): boolean {
    if (this.#cluster === null) return false;
    this.#retries ??= new Retries(this, this.#cluster);
    const remainingMs = this.#deadlines?.remainingMs(this.context.wheel.now()) ?? Infinity;
    const decision = this.#retries.next(failure, this.body?.isPartial !== true, remainingMs);
    if (decision === null) return false;
    this.leaveAttempt(failure, decision);
    if (decision.delayMs === 0 || this.#deadlines === null) this.#attemptAgain(decision.fresh);
    else {
      this.#deadlines.retryAt = this.context.wheel.now() + decision.delayMs;
      this.#schedule();
    }
    return true;
  }

  #attemptAgain(fresh: boolean): void {
    this.#attempt(this.#cluster?.pick(this.#retries?.tried ?? NOT_TRIED, this.hashKey) ?? null, fresh);
  }

  onUpstreamReady(upstream: UpstreamStream): void {
    const prepared = this.#prepared;
    this.#isOpening = false;
    if (prepared === null) return;
    this.#upstream = upstream;
    this.connectedAtMs = this.context.wheel.now();
    const body = this.body;
    upstream.start(prepared, body === null);
    if (body === null) return;
    body.isHeld = body.expectsContinue && !this.hasSentContinue && this.#deadlines !== null;
    if (!body.isHeld) this.#sendBody(upstream, body);
    else {
      upstream.flush();
      this.#deadlines?.holdBody(this.context.wheel.now());
      this.#schedule();
    }
  }

  /** The backend has sent 100, or the time limit for it has passed. */
  #releaseBody(): void {
    if (this.body?.isHeld === true && this.#upstream !== null) this.#sendBody(this.#upstream, this.body);
  }

  #sendBody(upstream: UpstreamStream, body: RequestBody): void {
    body.isHeld = false;
    if (body.sendTo(upstream, this.requestEdits)) this.stream.resumeRequest();
  }

  onUpstreamUnavailable(reason: 'connect_failed' | 'connect_timeout' | 'overflow'): void {
    this.#isOpening = false;
    if (reason !== 'overflow') this.endpoint?.connectFailed();
    this.#fail({ kind: 'connect', reason }, reason);
  }

  onUpstreamReset(cause: ResetCause): void {
    const wasReused = !this.#responseStarted && this.#upstream?.reused === true;
    this.#upstream = null;
    if (cause === 'no_tunnels') this.answer('upgrade_unsupported');
    else this.#fail(failureOf(cause, wasReused), cause === 'invalid' ? 'upstream_invalid' : 'upstream_reset');
  }

  // --- the request's body ---

  onRequestData(buffer: Buffer, from: number, to: number, owned: boolean): void {
    this.requestBytes += to - from;
    this.#deadlines?.touch();
    const upstream = this.#upstream;
    const body = this.body;
    body?.tapData(buffer, from, to);
    if (body !== null && upstream !== null && !body.isHeld) {
      body.pass(buffer, from, to);
      if (!upstream.sendData(buffer, from, to, owned)) this.stream.pauseRequest();
      return;
    }
    if (body !== null && !this.#isFinished && !this.#responseStarted) this.#keep(body, buffer, from, to);
    if (owned) bulkBuffers.release(buffer);
  }

  /** There is no connection yet, or no 100: a limited part is buffered, the rest waits at the client. */
  #keep(body: RequestBody, buffer: Buffer, from: number, to: number): void {
    body.keep(buffer, from, to);
    if (body.isFull) this.stream.pauseRequest();
    this.run?.bodyChanged();
  }

  onRequestEnd(received: FieldList | null): void {
    const trailers = requestTrailers(received, this.requestEdits);
    this.body?.end(received, trailers);
    this.run?.bodyChanged();
    if (this.body?.isHeld !== true) this.#upstream?.sendEnd(trailers);
    if (this.#isTunnel && this.#responseEnded) this.finish();
  }

  onRequestFlush(): void {
    this.body?.tapFlush();
    this.#upstream?.flush();
  }

  onUpstreamDrained(): void {
    this.#deadlines?.touch();
    this.stream.resumeRequest();
  }

  onDownstreamReset(cause: ResetCause, reason: ReasonCode): void {
    if (this.#isFinished) return;
    this.leaveAttempt(CANCELLED);
    if (cause !== 'reset') {
      this.answer(reason);
      return;
    }
    if (!this.#responseStarted) this.status = 499;
    this.reason = 'client_closed';
    this.finish();
  }

  // --- the response ---

  onInformational(head: ResponseHead): void {
    this.stream.sendInformational(head);
    if (head.status === 100) this.#releaseBody();
  }

  onResponseHead(head: ResponseHead): void {
    this.#deadlines?.touch();
    if (this.endpoint !== null) responseBegan(this.endpoint.health, head, this.isGrpc);
    const failure = (this.requests?.retry ?? null) === null ? null : answeredFailure(head, this.isGrpc);
    if (failure !== null && this.#retry(failure)) return;
    this.responseHeadAtMs = this.context.wheel.now();
    this.#releasePrepared();
    if (head.status === 101) this.#openTunnel();
    else this.body?.forgetReplay();
    this.#respond(head);
  }

  /** Time limits of requests end here (HTTPRouteTimeouts is about requests): a tunnel stays open while bytes move. */
  #openTunnel(): void {
    this.#isTunnel = true;
    const idleMs = this.#cluster?.config.policy.connection.tcpIdleTimeoutMs ?? 0;
    this.#deadlines?.keepOnlyIdle(this.context.wheel.now(), idleMs);
    this.#schedule();
  }

  /** Sends `head` through the response filters, and on to the client unless one of them waits. */
  #respond(head: ResponseHead): void {
    const run = this.filters.response.length === 0 ? null : this.startRun();
    if (run === null) this.startResponse(head);
    else if (run.respond(head, this.#replyBody !== null)) this.startResponse(run.responseHead ?? head);
    else if (this.#held !== null) this.#upstream?.pauseResponse();
  }

  /** All response filters have acted. */
  startResponse(head: ResponseHead): void {
    this.#responseStarted = true;
    this.status = head.status;
    this.stream.sendHead(head, responseEdits(this), responseFields(this));
    const held = this.run?.takeHeld() ?? null;
    if (this.#replyBody !== null) {
      this.responseBytes = sendReplyBody(this.stream, head, this.#replyBody);
      if (this.run?.isEncoding !== true) this.finish();
    } else if (held !== null) this.#release(held);
  }

  /** Sends what arrived of a response while it waited for a filter. */
  #release(held: HeldResponse): void {
    const hasRoom = held.sendTo(this.stream);
    if (held.ended) this.#endResponse(held.trailers);
    else if (hasRoom) this.#upstream?.resumeResponse();
  }

  onResponseData(buffer: Buffer, from: number, to: number, owned: boolean): void {
    this.responseBytes += to - from;
    this.#deadlines?.touch();
    const held = this.#held;
    if (held !== null) held.keep(buffer, from, to, owned);
    else if (!this.stream.sendData(buffer, from, to, owned)) this.#upstream?.pauseResponse();
  }

  onResponseFlush(): void {
    if (this.#held === null) this.stream.flush();
  }
  onDownstreamDrained(): void {
    this.#deadlines?.touch();
    if (this.#held === null && this.run?.encoder?.clientDrained() !== false) this.#upstream?.resumeResponse();
  }

  onResponseEnd(trailers: FieldList | null): void {
    this.#responseEnded = true;
    const held = this.#held;
    if (this.endpoint !== null && this.#isAttempting) {
      responseEnded(this.endpoint.health, held?.head.status ?? this.status, trailers, this.isGrpc);
    }
    if (held !== null) held.end(trailers);
    else this.#endResponse(trailers);
  }

  #endResponse(trailers: FieldList | null): void {
    this.stream.sendEnd(trailers);
    if ((!this.#isTunnel || this.body?.ended !== false) && this.run?.isEncoding !== true) this.finish();
  }

  /** Passes on the response of an upstream other than a backend. */
  passOn({ reason, head, stream }: UpstreamResponse): void {
    this.#upstream = stream;
    this.#replyBody = null;
    this.#responseEnded = false;
    this.reason = reason;
    this.#respond(head);
  }

  /** Ends the exchange with a local reply; a response that has begun is aborted. */
  answer(reason: ReasonCode, reply: Reply = replyFor(reason)): void {
    this.leaveAttempt(CANCELLED);
    this.reason = reason;
    if (this.#responseStarted) {
      breakOff(this.stream, this.isGrpc, reason);
      this.finish();
      return;
    }
    const { head, body } = renderReply(reply, this);
    this.#replyBody = body;
    this.#respond(head);
  }

  // --- time, and the end ---

  onTimer(nowMs: number): void {
    const expired = this.#deadlines?.expired(nowMs) ?? null;
    if (expired === 'attempt') this.#fail({ kind: 'timeout' }, 'backend_timeout');
    else if (expired === 'retry') this.#attemptAgain(false);
    else if (expired === 'continue') this.#releaseBody();
    else if (expired === 'reply') this.run?.skipWaiting();
    else if (expired !== null) this.answer(REASON_OF[expired]);
    if (!this.#isFinished) this.#schedule();
  }

  #releasePrepared(): void {
    this.#prepared?.release();
    this.#prepared = null;
  }
  /** Also called by an encoder that has sent all of the response. */
  finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.leaveAttempt(this.#responseEnded ? COMPLETE : CANCELLED);
    this.#retries?.end();
    this.#cluster?.leave();
    this.#releasePrepared();
    this.run?.ended();
    if (this.#deadlines !== null) this.context.wheel.remove(this);
    this.context.activeRequests--;
    this.context.observer.requestFinished?.(this, this.context.wheel.now());
  }
}
