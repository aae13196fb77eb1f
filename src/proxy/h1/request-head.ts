/** A request's head over the received bytes: one instance parses all messages of a connection. */
import type { ReasonCode } from '../../ir/reason.ts';
import { normalisePath } from '../router/path.ts';
import type { FieldHiding } from '../message/field-policy.ts';
import type { RequestHead } from '../message/head.ts';
import { HeaderId } from '../message/header-id.ts';
import { latin1 } from '../net/latin1.ts';
import { methodName } from '../message/method.ts';
import { FieldTableHead } from '../message/field-table-head.ts';
import { FieldTable, INCOMPLETE, MALFORMED, TOO_MANY_FIELDS } from '../message/field-table.ts';
import { Framing } from './framing-fields.ts';
import { hasUpperCase, isSameAuthority, parseHost } from '../message/host-field.ts';
import { RequestLine } from './request-line.ts';
import { forwardableUpgrade, isUpgradeSound } from '../message/upgrade.ts';
import { CR, LF, SLASH } from '../message/byte-tables.ts';
import { parseAbsoluteTarget } from './absolute-target.ts';

export interface HeadLimits {
  readonly headBytes: number;
  readonly targetBytes: number;
  readonly headerCount: number;
}

const CONTINUE = '100-continue';
const EMPTY = Buffer.alloc(0);

export class H1RequestHead extends FieldTableHead implements RequestHead {
  readonly line = new RequestLine();
  readonly framing = new Framing();
  buffer: Buffer = EMPTY;
  /** The head is `buffer[from, to)`, from its request line to its final empty line. */
  from = 0;
  to = 0;
  method = '';
  host = '';
  path = '';
  query = '';
  pathChanged = false;
  /** The target was `*` or absolute: it is not what goes into the forwarded request line. */
  targetIsOrigin = true;
  hasBody = false;
  expectsContinue = false;
  upgrade = '';
  /** Why `parse` returned MALFORMED. */
  refusal: ReasonCode = 'bad_request';
  readonly #limits: HeadLimits;
  #hostIndex = -1;
  #authority: string | null = null;
  #isRetained = false;

  constructor(limits: HeadLimits) {
    super(new FieldTable(limits.headerCount));
    this.#limits = limits;
  }

  /**
   * Parses the head that starts at `at`. Returns the position after it, INCOMPLETE, or MALFORMED with `refusal` set.
   * The same bytes give the same result however they arrived.
   */
  parse(buffer: Buffer, at: number, end: number): number {
    const { headBytes } = this.#limits;
    // Never reads beyond the limit, so that bytes there cannot change the result.
    const limit = end - at < headBytes ? end : at + headBytes;
    const result = this.#parseLines(buffer, at, limit);
    if (result === INCOMPLETE) return limit < end ? this.#refuse('head_too_large') : INCOMPLETE;
    if (result === TOO_MANY_FIELDS) return this.#refuse('head_too_large');
    if (result < 0) return MALFORMED;
    this.to = result;
    const refusal = this.#interpret();
    return refusal === null ? result : this.#refuse(refusal);
  }

  #parseLines(buffer: Buffer, at: number, end: number): number {
    this.buffer = buffer;
    this.from = at;
    // One empty line before a request is a known bug of old clients (RFC 9112 section 2.2); more is malformed.
    if (buffer[at] === CR && at < end) {
      if (end - at === 1) return INCOMPLETE;
      if (buffer[at + 1] === LF) this.from = at + 2;
    }
    const fieldsAt = this.line.parse(buffer, this.from, end, this.#limits.targetBytes);
    if (fieldsAt === MALFORMED) return this.#refuse(this.line.refusal);
    if (fieldsAt === INCOMPLETE) return INCOMPLETE;
    const result = this.fields.parse(buffer, fieldsAt, end);
    return result === MALFORMED ? this.#refuse('bad_request') : result;
  }

