/** Timeouts, retries and session persistence of a rule. */
import type {
  HTTPRouteRuleRetry,
  HTTPRouteRuleSessionPersistence,
  HTTPRouteRuleTimeouts,
} from '../../gatewayapi/generated/types.ts';
import type { RouteMatch } from '../../ir/match.ts';
import {
  DEFAULT_TIMEOUTS,
  type RetryPolicy,
  type RetryTrigger,
  type SessionPersistence,
  type Timeouts,
} from '../../ir/policy.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import { sha256Hex } from '../../lib/sha256.ts';
import type { RouteNode, RuleNode } from '../graph/nodes.ts';

/** Without a timeout in the rule there is none: a hidden deadline cuts streams (HTTPRouteTimeouts). */
export function lowerTimeouts(timeouts: HTTPRouteRuleTimeouts | null): Timeouts {
  return {
    ...DEFAULT_TIMEOUTS,
    requestMs: parseDurationMs(timeouts?.request ?? '') ?? DEFAULT_TIMEOUTS.requestMs,
    backendRequestMs: parseDurationMs(timeouts?.backendRequest ?? '') ?? DEFAULT_TIMEOUTS.backendRequestMs,
  };
}

const DEFAULT_ATTEMPTS = 2;
const DEFAULT_BACKOFF_MS = 25;
const MAX_BACKOFF_FACTOR = 10;
const MAX_RETRIED_BODY_BYTES = 65_536;

/** HTTPRouteRetry: connection errors and timeouts of a try are retried besides the listed codes. */
export function lowerRetry(retry: HTTPRouteRuleRetry | null, timeouts: Timeouts): RetryPolicy | null {
  if (retry === null) return null;
  const codes = retry.codes ?? [];
  const on: RetryTrigger[] = ['connect-failure', 'refused-stream', 'reset', 'per-try-timeout'];
  if (codes.length > 0) on.push('retriable-codes');
  const backoffMs = parseDurationMs(retry.backoff ?? '') ?? DEFAULT_BACKOFF_MS;
  return {
    attempts: retry.attempts ?? DEFAULT_ATTEMPTS,
    on,
    codes,
    grpcCodes: [],
    backoffMs,
    maxBackoffMs: backoffMs * MAX_BACKOFF_FACTOR,
    honorRetryAfter: true,
    perTryTimeoutMs: timeouts.backendRequestMs,
    nonIdempotent: 'before-send',
    maxBodyBytes: MAX_RETRIED_BODY_BYTES,
  };
}

/**
 * The rule's own settings, else those of the first backend that a policy gives any (GEP-1619: a rule overrides
 * policies; with several backends persistence applies to all of them equally).
 */
export function lowerSession(
  route: RouteNode,
  rule: RuleNode,
  matches: readonly RouteMatch[],
): SessionPersistence | null {
  const own = rule.spec.sessionPersistence;
  if (own !== null) {
    const name = own.sessionName || `sluice-${ruleIdentity(route, rule)}`;
    return sessionOf(own, name, commonPath(matches));
  }
  for (const { upstream } of rule.backends) {
    const shared = upstream.ok ? upstream.value.traffic?.object.spec.sessionPersistence : undefined;
    // Rules must not share sessions even where the policy names them, and the cookie has no path: other routes may
    // lead to the same backend (GEP-1619, "Route Rules ... Must Not Share Sessions", "Path").
    if (shared !== undefined) {
      return sessionOf(shared, `${shared.sessionName || 'sluice'}-${ruleIdentity(route, rule)}`, '');
    }
  }
  return null;
}

/** Short and stable while the rule keeps its name, or without one its place. */
function ruleIdentity(route: RouteNode, rule: RuleNode): string {
  const { kind, namespace, name } = route.ref;
  return sha256Hex([kind, namespace, name, rule.spec.name ?? rule.index].join('/')).slice(0, 8);
}

function sessionOf(
  spec: HTTPRouteRuleSessionPersistence,
  name: string,
  cookiePath: string,
): SessionPersistence {
  return {
    kind: spec.type === 'Header' ? 'header' : 'cookie',
    name,
    absoluteTimeoutMs: parseDurationMs(spec.absoluteTimeout ?? '') ?? 0,
    cookieLifetime: spec.cookieConfig?.lifetimeType === 'Permanent' ? 'permanent' : 'session',
    cookiePath,
  };
}

/** The longest path of whole segments under which all matches lie. */
function commonPath(matches: readonly RouteMatch[]): string {
  let common: readonly string[] | null = null;
  for (const { path } of matches) {
    const literal = path.kind === 'regex' ? literalPrefix(path.pattern) : path.value;
    const segments = literal.split('/').filter((segment) => segment !== '');
    if (common === null) {
      common = segments;
    } else {
      const differs = common.findIndex((segment, index) => segment !== segments[index]);
      if (differs !== -1) common = common.slice(0, differs);
    }
  }
  return `/${(common ?? []).join('/')}`;
}

/** Whole segments before the first special character of an anchored pattern; others may match anywhere. */
function literalPrefix(pattern: string): string {
  if (!pattern.startsWith('^/')) return '/';
  const literal = /^\^([A-Za-z0-9/_~-]*)/.exec(pattern)?.[1] ?? '/';
  const wholePattern = literal.length + 1 === pattern.length;
  return wholePattern ? literal : literal.slice(0, literal.lastIndexOf('/') + 1);
}
