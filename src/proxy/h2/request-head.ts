/** A request's head from a header block (RFC 9113 section 8.3.1), with the same limits as HTTP/1.1. */
import type { ReasonCode } from '../../ir/reason.ts';
import { normalisePath } from '../router/path.ts';
import { isSameAuthority, parseHost } from '../message/host-field.ts';
import { forwardableUpgrade } from '../message/upgrade.ts';
import type { FieldHiding } from '../message/field-policy.ts';
import { isGrpcContent } from '../message/grpc-status.ts';
import { UNKNOWN_LENGTH, type RequestHead } from '../message/head.ts';
import { HeaderId, Suspect } from '../message/header-id.ts';
import type { ReplyTarget } from '../message/local-reply.ts';
import { EntryFields, INVALID_LENGTH, agreedLength } from '../message/entry-fields.ts';
import { HeaderEntry, Pseudo } from '../message/header-entry.ts';

export class H2RequestHead extends EntryFields implements RequestHead {
  method = '';
  authority = '';
  host = '';
  path = '';
  query = '';
  pathChanged = false;
  hasBody = false;
  contentLength = 0;
  upgrade = '';
  readonly version = 'HTTP/2';
  acceptsTrailers = false;
  /** Value of Content-Type; `` without one. */
  contentType = '';
  expectsContinue = false;
  suspects: number = Suspect.none;

  /** Host and Upgrade are what `:authority` and `:protocol` say (RFC 9113 section 8.3.1, RFC 8441 section 5). */
  header(name: string): string | undefined {
    if (name === 'content-type' && this.contentType !== '') return this.contentType;
    if (name === 'host') return this.authority;
    if (name === 'upgrade' && this.upgrade !== '') return this.upgrade;
    return this.find(name);
  }

  hide(policy: FieldHiding): void {
    const isHidden = ({ suspect, name }: HeaderEntry): boolean =>
      policy.concerns(suspect, null) && policy.hides(suspect, name);
    if (this.entries.some(isHidden)) this.entries = this.entries.filter((entry) => !isHidden(entry));
  }

  /** Entries are immutable and may be shared. */
  retain(): this {
    return this;
  }
}

export interface RequestLimits {
  readonly targetBytes: number;
}

/** The stream must be reset: it has no request to respond to (RFC 9113 section 8.1.1). */
export const MALFORMED = 'malformed';

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const MAX_METHOD_BYTES = 32;
/** As HTTP/1.1 takes them: no controls, no space, no `#`, nothing beyond ASCII. */
const NOT_IN_TARGET = /[^\x21\x22\x24-\x7e]/;
const MAX_AUTHORITY_BYTES = 262;

interface Target {
  readonly path: string;
  readonly query: string;
  readonly pathChanged: boolean;
}

/** Reads the requests of one connection. They are similar, so the parsed `:authority` and `:path` of the last one are kept. */
export class RequestReader {
  readonly #limits: RequestLimits;
  // Of the present block.
  #method: HeaderEntry | null = null;
  #scheme: HeaderEntry | null = null;
  #path: HeaderEntry | null = null;
  #authority: HeaderEntry | null = null;
  #protocol: HeaderEntry | null = null;
  #host: HeaderEntry | null = null;
  #cookies = 0;
  #contentLength = UNKNOWN_LENGTH;
  /** A repeated Content-Length: rejected as in HTTP/1.1, even with equal values. */
  #isLengthRepeated = false;
  #contentType = '';
  #expect = '';
  #acceptsTrailers = false;
  #suspects: number = Suspect.none;
  // Of the last one.
  #knownAuthority: HeaderEntry | null = null;
  #knownHost: string | null = null;
  #knownPath: HeaderEntry | null = null;
  #knownTarget: Target | null = null;

  constructor(limits: RequestLimits) {
    this.#limits = limits;
  }

