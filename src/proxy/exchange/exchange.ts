/**
 * One request and its answer on their way through the gateway, whatever protocols are spoken on either side. The exchange is what
 * both streams report to: it starts and repeats tries, passes bytes on with backpressure, and keeps the time limits. Where a
 * request goes is dispatch.ts's to say.
 */
import type { ReasonCode } from '../../ir/reason.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { UpstreamEndpoint } from '../upstream/endpoint.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';
import { Deadlines } from './deadlines.ts';
import type { DownstreamConnection } from '../message/downstream-connection.ts';
import type { ExchangeContext } from './exchange-context.ts';
import { ExchangeFacts } from './exchange-facts.ts';
import { CANCELLED, COMPLETE, type AttemptOutcome } from './exchange-observer.ts';
import { ExternalAuthGate, type AuthPlan } from '../filter/external-auth/external-auth-gate.ts';
import { breakOff } from '../message/grpc-status.ts';
import type { FieldList, RequestHead, ResponseHead } from '../message/head.ts';
import { renderReply, replyFor, type Reply } from '../message/local-reply.ts';
import { mirrorRequest, type MirrorRequest } from './mirror-request.ts';
import type { OutgoingRequest, PreparedRequest } from '../message/outgoing.ts';
import { RequestBody, UNSEEN_REPLAY_BYTES } from './request-body.ts';
import { sendResponseHead } from './response-stage.ts';
import { Retries } from './retries.ts';
import { answeredFailure } from './retry-fields.ts';
import type { Failure, RetryDecision } from './retry.ts';
import type {
  DownstreamEvents,
  DownstreamStream,
  ResetCause,
  UpstreamEvents,
  UpstreamStream,
} from '../message/stream.ts';
import { requestTrailers } from '../message/trailers.ts';
import { answerBegan, answerEnded, failureOf, tryFailed } from './try-outcome.ts';

/** What the end of a limit on the whole exchange is to its client. */
const EXPIRED = { request: 'request_timeout', call: 'grpc_timeout', idle: 'stream_idle' } as const;
const NOT_TRIED: readonly UpstreamEndpoint[] = [];

