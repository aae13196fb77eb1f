/** Decides whether another attempt follows a failed one. Pure: the exchange makes the attempt. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { RetryPolicy, RetryTrigger } from '../../ir/policy.ts';
import { isIdempotent } from '../message/idempotent.ts';

/** How an attempt ended. `connect`: no part of the request was sent. `refused`: sent, but certainly not processed. */
export type Failure =
  | { readonly kind: 'connect'; readonly reason: ReasonCode }
  | { readonly kind: 'refused' }
  /** `wasReused`: on a reused connection, which most likely was dead already. */
  | { readonly kind: 'reset'; readonly wasReused: boolean }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'timeout' }
  /** `retryAfterMs`: the delay in Retry-After; null without a valid one. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | null }
  /** A response that is only a gRPC status ("Trailers-Only"). */
  | { readonly kind: 'grpc'; readonly code: number };

/** Why another attempt was made, for metrics. `dead`: replaces one on a connection that was already closed. */
export const RETRY_REASONS = [
  'connect',
  'refused',
  'reset',
  'invalid',
  'timeout',
  'status',
  'grpc',
  'dead',
] as const;
export type RetryReason = (typeof RETRY_REASONS)[number];

/** The state of the exchange when an attempt fails. */
export interface RetryState {
  readonly method: string;
  /** Attempts after the first, without replacements of dead connections. */
  readonly retries: number;
  /** Dead connections replaced so far. */
  readonly replaced: number;
  /** The request was kept from its first byte on. */
  readonly canReplay: boolean;
  /** Until the time limit of the request; Infinity without one. */
  readonly remainingMs: number;
}

export interface RetryDecision {
  readonly reason: RetryReason;
  readonly delayMs: number;
  /** Not on a connection that has served before. */
  readonly fresh: boolean;
  /** Not counted in the retry budget, because it adds no load: no backend has seen the request, or its connection was dead. */
  readonly isFree: boolean;
}

/** The configured backoff is the minimum delay; up to this fraction of it is added. */
const JITTER = 0.5;
/** A client waits no longer than this for a backend that sent Retry-After. */
const MAX_RETRY_AFTER_MS = 5_000;

/** null = give up. `random` in `[0, 1)`. */
export function decideRetry(
  policy: RetryPolicy | null,
  failure: Failure,
  state: RetryState,
  random: number,
): RetryDecision | null {
  if (policy?.attempts === 0 || !state.canReplay || !isSafe(policy, failure, state.method)) return null;
  if (isDeadConnection(failure) && state.replaced === 0 && isIdempotent(state.method)) {
    return { reason: 'dead', delayMs: 0, fresh: true, isFree: true };
  }
  const isFree = isUnseen(failure) && state.retries === 0;
  const decision = { reason: failure.kind, delayMs: 0, fresh: false, isFree };
  // Without a policy: one other endpoint, and only for a request that no backend has seen.
  if (policy === null) return isFree ? decision : null;
  if (state.retries >= policy.attempts || !isTriggered(policy, failure)) return null;
  const delayMs = waitMs(policy, failure, state, random);
  return delayMs === null ? null : { ...decision, delayMs };
}

/** A circuit breaker limit is not a failure of an endpoint: another one would be refused as well. */
const isUnseen = (failure: Failure): boolean =>
  failure.kind === 'refused' || (failure.kind === 'connect' && failure.reason !== 'overflow');

const isDeadConnection = (failure: Failure): boolean => failure.kind === 'reset' && failure.wasReused;

/**
 * A request that may have been processed is sent again only if it is idempotent, or the user allows it: with `always`, or by
 * listing the status. HTTPRouteRetry.codes does not distinguish methods, and gRPC uses only POST.
 */
function isSafe(policy: RetryPolicy | null, failure: Failure, method: string): boolean {
  if (isIdempotent(method)) return true;
  const allowed = policy?.nonIdempotent ?? 'before-send';
  if (allowed === 'always') return true;
  return allowed === 'before-send' && (isUnseen(failure) || isListed(policy, failure));
}

const isListed = (policy: RetryPolicy | null, failure: Failure): boolean =>
  failure.kind === 'grpc' || (failure.kind === 'status' && policy?.codes.includes(failure.status) === true);

function isTriggered(policy: RetryPolicy, failure: Failure): boolean {
  const has = (trigger: RetryTrigger): boolean => policy.on.includes(trigger);
  switch (failure.kind) {
    case 'connect':
      return failure.reason !== 'overflow' && (has('connect-failure') || has('gateway-error') || has('5xx'));
    case 'refused':
      return has('refused-stream') || has('reset') || has('gateway-error') || has('5xx');
    case 'reset':
    case 'invalid':
      return has('reset') || has('gateway-error') || has('5xx');
    case 'timeout':
      return has('per-try-timeout') || has('gateway-error') || has('5xx');
    case 'status':
      return isRetriableStatus(policy, failure.status);
    case 'grpc':
      return policy.grpcCodes.includes(failure.code);
  }
}

/** True when the policy retries responses with this status. */
function isRetriableStatus(policy: RetryPolicy, status: number): boolean {
  if (status < 400) return false;
  if (policy.codes.includes(status)) return true;
  if (policy.on.includes('5xx') && status >= 500) return true;
  return policy.on.includes('gateway-error') && status >= 502 && status <= 504;
}

/**
 * Delay before the next attempt; null when it is too long. A response is not dropped for a wait that the time limit of the request
 * would end.
 */
function waitMs(policy: RetryPolicy, failure: Failure, state: RetryState, random: number): number | null {
  const delayMs = backoffMs(policy, state.retries, random);
  if (failure.kind !== 'status' && failure.kind !== 'grpc') return delayMs;
  const askedMs = failure.kind === 'status' && policy.honorRetryAfter ? (failure.retryAfterMs ?? 0) : 0;
  const longerMs = Math.max(delayMs, askedMs);
  return askedMs > MAX_RETRY_AFTER_MS || longerMs >= state.remainingMs ? null : longerMs;
}

function backoffMs(policy: RetryPolicy, retries: number, random: number): number {
  const doubled = policy.backoffMs * 2 ** Math.min(retries, 20);
  const bounded = policy.maxBackoffMs > 0 ? Math.min(doubled, policy.maxBackoffMs) : doubled;
  return bounded * (1 + JITTER * random);
}
