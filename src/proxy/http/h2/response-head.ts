/** A backend's answer from a header block (RFC 9113 section 8.3.2). */
import { UNKNOWN_LENGTH, type ResponseHead } from '../head.ts';
import { HeaderId } from '../header-id.ts';
import { EntryFields, parseLength } from './entry-fields.ts';
import { Pseudo, type HeaderEntry } from './hpack/entry.ts';

export class H2ResponseHead extends EntryFields implements ResponseHead {
  readonly status: number;
  readonly hasBody: boolean;
  readonly contentLength: number;

  constructor(
    entries: readonly HeaderEntry[],
    status: number,
    body: { readonly has: boolean; readonly length: number },
  ) {
    super(entries);
    this.status = status;
    this.hasBody = body.has;
    this.contentLength = body.length;
  }

  /** The same fields with another status. */
  withStatus(status: number): H2ResponseHead {
    return new H2ResponseHead(this.entries, status, { has: false, length: UNKNOWN_LENGTH });
  }
}

/** `entries[0, count)` as an answer; null when it is malformed. */
export function readResponse(
  entries: readonly HeaderEntry[],
  count: number,
  endStream: boolean,
): H2ResponseHead | null {
  const first = entries[0];
  if (count === 0 || first?.pseudo !== Pseudo.status || !/^[1-5]\d\d$/.test(first.value)) return null;
  const status = Number(first.value);
  const fields: HeaderEntry[] = [];
  let length = UNKNOWN_LENGTH;
  for (let index = 1; index < count; index++) {
    const entry = entries[index] as HeaderEntry;
    if (entry.isMalformed || entry.pseudo !== Pseudo.none) return null;
    fields.push(entry);
    if (entry.id !== HeaderId.contentLength) continue;
    const declared = agreedLength(length, entry.value);
    if (declared === null) return null;
    length = declared;
  }
  // 101 has no meaning here (section 8.6), and an informational answer is not the end.
  if (status === 101 || (status < 200 && endStream)) return null;
  return new H2ResponseHead(fields, status, { has: !endStream && status >= 200, length });
}

/** The length that a further Content-Length leaves; null when it is no length or another one. */
function agreedLength(before: number, value: string): number | null {
  const declared = parseLength(value);
  return declared < 0 || (before !== UNKNOWN_LENGTH && before !== declared) ? null : declared;
}