  /** `entries[0, count)` as a request; MALFORMED, or the reason of the response. */
  read(
    entries: readonly HeaderEntry[],
    count: number,
    endStream: boolean,
  ): H2RequestHead | typeof MALFORMED | ReasonCode {
    const fieldsFrom = this.#readPseudo(entries, count);
    if (fieldsFrom < 0 || !this.#readFields(entries, fieldsFrom, count)) return MALFORMED;
    if (!this.#isComplete(endStream)) return MALFORMED;
    const head = new H2RequestHead(this.#forwardable(entries, fieldsFrom, count));
    return this.#fill(head, endStream) ?? head;
  }

  /** The request that was read last, as far as it could be read. */
  get last(): ReplyTarget {
    const method = this.#method?.value ?? '';
    return { method, isGrpc: method === 'POST' && isGrpcContent(this.#contentType) };
  }

  /** Takes the pseudo-header fields, which come first, each once. Returns where ordinary fields begin; -1 when malformed. */
  #readPseudo(entries: readonly HeaderEntry[], count: number): number {
    this.#method = null;
    this.#contentType = '';
    this.#scheme = null;
    this.#path = null;
    this.#authority = null;
    this.#protocol = null;
    for (let index = 0; index < count; index++) {
      const entry = entries[index] as HeaderEntry;
      if (entry.pseudo === Pseudo.none) return index;
      if (entry.isMalformed || !this.#takePseudo(entry)) return -1;
    }
    return count;
  }

  /** False when the field is repeated, empty, or an answer's. */
  #takePseudo(entry: HeaderEntry): boolean {
    if (entry.value === '' && entry.pseudo !== Pseudo.authority) return false;
    switch (entry.pseudo) {
      case Pseudo.method:
        if (this.#method !== null) return false;
        this.#method = entry;
        return METHOD.test(entry.value);
      case Pseudo.scheme:
        if (this.#scheme !== null) return false;
        this.#scheme = entry;
        return true;
      case Pseudo.path:
        if (this.#path !== null) return false;
        this.#path = entry;
        return true;
      case Pseudo.authority:
        if (this.#authority !== null) return false;
        this.#authority = entry;
        return true;
      case Pseudo.protocol:
        if (this.#protocol !== null) return false;
        this.#protocol = entry;
        return true;
      default:
        return false;
    }
  }

  #readFields(entries: readonly HeaderEntry[], from: number, count: number): boolean {
    this.#host = null;
    this.#cookies = 0;
    this.#contentLength = UNKNOWN_LENGTH;
    this.#isLengthRepeated = false;
    this.#contentType = '';
    this.#expect = '';
    this.#acceptsTrailers = false;
    this.#suspects = Suspect.none;
    for (let index = from; index < count; index++) {
      const entry = entries[index] as HeaderEntry;
      if (entry.isMalformed || entry.pseudo !== Pseudo.none) return false;
      this.#suspects |= entry.suspect;
      if (entry.id !== HeaderId.other && !this.#takeField(entry)) return false;
    }
    return true;
  }

  #takeField(entry: HeaderEntry): boolean {
    switch (entry.id) {
      case HeaderId.host:
        if (this.#host !== null) return false;
        this.#host = entry;
        return true;
      case HeaderId.cookie:
        this.#cookies++;
        return true;
      case HeaderId.contentLength:
        this.#isLengthRepeated = this.#contentLength !== UNKNOWN_LENGTH;
        this.#contentLength = agreedLength(this.#contentLength, entry.value);
        return this.#contentLength !== INVALID_LENGTH;
      case HeaderId.contentType:
        // With a second Content-Type, recipients could interpret the content differently.
        this.#contentType = this.#contentType === '' ? entry.value : `${this.#contentType}, ${entry.value}`;
        return true;
      case HeaderId.expect:
        this.#expect = entry.value.toLowerCase();
        return true;
      case HeaderId.te:
        this.#acceptsTrailers = true;
        return true;
      default:
        return true;
    }
  }

  /** What a request must have, and what excludes each other. */
  #isComplete(endStream: boolean): boolean {
    if (this.#method === null || (endStream && this.#contentLength > 0)) return false;
    const isConnect = this.#method.value === 'CONNECT';
    if (isConnect && this.#protocol === null) {
      // CONNECT without a path: a tunnel to any host, which the gateway does not offer (section 8.5).
      return this.#scheme === null && this.#path === null && this.#authority !== null;
    }
    if (this.#scheme === null || this.#path === null) return false;
    // An extended CONNECT opens a tunnel, which does not begin with its end (RFC 8441 section 4).
    if (this.#protocol !== null && (!isConnect || endStream)) return false;
    return this.#agreesWithHost();
  }

  #agreesWithHost(): boolean {
    const authority = this.#authority?.value ?? '';
    if (authority === '' || this.#host === null) return true;
    return isSameAuthority(authority, this.#host.value, this.#scheme?.value ?? '');
  }

  /** Ordinary fields without Host, which `:authority` replaces; the crumbs of a cookie as one (section 8.2.3). */
  #forwardable(entries: readonly HeaderEntry[], from: number, count: number): readonly HeaderEntry[] {
    if (this.#host === null && this.#cookies <= 1) return entries.slice(from, count);
    const fields: HeaderEntry[] = [];
    const crumbs: HeaderEntry[] = [];
    for (let index = from; index < count; index++) {
      const entry = entries[index] as HeaderEntry;
      if (entry.id === HeaderId.cookie) crumbs.push(entry);
      else if (entry.id !== HeaderId.host) fields.push(entry);
    }
    if (crumbs.length > 0) fields.push(joinCrumbs(crumbs));
    return fields;
  }

  /** Computes the properties that the exchange needs; the reason to reject the request, or null. */
  #fill(head: H2RequestHead, endStream: boolean): ReasonCode | null {
    const authority = (this.#authority?.value ?? '') === '' ? this.#host : this.#authority;
    const host = authority === null ? null : this.#hostOf(authority);
    if (authority === null || host === null || this.#isLengthRepeated) return 'bad_request';
    head.authority = authority.value;
    head.host = host;
    head.method = this.#method?.value ?? '';
    head.contentType = this.#contentType;
    head.acceptsTrailers = this.#acceptsTrailers;
    head.suspects = this.#suspects;
    if (head.method.length > MAX_METHOD_BYTES) return 'not_implemented';
    const refusal = this.#protocol === null ? null : fillTunnel(head, this.#protocol.value.toLowerCase());
    return refusal ?? this.#fillTarget(head) ?? this.#fillBody(head, endStream);
  }

  #fillTarget(head: H2RequestHead): ReasonCode | null {
    // CONNECT without a path: a tunnel to anywhere.
    if (this.#path === null) return 'not_implemented';
    if (this.#path.value.length > this.#limits.targetBytes) return 'uri_too_long';
    const target = this.#targetOf(this.#path);
    if (target === null || (target.path === '*' && head.method !== 'OPTIONS')) return 'bad_request';
    head.path = target.path;
    head.query = target.query;
    head.pathChanged = target.pathChanged;
    return null;
  }

  #fillBody(head: H2RequestHead, endStream: boolean): ReasonCode | null {
    if (this.#expect !== '') {
      if (this.#expect !== '100-continue') return 'expectation_failed';
      head.expectsContinue = true;
    }
    if (endStream || head.upgrade !== '') return null;
    head.hasBody = true;
    head.contentLength = this.#contentLength;
    return null;
  }

  /** null when it is no host. */
  #hostOf(entry: HeaderEntry): string | null {
    if (entry === this.#knownAuthority) return this.#knownHost;
    const { value } = entry;
    this.#knownAuthority = entry;
    this.#knownHost =
      value === '' || value.length > MAX_AUTHORITY_BYTES
        ? null
        : parseHost(Buffer.from(value, 'latin1'), 0, value.length);
    return this.#knownHost;
  }

  #targetOf(entry: HeaderEntry): Target | null {
    if (entry === this.#knownPath) return this.#knownTarget;
    this.#knownPath = entry;
    this.#knownTarget = parseTarget(entry.value);
    return this.#knownTarget;
  }
}

/** The request asks for a tunnel (RFC 8441), which HTTP/1.1 and the exchange know as an upgrade. */
function fillTunnel(head: H2RequestHead, protocol: string): ReasonCode | null {
  head.method = 'GET';
  head.upgrade = forwardableUpgrade(protocol);
  return head.upgrade === '' ? 'not_implemented' : null;
}

function joinCrumbs(crumbs: readonly HeaderEntry[]): HeaderEntry {
  const [first] = crumbs as [HeaderEntry];
  if (crumbs.length === 1) return first;
  const isNeverIndexed = crumbs.some((crumb) => crumb.isNeverIndexed);
  return new HeaderEntry(first.name, crumbs.map(({ value }) => value).join('; '), first, isNeverIndexed);
}

/** null when it is not what a target may be. */
function parseTarget(target: string): Target | null {
  if (target === '*') return { path: '*', query: '', pathChanged: false };
  if (NOT_IN_TARGET.test(target)) return null;
  const question = target.indexOf('?');
  const raw = question === -1 ? target : target.slice(0, question);
  const path = normalisePath(raw);
  if (path === null) return null;
  return { path, query: question === -1 ? '' : target.slice(question + 1), pathChanged: path !== raw };
}