  #refuse(reason: ReasonCode): number {
    this.refusal = reason;
    return MALFORMED;
  }

  /** The method of a head that is refused, as far as it was read; `` where it was not. */
  get refusedMethod(): string {
    return methodName(this.buffer, this.line.methodFrom, this.line.methodTo);
  }

  #interpret(): ReasonCode | null {
    const { framing, line } = this;
    const refusal = framing.read(this.fields);
    if (refusal !== null) return refusal;
    if (line.minor === 0) {
      if (framing.chunked) return 'bad_request';
      framing.close = framing.close || !framing.keepAlive;
    }
    this.hasBody = framing.chunked || framing.contentLength > 0;
    this.method = methodName(this.buffer, line.methodFrom, line.methodTo);
    this.upgrade = framing.connectionUpgrade && line.minor === 1 ? forwardableUpgrade(framing.upgrade) : '';
    this.#authority = null;
    return this.#readHostAndExpect() ?? this.#readTarget() ?? this.#validateUpgrade();
  }

  #validateUpgrade(): ReasonCode | null {
    return this.upgrade === '' || isUpgradeSound(this) ? null : 'bad_request';
  }

  #readHostAndExpect(): ReasonCode | null {
    const { fields } = this;
    this.#hostIndex = -1;
    this.expectsContinue = false;
    for (let index = 0; index < fields.count; index++) {
      const id = fields.ids[index];
      if (id === HeaderId.host) {
        if (this.#hostIndex >= 0) return 'bad_request';
        this.#hostIndex = index;
      } else if (id === HeaderId.expect) {
        if (fields.value(index).toLowerCase() !== CONTINUE) return 'expectation_failed';
        this.expectsContinue = this.line.minor === 1;
      }
    }
    if (this.#hostIndex < 0) {
      this.host = '';
      return this.line.minor === 1 ? 'bad_request' : null;
    }
    const from = fields.valueFrom(this.#hostIndex);
    const to = fields.valueTo(this.#hostIndex);
    const host = parseHost(this.buffer, from, to);
    if (host === null) return 'bad_request';
    this.host = host;
    // Nearly always the same text: then one string serves both.
    if (host.length === to - from && !hasUpperCase(this.buffer, from, to)) this.#authority = host;
    return null;
  }

  #readTarget(): ReasonCode | null {
    const { line, buffer } = this;
    this.targetIsOrigin = buffer[line.targetFrom] === SLASH;
    this.pathChanged = false;
    if (this.method === 'CONNECT') return 'not_implemented';
    if (!this.targetIsOrigin) return this.#readOtherTarget();
    this.query = line.pathTo < line.targetTo ? latin1(buffer, line.pathTo + 1, line.targetTo) : '';
    return this.#readPath(line.targetFrom, line.pathTo);
  }

  #readPath(from: number, to: number): ReasonCode | null {
    const path = latin1(this.buffer, from, to);
    if (!this.line.pathIsOdd) {
      this.path = path;
      return null;
    }
    const normal = normalisePath(path);
    if (normal === null) return 'bad_request';
    this.path = normal;
    this.pathChanged = normal !== path;
    return null;
  }

  /** absolute-form, and `*` for OPTIONS (RFC 9112 sections 3.2.2 and 3.2.4). */
  #readOtherTarget(): ReasonCode | null {
    const { line, buffer } = this;
    const target = latin1(buffer, line.targetFrom, line.targetTo);
    this.query = '';
    if (target === '*') {
      this.path = '*';
      return this.method === 'OPTIONS' ? null : 'bad_request';
    }
    const absolute = parseAbsoluteTarget(target);
    // A client must send the same authority in both places; otherwise the gateway and the backend could use different ones.
    if (absolute === null || !isSameAuthority(absolute.authority, this.authority, absolute.scheme)) {
      return 'bad_request';
    }
    const path = normalisePath(absolute.path);
    if (path === null) return 'bad_request';
    this.path = path;
    this.query = absolute.query;
    this.pathChanged = true;
    return null;
  }

  get authority(): string {
    this.#authority ??= this.#hostIndex < 0 ? '' : this.fields.value(this.#hostIndex);
    return this.#authority;
  }
  get contentLength(): number {
    return this.hasBody ? this.framing.contentLength : 0;
  }
  get acceptsTrailers(): boolean {
    return this.framing.acceptsTrailers;
  }
  get version(): 'HTTP/1.0' | 'HTTP/1.1' {
    return this.line.minor === 1 ? 'HTTP/1.1' : 'HTTP/1.0';
  }
  get suspects(): number {
    return this.fields.suspects;
  }
  header(name: string): string | undefined {
    return this.fields.find(name);
  }
  hide(policy: FieldHiding): void {
    this.fields.hide(policy);
  }

  /** Parses a copy of its bytes again: rare, and no property can be forgotten. */
  retain(): H1RequestHead {
    if (this.#isRetained) return this;
    const copy = new H1RequestHead(this.#limits);
    const bytes = Buffer.from(this.buffer.subarray(this.from, this.to));
    copy.parse(bytes, 0, bytes.length);
    copy.fields.ids.set(this.fields.ids);
    copy.#isRetained = true;
    return copy;
  }
}
