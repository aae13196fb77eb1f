/** A backend's response from a header block (RFC 9113 section 8.3.2). */
import { UNKNOWN_LENGTH, type ResponseHead } from '../message/head.ts';
import { HeaderId } from '../message/header-id.ts';
import { EntryFields, INVALID_LENGTH, agreedLength } from '../message/entry-fields.ts';
import { Pseudo, type HeaderEntry } from '../message/header-entry.ts';

const STATUS = /^[1-5][0-9]{2}$/;
/** Has no meaning in HTTP/2 (RFC 9113 section 8.6); the exchange knows a tunnel by it. */
const SWITCHING_PROTOCOLS = 101;
const NO_CONTENT = 204;
const NOT_MODIFIED = 304;

export class H2ResponseHead extends EntryFields implements ResponseHead {
  readonly status: number;
  readonly hasBody: boolean;
  readonly contentLength: number;

  constructor(entries: readonly HeaderEntry[], status: number, hasBody: boolean, contentLength: number) {
    super(entries);
    this.status = status;
    this.hasBody = hasBody;
    this.contentLength = contentLength;
  }

  /** The response that opened a tunnel, in the form that the exchange uses. */
  asTunnel(): H2ResponseHead {
    return new H2ResponseHead(this.entries, SWITCHING_PROTOCOLS, false, UNKNOWN_LENGTH);
  }
}

/** The request method, and whether the response ends with its head. */
export interface ResponseContext {
  readonly isToHead: boolean;
  readonly endStream: boolean;
}

/** `entries[0, count)` as an answer; null when it is malformed. */
export function readResponse(
  entries: readonly HeaderEntry[],
  count: number,
  { isToHead, endStream }: ResponseContext,
): H2ResponseHead | null {
  const status = statusOf(entries, count);
  // An informational answer is not the end.
  if (status === 0 || (status < 200 && endStream)) return null;
  const declared = declaredLength(entries, count);
  const isBodiless = isToHead || status < 200 || status === NO_CONTENT || status === NOT_MODIFIED;
  const hasBody = !isBodiless && !endStream;
  // A length that the answer cannot have (section 8.1.1); to HEAD, and with 304, it is that of another answer.
  const isOfAnother = isToHead || status === NOT_MODIFIED;
  if (declared === INVALID_LENGTH || (declared > 0 && !hasBody && !isOfAnother)) return null;
  return new H2ResponseHead(entries.slice(1, count), status, hasBody, isBodiless ? 0 : declared);
}

/** 0 when `:status` is not the first field, or is no status that HTTP/2 knows. */
function statusOf(entries: readonly HeaderEntry[], count: number): number {
  const first = entries[0];
  if (count === 0 || first?.pseudo !== Pseudo.status || !STATUS.test(first.value)) return 0;
  const status = Number(first.value);
  return status === SWITCHING_PROTOCOLS ? 0 : status;
}

/** Content-Length of an answer, UNKNOWN_LENGTH without one; INVALID_LENGTH also when any field after `:status` is malformed. */
function declaredLength(entries: readonly HeaderEntry[], count: number): number {
  let length = UNKNOWN_LENGTH;
  for (let index = 1; index < count; index++) {
    const entry = entries[index] as HeaderEntry;
    if (entry.isMalformed || entry.pseudo !== Pseudo.none) return INVALID_LENGTH;
    if (entry.id !== HeaderId.contentLength) continue;
    if (length !== UNKNOWN_LENGTH) return INVALID_LENGTH;
    length = agreedLength(length, entry.value);
    if (length === INVALID_LENGTH) return INVALID_LENGTH;
  }
  return length;
}