export class Exchange extends ExchangeFacts implements DownstreamEvents, UpstreamEvents {
  #upstream: UpstreamStream | null = null;
  #cluster: UpstreamCluster | null = null;
  #prepared: PreparedRequest | null = null;
  #deadlines: Deadlines | null = null;
  /** null: the request ended with its head. */
  #body: RequestBody | null = null;
  #gate: ExternalAuthGate | null = null;
  #mirrors: MirrorRequest[] | null = null;
  /** null: no try has failed. */
  #retries: Retries | null = null;
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
    super(context, stream, head, connection);
    // What follows an upgrade is no body, but it travels the same way.
    if (head.hasBody || head.upgrade !== '') this.#body = new RequestBody(head.expectsContinue);
    context.activeRequests++;
  }

  // --- before the first try ---

  /** Nothing goes to a backend before the gate is opened. */
  awaitAuth(plan: AuthPlan): void {
    this.#gate = new ExternalAuthGate(this, plan);
    if (this.#deadlines === null) this.#startDeadlines();
    this.#gate.bodyChanged(this.#body);
  }

  openGate(): void {
    this.#gate = null;
  }

  /** Sends a copy of the request to a mirror. */
  mirror(request: OutgoingRequest, cluster: UpstreamCluster): void {
    const { wheel, mirrors: stats } = this.context;
    const timeoutMs = this.requests?.timeouts.requestMs ?? 0;
    const mirror = mirrorRequest(request, cluster, { wheel, stats, timeoutMs });
    if (mirror === null) return;
    (this.#mirrors ??= []).push(mirror);
    this.#body?.copyTo(mirror);
  }

  /** Sends the request to an endpoint of `cluster`: the session's, if there is one. */
  forward(prepared: PreparedRequest, cluster: UpstreamCluster): void {
    this.#prepared = prepared;
    if (!cluster.enter(this.context.wheel.now())) {
      this.answer('overflow');
      return;
    }
    this.#cluster = cluster;
    const retry = this.requests?.retry ?? null;
    if (retry === null) {
      if (cluster.config.protocol === 'h2') this.#body?.allowReplay(UNSEEN_REPLAY_BYTES);
    } else if (retry.attempts > 0) this.#body?.allowReplay(retry.maxBodyBytes);
    this.#startDeadlines();
    this.#try(this.session?.endpoint ?? cluster.pick(NOT_TRIED, this.hashKey), false);
  }

  #startDeadlines(): void {
    const { requests, startedAtMs, grpcTimeoutMs } = this;
    if (requests !== null) this.#deadlines = new Deadlines(requests.timeouts, startedAtMs, grpcTimeoutMs);
    this.#schedule();
  }

  #schedule(): void {
    const next = this.#deadlines?.next ?? Infinity;
    if (next !== Infinity) this.context.wheel.schedule(this, next);
  }

  // --- tries ---

  #try(endpoint: UpstreamEndpoint | null, fresh: boolean): void {
    if (endpoint === null) {
      this.answer(this.#cluster?.reasonForNone ?? 'no_endpoints');
      return;
    }
    this.endpoint = endpoint;
    endpoint.active++;
    this.#isTrying = true;
    this.#isOpening = true;
    this.context.observer?.attemptStarted?.(this);
    const limitMs = this.backend?.tryTimeoutMs ?? 0;
    if (limitMs > 0 && this.#deadlines !== null) {
      this.#deadlines.tryAt = this.context.wheel.now() + limitMs;
      this.#schedule();
    }
    endpoint.pool.open(this, fresh, this.connection.info.peers);
  }

  /** Ends what is under way upstream without hearing of it again. `retry`: the try that follows. */
  #leaveTry(outcome: AttemptOutcome, retry: RetryDecision | null = null): void {
    this.#gate?.cancel();
    const upstream = this.#upstream;
    this.#upstream = null;
    const { endpoint } = this;
    if (!this.#isTrying || endpoint === null) return;
    this.#isTrying = false;
    endpoint.active--;
    this.#deadlines?.endTry();
    if (this.#isOpening) endpoint.pool.cancelOpen(this);
    else if (!this.#responseEnded || (this.#isTunnel && this.#body?.ended === false)) upstream?.cancel();
    this.#isOpening = false;
    this.context.observer?.attemptEnded?.(this, outcome, retry);
  }

  /** The try has failed: another one, or `reason`. */
  #fail(failure: Failure, reason: ReasonCode): void {
    if (this.endpoint !== null) tryFailed(this.endpoint.health, failure);
    if (!this.#responseStarted && this.#retry(failure)) return;
    this.#leaveTry(failure);
    this.answer(this.#responseStarted ? reason : (this.#retries?.refusal ?? reason));
  }

  /** Arranges for another try in place of this one; false when there is to be none. */
  #retry(failure: Failure): boolean {
    if (this.#cluster === null) return false;
    this.#retries ??= new Retries(this, this.#cluster);
    const remainingMs = this.#deadlines?.remainingMs(this.context.wheel.now()) ?? Infinity;
    const decision = this.#retries.next(failure, this.#body?.isPartial !== true, remainingMs);
    if (decision === null) return false;
    this.#leaveTry(failure, decision);
    if (decision.delayMs === 0 || this.#deadlines === null) {
      this.#tryAgain(decision.fresh);
    } else {
      this.#deadlines.retryAt = this.context.wheel.now() + decision.delayMs;
      this.#schedule();
    }
    return true;
  }

  #tryAgain(fresh: boolean): void {
    this.#try(this.#cluster?.pick(this.#retries?.tried ?? NOT_TRIED, this.hashKey) ?? null, fresh);
  }

  onUpstreamReady(upstream: UpstreamStream): void {
    const prepared = this.#prepared;
    this.#isOpening = false;
    if (prepared === null) return;
    this.#upstream = upstream;
    this.connectedAtMs = this.context.wheel.now();
    const body = this.#body;
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

  /** The backend has said 100, or has had its time to. */
  #releaseBody(): void {
    if (this.#body?.isHeld === true && this.#upstream !== null) this.#sendBody(this.#upstream, this.#body);
  }

  #sendBody(upstream: UpstreamStream, body: RequestBody): void {
    body.isHeld = false;
    const hasRoom = body.sendTo(upstream);
    if (body.ended) upstream.sendEnd(requestTrailers(body.trailers, this.requestEdits));
    else {
      upstream.flush();
      if (hasRoom) this.stream.resumeRequest();
    }
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
    const body = this.#body;
    if (this.#mirrors !== null) for (const mirror of this.#mirrors) mirror.data(buffer, from, to);
    if (body !== null && upstream !== null && !body.isHeld) {
      body.pass(buffer, from, to);
      if (!upstream.sendData(buffer, from, to, owned)) this.stream.pauseRequest();
      return;
    }
    if (body !== null && !this.#isFinished && !this.#responseStarted) this.#keep(body, buffer, from, to);
    if (owned) bulkBuffers.release(buffer);
  }

  /** There is no connection yet, or no 100: a little is kept, the rest waits with the client. */
  #keep(body: RequestBody, buffer: Buffer, from: number, to: number): void {
    body.keep(buffer, from, to);
    if (body.isFull) this.stream.pauseRequest();
    this.#gate?.bodyChanged(body);
  }

  onRequestEnd(received: FieldList | null): void {
    const trailers = requestTrailers(received, this.requestEdits);
    if (this.#body !== null) {
      this.#body.ended = true;
      this.#body.trailers = received;
    }
    if (this.#mirrors !== null) for (const mirror of this.#mirrors) mirror.end(trailers);
    this.#gate?.bodyChanged(this.#body);
    if (this.#body?.isHeld !== true) this.#upstream?.sendEnd(trailers);
    if (this.#isTunnel && this.#responseEnded) this.#finish();
  }

  onRequestFlush(): void {
    if (this.#mirrors !== null) for (const mirror of this.#mirrors) mirror.flush();
    this.#upstream?.flush();
  }

  onUpstreamDrained(): void {
    this.#deadlines?.touch();
    this.stream.resumeRequest();
  }

  onDownstreamReset(cause: ResetCause, reason: ReasonCode): void {
    if (this.#isFinished) return;
    this.#leaveTry(CANCELLED);
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
    if (head.status === 100) this.#releaseBody();
  }

  onResponseHead(head: ResponseHead): void {
    this.#deadlines?.touch();
    if (this.endpoint !== null) answerBegan(this.endpoint.health, head, this.isGrpc);
    const failure = (this.requests?.retry ?? null) === null ? null : answeredFailure(head, this.isGrpc);
    if (failure !== null && this.#retry(failure)) return;
    this.responseHeadAtMs = this.context.wheel.now();
    this.#responseStarted = true;
    this.#releasePrepared();
    if (head.status === 101) this.#openTunnel();
    else this.#body?.forgetReplay();
    sendResponseHead(this, head);
  }

  /** Limits of requests end here: a tunnel lives as long as bytes move (HTTPRouteTimeouts speaks of requests). */
  #openTunnel(): void {
    this.#isTunnel = true;
    const deadlines = this.#deadlines;
    if (deadlines === null) return;
    const idleMs = this.#cluster?.config.policy.connection.tcpIdleTimeoutMs ?? 0;
    deadlines.keepOnlyIdle(this.context.wheel.now(), idleMs);
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
    if (this.endpoint !== null) answerEnded(this.endpoint.health, this.status, trailers, this.isGrpc);
    this.stream.sendEnd(trailers);
    if (!this.#isTunnel || this.#body?.ended !== false) this.#finish();
  }

  /** The response of `upstream`, which is an auth server, is the one that the client gets; `reason` says why. */
  passOn(reason: ReasonCode, head: ResponseHead, upstream: UpstreamStream): void {
    this.#upstream = upstream;
    this.#responseStarted = true;
    this.reason = reason;
    sendResponseHead(this, head);
  }

  /** Ends the exchange with a response of the gateway's own; a response that has begun is broken off. */
  answer(reason: ReasonCode, reply: Reply = replyFor(reason)): void {
    this.#leaveTry(CANCELLED);
    this.reason = reason;
    if (this.#responseStarted) breakOff(this.stream, this.isGrpc, reason);
    else this.#reply(reply);
    this.#finish();
  }

  #reply(reply: Reply): void {
    const { head, body } = renderReply(reply, this);
    this.#responseStarted = true;
    sendResponseHead(this, head);
    if (head.hasBody) {
      this.responseBytes = body.length;
      this.stream.sendData(body, 0, body.length, false);
    }
    this.stream.sendEnd(null);
  }

  // --- time, and the end ---

  onTimer(nowMs: number): void {
    const expired = this.#deadlines?.expired(nowMs) ?? null;
    if (expired === 'try') this.#fail({ kind: 'timeout' }, 'backend_timeout');
    else if (expired === 'retry') this.#tryAgain(false);
    else if (expired === 'continue') this.#releaseBody();
    else if (expired !== null) this.answer(EXPIRED[expired]);
    if (!this.#isFinished) this.#schedule();
  }

  #releasePrepared(): void {
    this.#prepared?.release();
    this.#prepared = null;
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    this.#leaveTry(this.#responseEnded ? COMPLETE : CANCELLED);
    this.#retries?.end();
    this.#cluster?.leave();
    this.#releasePrepared();
    if (this.#mirrors !== null) for (const mirror of this.#mirrors) mirror.exchangeEnded();
    if (this.#deadlines !== null) this.context.wheel.remove(this);
    this.context.activeRequests--;
    this.context.observer?.requestFinished?.(this, this.context.wheel.now());
  }
}
