/** Whether a failed try is followed by another. A pure judgement; the exchange carries it out. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { RetryPolicy, RetryTrigger } from '../../ir/policy.ts';
import type { FieldList } from './head.ts';
import { HeaderId } from './header-id.ts';
import { isIdempotent } from './idempotent.ts';

/** How a try ended. `connect`: nothing of the request was sent. `refused`: sent, and certainly not acted upon. */
export type Failure =
  | { readonly kind: 'connect'; readonly reason: ReasonCode }
  | { readonly kind: 'refused' }
  /** `wasReused`: on a connection that had served before; most likely it was dead already. */
  | { readonly kind: 'reset'; readonly wasReused: boolean }
  | { readonly kind: 'invalid' }
  | { readonly kind: 'timeout' }
  /** `retryAfterMs`: what Retry-After asks for; null without one that can be read. */
  | { readonly kind: 'status'; readonly status: number; readonly retryAfterMs: number | null };

/** What is known of the exchange when a try fails. */
export interface RetryState {
  readonly method: string;
  /** Tries after the first, without replacements of dead connections. */
  readonly retries: number;
  /** Dead connections replaced so far. */
  readonly replaced: number;
  /** The request is at hand from its first byte. */
  readonly canReplay: boolean;
}

export interface RetryDecision {
  readonly delayMs: number;
  /** Not on a connection that has served before. */
  readonly fresh: boolean;
  /** The try replaces one on a dead connection and does not count. */
  readonly isReplacement: boolean;
}

/** The configured backoff is the least to wait; up to this part of it is added. */
const JITTER = 0.5;
/** A client is not kept waiting longer than this for a backend that asked for patience. */
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
    return { delayMs: 0, fresh: true, isReplacement: true };
  }
  if (policy === null) return builtIn(failure, state);
  if (state.retries >= policy.attempts || !isTriggered(policy, failure)) return null;
  const delayMs = backoffMs(policy, state.retries, random);
  const askedMs = failure.kind === 'status' && policy.honorRetryAfter ? (failure.retryAfterMs ?? 0) : 0;
  if (askedMs > MAX_RETRY_AFTER_MS) return null;
  return { delayMs: Math.max(delayMs, askedMs), fresh: false, isReplacement: false };
}

/** Delay that Retry-After asks for in seconds (RFC 9110 section 10.2.3); null without one, or with a date. */
export function retryAfterMs(fields: FieldList): number | null {
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) !== HeaderId.retryAfter) continue;
    const value = fields.value(index);
    return /^[0-9]{1,9}$/.test(value) ? Number(value) * 1_000 : null;
  }
  return null;
}

/** Without a policy: one other endpoint, and only for a request that nobody has seen. */
function builtIn(failure: Failure, state: RetryState): RetryDecision | null {
  const isUnseen = failure.kind === 'connect' || failure.kind === 'refused';
  return isUnseen && state.retries === 0 ? { delayMs: 0, fresh: false, isReplacement: false } : null;
}

function isDeadConnection(failure: Failure): boolean {
  return failure.kind === 'reset' && failure.wasReused;
}

/** A request that may have been acted upon is sent again only if doing it twice does no harm, or the user said so. */
function isSafe(policy: RetryPolicy | null, failure: Failure, method: string): boolean {
  if (isIdempotent(method)) return true;
  const allowed = policy?.nonIdempotent ?? 'before-send';
  if (allowed === 'always') return true;
  return allowed === 'before-send' && (failure.kind === 'connect' || failure.kind === 'refused');
}

function isTriggered(policy: RetryPolicy, failure: Failure): boolean {
  const has = (trigger: RetryTrigger): boolean => policy.on.includes(trigger);
  switch (failure.kind) {
    case 'connect':
      return has('connect-failure') || has('gateway-error') || has('5xx');
    case 'refused':
      return has('refused-stream') || has('reset') || has('gateway-error') || has('5xx');
    case 'reset':
    case 'invalid':
      return has('reset') || has('gateway-error') || has('5xx');
    case 'timeout':
      return has('per-try-timeout') || has('gateway-error') || has('5xx');
    case 'status':
      return isRetriableStatus(policy, failure.status);
  }
}

/** True when an answer with this status is worth another try under the policy. */
function isRetriableStatus(policy: RetryPolicy, status: number): boolean {
  if (status < 400) return false;
  if (policy.codes.includes(status)) return true;
  if (policy.on.includes('5xx') && status >= 500) return true;
  return policy.on.includes('gateway-error') && status >= 502 && status <= 504;
}

function backoffMs(policy: RetryPolicy, retries: number, random: number): number {
  const doubled = policy.backoffMs * 2 ** Math.min(retries, 20);
  const bounded = policy.maxBackoffMs > 0 ? Math.min(doubled, policy.maxBackoffMs) : doubled;
  return bounded * (1 + JITTER * random);
}
