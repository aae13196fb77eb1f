/**
 * Session persistence (GEP-1619): a client that comes again is sent where it went before, for as long as that endpoint is there. What the
 * client keeps names the endpoint without telling its address, and when the session began.
 */
import type { HeaderField } from '../../ir/filter.ts';
import type { SessionPersistence } from '../../ir/policy.ts';
import type { UpstreamEndpoint } from '../cluster/endpoint.ts';
import type { CompiledBackend } from '../runtime/compiled-rule.ts';
import type { FieldList } from './head.ts';
import { HeaderId } from './header-id.ts';

/** `token.seconds`, seconds since the epoch in base 36. */
const SESSION = /^([A-Za-z0-9_-]{16})\.([0-9a-z]{1,11})$/;

export interface Session {
  readonly endpoint: UpstreamEndpoint;
  readonly backend: CompiledBackend;
}

/** The session that a request belongs to; null when it has none that is still good. `nowMs` since the epoch. */
export function findSession(
  policy: SessionPersistence,
  request: FieldList,
  backends: readonly CompiledBackend[],
  nowMs: number,
): Session | null {
  const text =
    policy.kind === 'cookie' ? cookieValue(request, policy.name) : headerValue(request, policy.name);
  const [, token = '', began = ''] = SESSION.exec(text) ?? [];
  if (token === '' || isExpired(policy, parseInt(began, 36) * 1_000, nowMs)) return null;
  for (const backend of backends) {
    const endpoint = backend.cluster?.findByToken(token) ?? null;
    if (endpoint !== null) return { endpoint, backend };
  }
  return null;
}

function isExpired({ absoluteTimeoutMs }: SessionPersistence, beganMs: number, nowMs: number): boolean {
  if (absoluteTimeoutMs === 0) return false;
  return nowMs - beganMs >= absoluteTimeoutMs || beganMs > nowMs + 1_000;
}

/** The field of an answer that begins a session with `endpoint`. */
export function sessionField(
  policy: SessionPersistence,
  endpoint: UpstreamEndpoint,
  nowMs: number,
): HeaderField {
  const value = `${endpoint.token}.${Math.floor(nowMs / 1_000).toString(36)}`;
  if (policy.kind === 'header') return { name: policy.name, value };
  const lifetime =
    policy.cookieLifetime === 'permanent' && policy.absoluteTimeoutMs > 0
      ? `; Max-Age=${Math.floor(policy.absoluteTimeoutMs / 1_000)}`
      : '';
  return {
    name: 'set-cookie',
    value: `${policy.name}=${value}; Path=${policy.cookiePath}${lifetime}; HttpOnly; SameSite=Lax`,
  };
}

function headerValue(fields: FieldList, name: string): string {
  const wanted = name.toLowerCase();
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) !== HeaderId.hidden && fields.name(index) === wanted) return fields.value(index);
  }
  return '';
}

/** The first cookie of this name (RFC 6265 section 5.4); `` without one. */
export function cookieValue(fields: FieldList, name: string): string {
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) !== HeaderId.cookie) continue;
    for (const pair of fields.value(index).split(';')) {
      const equals = pair.indexOf('=');
      if (equals > 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
    }
  }
  return '';
}
