/** A request's head from a header block (RFC 9113 section 8.3.1). */
import type { RequestHead } from '../head.ts';
import { UNKNOWN_LENGTH } from '../head.ts';
import { parseHost } from '../h1/host-field.ts';
import { HeaderId } from '../header-id.ts';
import { normalisePath } from '../../router/path.ts';
import { EntryFields, parseLength } from './entry-fields.ts';
import { HeaderEntry, Pseudo } from './hpack/entry.ts';

export class H2RequestHead extends EntryFields implements RequestHead {
  readonly method: string;
  readonly authority: string;
  readonly host: string;
  readonly path: string;
  readonly query: string;
  readonly pathChanged: boolean;
  readonly hasBody: boolean;
  readonly contentLength: number;
  readonly upgrade: string;
  readonly version = 'HTTP/2';
  readonly acceptsTrailers = true;
  readonly expectsContinue: boolean;

  constructor(entries: readonly HeaderEntry[], facts: Omit<Facts, 'scheme'>, endStream: boolean) {
    super(entries);
    this.method = facts.method;
    this.authority = facts.authority;
    this.host = facts.host;
    this.path = facts.path;
    this.query = facts.query;
    this.pathChanged = facts.pathChanged;
    this.upgrade = facts.protocol;
    this.hasBody = !endStream && facts.protocol === '';
    this.contentLength = this.hasBody ? facts.contentLength : 0;
    this.expectsContinue = facts.expectsContinue;
  }

  header(name: string): string | undefined {
    return this.find(name);
  }

  /** Entries do not change and belong to nobody. */
  retain(): this {
    return this;
  }
}

interface Facts {
  method: string;
  scheme: string;
  authority: string;
  host: string;
  path: string;
  query: string;
  pathChanged: boolean;
  protocol: string;
  contentLength: number;
  expectsContinue: boolean;
}

/** Hosts by authority: the same few come again and again. */
const hosts = new Map<string, string | null>();
const MAX_HOSTS = 10_000;

function hostOf(authority: string): string | null {
  let host = hosts.get(authority);
  if (host === undefined) {
    host = parseHost(Buffer.from(authority, 'latin1'), 0, authority.length);
    if (hosts.size >= MAX_HOSTS) hosts.clear();
    hosts.set(authority, host);
  }
  return host;
}

/**
 * `entries[0, count)` as a request; null when it is malformed: pseudo-header fields missing, repeated, unknown or after ordinary ones,
 * forbidden fields, Host that differs from `:authority`, lengths that cannot be.
 */
export function readRequest(
  entries: readonly HeaderEntry[],
  count: number,
  endStream: boolean,
): H2RequestHead | null {
  const facts: Facts = {
    method: '',
    scheme: '',
    authority: '',
    host: '',
    path: '',
    query: '',
    pathChanged: false,
    protocol: '',
    contentLength: UNKNOWN_LENGTH,
    expectsContinue: false,
  };
  const fields: HeaderEntry[] = [];
  let cookie: string | null = null;
  let host: string | null = null;
  for (let index = 0; index < count; index++) {
    const entry = entries[index] as HeaderEntry;
    if (entry.isMalformed) return null;
    if (entry.pseudo !== Pseudo.none) {
      if (fields.length > 0 || host !== null || cookie !== null || !takePseudo(facts, entry)) return null;
    } else if (entry.id === HeaderId.host) {
      if (host !== null) return null;
      host = entry.value;
    } else if (entry.id === HeaderId.cookie)
      cookie = cookie === null ? entry.value : `${cookie}; ${entry.value}`;
    else if (takeField(facts, entry)) fields.push(entry);
    else return null;
  }
  if (cookie !== null) fields.push(new HeaderEntry('cookie', cookie));
  return complete(facts, host, endStream) ? new H2RequestHead(fields, facts, endStream) : null;
}

/** False when the field is repeated, or is an answer's. */
function takePseudo(facts: Facts, { pseudo, value }: HeaderEntry): boolean {
  if (value === '' && pseudo !== Pseudo.authority) return false;
  switch (pseudo) {
    case Pseudo.method:
      if (facts.method !== '') return false;
      facts.method = value;
      return /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value);
    case Pseudo.scheme:
      if (facts.scheme !== '') return false;
      facts.scheme = value;
      return true;
    case Pseudo.path:
      if (facts.path !== '') return false;
      facts.path = value;
      return true;
    case Pseudo.authority:
      if (facts.authority !== '') return false;
      facts.authority = value;
      return true;
    case Pseudo.protocol:
      if (facts.protocol !== '') return false;
      facts.protocol = value.toLowerCase();
      return true;
    default:
      return false;
  }
}

function takeField(facts: Facts, { id, value }: HeaderEntry): boolean {
  if (id === HeaderId.contentLength) {
    const length = parseLength(value);
    if (length < 0 || (facts.contentLength !== UNKNOWN_LENGTH && facts.contentLength !== length))
      return false;
    facts.contentLength = length;
  } else if (id === HeaderId.expect) facts.expectsContinue = value.toLowerCase() === '100-continue';
  return true;
}

function complete(facts: Facts, host: string | null, endStream: boolean): boolean {
  if (facts.method === '' || facts.scheme === '' || facts.path === '') return false;
  // CONNECT is for tunnels to anywhere, but for the extended one (RFC 8441), which names a protocol.
  if ((facts.method === 'CONNECT') !== (facts.protocol !== '')) return false;
  if (facts.protocol !== '') facts.method = 'GET';
  if (facts.authority === '') facts.authority = host ?? '';
  else if (host !== null && host.toLowerCase() !== facts.authority.toLowerCase()) return false;
  const parsed = hostOf(facts.authority);
  if (parsed === null) return false;
  facts.host = parsed;
  if (endStream && facts.contentLength > 0) return false;
  return splitTarget(facts);
}

function splitTarget(facts: Facts): boolean {
  const target = facts.path;
  if (target === '*') return facts.method === 'OPTIONS';
  // What a URI cannot hold would be read differently by whoever comes next.

  if (/[\x00-\x20\x7f#]/.test(target)) return false;
  const question = target.indexOf('?');
  const raw = question === -1 ? target : target.slice(0, question);
  const path = normalisePath(raw);
  if (path === null) return false;
  facts.path = path;
  facts.query = question === -1 ? '' : target.slice(question + 1);
  facts.pathChanged = path !== raw;
  return true;
}
