/**
 * Session persistence (GEP-1619): further requests of a client go to the same endpoint as long as it exists.
 */
import type { HeaderField } from '../../ir/filter.ts';
import type { SessionPersistence } from '../../ir/policy.ts';
import type { UpstreamEndpoint } from '../upstream/endpoint.ts';
import type { SessionTokens } from '../upstream/session-tokens.ts';
import type { CompiledBackend } from './compiled-rule.ts';
import type { Exchange } from './exchange.ts';
import type { FieldList } from '../message/head.ts';
import { HeaderId } from '../message/header-id.ts';

export interface Session {
  readonly endpoint: UpstreamEndpoint;
  readonly backend: CompiledBackend;
}

/** A time, in milliseconds since the epoch, and the key of this proxy's sessions. */
export interface SessionContext {
  readonly tokens: SessionTokens;
  readonly nowMs: number;
}

/** Maximum number of values checked: a backend may set cookies of the same name for other paths, a client may send thousands. */
const MAX_VALUES = 8;

/**
 * The session of a request; null if it has no valid one. Of several cookies or fields with the name, the first
 * valid one is used (GEP-1619: an implementation must handle multiple cookies of one name).
 */
export function findSession(
  policy: SessionPersistence,
  request: FieldList,
  backends: readonly CompiledBackend[],
  context: SessionContext,
): Session | null {
  const valueOf = policy.kind === 'cookie' ? cookieValue : headerValue;
  for (let at = 0; at < MAX_VALUES; at++) {
    const value = valueOf(request, policy.name, at);
    if (value === null) return null;
    const session = sessionOf(policy, value, backends, context);
    if (session !== null) return session;
  }
  return null;
}

/** Weights do not matter: a backend without new sessions keeps its existing ones. */
function sessionOf(
  policy: SessionPersistence,
  value: string,
  backends: readonly CompiledBackend[],
  { tokens, nowMs }: SessionContext,
): Session | null {
  const token = tokens.read(policy.name, value);
  if (token === null || isExpired(policy, token.beganMs, nowMs)) return null;
  for (const backend of backends) {
    const endpoint = backend.cluster?.findForSession(token.endpoint, tokens) ?? null;
    if (endpoint !== null) return { endpoint, backend };
  }
  return null;
}

/** One second more than now, because the clocks of proxies differ slightly. */
function isExpired({ absoluteTimeoutMs }: SessionPersistence, beganMs: number, nowMs: number): boolean {
  return absoluteTimeoutMs > 0 && (nowMs - beganMs >= absoluteTimeoutMs || beganMs > nowMs + 1_000);
}

/**
 * The response field that starts a session. SameSite is Lax although GEP-1619 suggests Strict: the cookie does not authenticate, and
 * with Strict, users who follow a link from another site would lose the session.
 */
export function sessionField(
  policy: SessionPersistence,
  endpoint: UpstreamEndpoint,
  { context, isSecure }: Pick<Exchange, 'context' | 'isSecure'>,
): HeaderField {
  const value = context.sessions.issue(policy.name, endpoint, Date.now());
  if (policy.kind === 'header') return { name: policy.name, value };
  const lifetime =
    policy.cookieLifetime === 'permanent' && policy.absoluteTimeoutMs > 0
      ? `; Max-Age=${Math.floor(policy.absoluteTimeoutMs / 1_000)}`
      : '';
  // Without TLS, the browser would never send back a Secure cookie.
  const secure = isSecure ? '; Secure' : '';
  return {
    name: 'set-cookie',
    value: `${policy.name}=${value}; Path=${policy.cookiePath}${lifetime}${secure}; HttpOnly; SameSite=Lax`,
  };
}

/** The value of the field of this name that comes after `skip` others; null when there are not that many. */
function headerValue(fields: FieldList, name: string, skip: number): string | null {
  const wanted = name.toLowerCase();
  let left = skip;
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) === HeaderId.hidden || fields.name(index) !== wanted) continue;
    if (left-- === 0) return fields.value(index);
  }
  return null;
}

/**
 * The value of the cookie of this name that comes after `skip` others; null when there are not that many. Their order is that of their
 * paths, the longest first (RFC 6265 section 5.4).
 */
export function cookieValue(fields: FieldList, name: string, skip = 0): string | null {
  let left = skip;
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) !== HeaderId.cookie) continue;
    for (const pair of fields.value(index).split(';')) {
      const equals = pair.indexOf('=');
      if (equals <= 0 || pair.slice(0, equals).trim() !== name) continue;
      if (left-- === 0) return pair.slice(equals + 1).trim();
    }
  }
  return null;
}
