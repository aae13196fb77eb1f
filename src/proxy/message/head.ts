/**
 * Heads: the start line and fields of a message, as the exchange and the writers of both protocols see them.
 *
 * There are few implementations (H1 over bytes, H2 over HPACK entries, `LocalHead` for responses of the gateway itself), so
 * call sites stay monomorphic or nearly so. Each engine's writer recognises its own kind and takes a fast path; for any
 * other kind it reads field by field through this interface. That is what makes all pairings of protocols possible
 * without code per pair.
 */
import type { RequestView } from '../router/request-view.ts';
import type { FieldHiding } from './field-policy.ts';
import { fieldValueOctets } from './field-value.ts';
import { HeaderId, headerIdOf, separatorOf } from './header-id.ts';

/** Header or trailer fields, read by index. Names are lower case, values carry no surrounding white space. */
export interface FieldList {
  readonly count: number;
  /** A number of `HeaderId`. Fields with a connection-level id are present but never forwarded. */
  id(index: number): number;
  name(index: number): string;
  value(index: number): string;
}

/** Length of a body whose end is not known when its head is. */
export const UNKNOWN_LENGTH = -1;

/**
 * A validated request. It is valid only during the call that passes it; `retain` keeps a copy for longer.
 */
export interface RequestHead extends FieldList, RequestView {
  /** As the client wrote it: `Host` or `:authority`, with its port. */
  readonly authority: string;
  /** True when `path` differs from what the client sent, so that the target must be written again. */
  readonly pathChanged: boolean;
  /** False when the message ends with its head. */
  readonly hasBody: boolean;
  /** Bytes of the body as the client declared them, or `UNKNOWN_LENGTH`. 0 when `hasBody` is false. */
  readonly contentLength: number;
  /** Protocol asked for by `Upgrade` (or RFC 8441 `:protocol`), lower case; `` when none is. */
  readonly upgrade: string;
  readonly expectsContinue: boolean;
  /** `TE: trailers` was sent. */
  readonly acceptsTrailers: boolean;
  /** Kinds of fields that a Gateway may want hidden, a sum of `Suspect`; nearly always none. */
  readonly suspects: number;
  /** For logs. */
  readonly version: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  /** Hides fields from everything that reads the fields later. */
  hide(policy: FieldHiding): void;
  /** A copy that outlives the call. A retained head returns itself. */
  retain(): RequestHead;
}

/** A validated final or informational response. Valid only during the call that passes it. */
export interface ResponseHead extends FieldList {
  readonly status: number;
  /** False when the message ends with its head (also for answers to HEAD, and 204 and 304). */
  readonly hasBody: boolean;
  /** Bytes of the body as declared, or `UNKNOWN_LENGTH`: of HTTP/2 also where the body turned out empty without having been declared. */
  readonly contentLength: number;
}

/** A response head (or trailer section) of the gateway itself. */
export class LocalHead implements ResponseHead {
  readonly status: number;
  readonly contentLength: number;
  readonly hasBody: boolean;
  readonly #names: readonly string[];
  readonly #values: readonly string[];

  /** `names` in lower case; `names` and `values` pair up by index. Values may be any text. */
  constructor(status: number, names: readonly string[], values: readonly string[], contentLength = 0) {
    this.status = status;
    this.#names = names;
    this.#values = values.map(fieldValueOctets);
    this.contentLength = contentLength;
    this.hasBody = contentLength !== 0;
  }

  get count(): number {
    return this.#names.length;
  }
  id(index: number): number {
    return headerIdOf(this.name(index));
  }
  name(index: number): string {
    return this.#names[index] ?? '';
  }
  value(index: number): string {
    return this.#values[index] ?? '';
  }
}

/** The values of a field joined by `, ` (RFC 9110 section 5.2); undefined when absent. `name` in lower case. */
export function joinedValue(fields: FieldList, name: string): string | undefined {
  let joined: string | undefined;
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) === HeaderId.hidden || fields.name(index) !== name) continue;
    const value = fields.value(index);
    joined = joined === undefined ? value : joined + separatorOf(fields.id(index)) + value;
  }
  return joined;
}
