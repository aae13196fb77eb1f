/**
 * HTTPExternalAuthFilter (GEP-1494) over HTTP: what is asked of the auth server, and what its answer means. The asking itself is the
 * exchange's. Fails closed: anything but an answer is a refusal.
 */
import type { ExternalAuthFilter, HeaderField } from '../../../ir/filter.ts';
import type { FieldList, RequestHead, ResponseHead } from '../../message/head.ts';
import {
  CONNECTION_LEVEL_IDS,
  HeaderId,
  REPLACED_IDS,
  idTable,
  isConnectionLevel,
} from '../../message/header-id.ts';
import { targetOctets } from '../path-rewrite.ts';

/** Fields that belong to one message on one connection, or that the gateway writes itself. */
const NEVER_COPIED = idTable([
  ...CONNECTION_LEVEL_IDS,
  ...REPLACED_IDS,
  HeaderId.xRequestId,
  HeaderId.contentLength,
  HeaderId.host,
  HeaderId.expect,
  HeaderId.trailer,
]);

/** Path and query of the question: the request's own, below the configured prefix. */
export function authTarget(filter: ExternalAuthFilter, { path, query }: RequestHead): string {
  const prefix = filter.protocol.kind === 'http' ? filter.protocol.pathPrefix : '';
  const octets = prefix === '' ? '' : targetOctets(prefix);
  const base = octets.endsWith('/') ? octets.slice(0, -1) : octets;
  return `${base}${path}${query === '' ? '' : `?${query}`}`;
}

/**
 * The client's fields that the auth server gets over HTTP: Authorization and what `allowedHeaders` lists. Host, method, path and
 * Content-Length are always sent as well (HTTPAuthConfig.allowedHeaders), but describe the check: they are never copied.
 */
export function copiedFields(filter: ExternalAuthFilter, head: FieldList): HeaderField[] {
  const allowed = filter.protocol.allowedRequestHeaders;
  const copied: HeaderField[] = [];
  for (let index = 0; index < head.count; index++) {
    const id = head.id(index);
    if (NEVER_COPIED[id] === 1) continue;
    const name = head.name(index);
    if (id === HeaderId.authorization || allowed.includes(name)) {
      copied.push({ name, value: head.value(index) });
    }
  }
  return copied;
}

export type AuthVerdict =
  /** Fields to set on the request to the backend: these replace the client's of the same name. */
  | { readonly kind: 'allow'; readonly fields: readonly HeaderField[] }
  /** The auth server's own answer goes to the client. */
  | { readonly kind: 'deny'; readonly status: number };

const SUCCESS = 200;

/** 200 lets the request through; every other status is the answer. */
export function readVerdict(filter: ExternalAuthFilter, head: ResponseHead): AuthVerdict {
  if (head.status !== SUCCESS) return { kind: 'deny', status: head.status };
  const wanted = filter.protocol.kind === 'http' ? filter.protocol.allowedResponseHeaders : [];
  const fields: HeaderField[] = [];
  for (let index = 0; index < head.count; index++) {
    if (isConnectionLevel(head.id(index))) continue;
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
