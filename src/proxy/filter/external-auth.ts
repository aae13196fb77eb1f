/**
 * HTTPExternalAuthFilter (GEP-1494) over HTTP: what is asked of the auth server, and what its answer means. The asking itself is the
 * exchange's. Fails closed: anything but an answer is a refusal.
 */
import type { ExternalAuthFilter, HeaderField } from '../../ir/filter.ts';
import type { FieldList, RequestHead, ResponseHead } from '../http/head.ts';
import { HeaderId } from '../http/header-id.ts';

/** Sent whatever `allowedHeaders` says (HTTPAuthConfig.allowedHeaders). */
const ALWAYS_SENT = new Set(['host', 'method', 'path', 'content-length', 'authorization']);

/** Path and query of the question: the request's own, below the configured prefix. */
export function authTarget(filter: ExternalAuthFilter, { path, query }: RequestHead): string {
  const prefix = filter.protocol.kind === 'http' ? filter.protocol.pathPrefix : '';
  const base = prefix.endsWith('/') ? prefix.slice(0, -1) : prefix;
  return `${base}${path}${query === '' ? '' : `?${query}`}`;
}

/** Names, in lower case, of the request's fields that the question must not carry. */
export function withheldFields(filter: ExternalAuthFilter, head: FieldList): string[] {
  const allowed = new Set(filter.protocol.allowedRequestHeaders);
  const withheld = new Set<string>();
  for (let index = 0; index < head.count; index++) {
    const name = head.name(index);
    if (!ALWAYS_SENT.has(name) && !allowed.has(name)) withheld.add(name);
  }
  return [...withheld];
}

export type AuthVerdict =
  /** Fields to set on the request to the backend: these replace the client's of the same name. */
  | { readonly kind: 'allow'; readonly fields: readonly HeaderField[] }
  /** The auth server's own answer goes to the client. */
  | { readonly kind: 'deny'; readonly status: number };

const SUCCESS = 200;

/** 200 lets the request through; every other status is the answer. */
export function judgeAnswer(filter: ExternalAuthFilter, head: ResponseHead): AuthVerdict {
  if (head.status !== SUCCESS) return { kind: 'deny', status: head.status };
  const wanted = filter.protocol.kind === 'http' ? filter.protocol.allowedResponseHeaders : [];
  const fields: HeaderField[] = [];
  for (let index = 0; index < head.count; index++) {
    const name = head.name(index);
    const isWanted = wanted.length === 0 ? isForwardable(head.id(index), name) : wanted.includes(name);
    if (isWanted) fields.push({ name, value: head.value(index) });
  }
  return { kind: 'allow', fields };
}

/** Without a list, everything but what describes the auth server's own message. */
function isForwardable(id: number, name: string): boolean {
  if (id >= HeaderId.connection && id <= HeaderId.host) return false;
  return (
    id !== HeaderId.date &&
    id !== HeaderId.server &&
    id !== HeaderId.contentType &&
    name !== 'content-encoding'
  );
}
