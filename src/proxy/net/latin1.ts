/**
 * Bytes to strings. Field values are octets, not UTF-8 (RFC 9110 section 5.5), and latin1 keeps every one of them.
 *
 * `latin1Slice` is what `Buffer.toString('latin1', …)` calls after it has looked up the encoding; it is long-standing but
 * not documented, so it is used only where it exists.
 */
import { USES_NODE_INTERNALS } from './node-internals.ts';

type Slice = (this: Buffer, from: number, to: number) => string;
type Write = (this: Buffer, text: string, at: number) => number;

const internals: { readonly latin1Slice?: Slice; readonly latin1Write?: Write } = USES_NODE_INTERNALS
  ? (Buffer.prototype as object)
  : {};

function documentedSlice(this: Buffer, from: number, to: number): string {
  return this.toString('latin1', from, to);
}

const slice: Slice = internals.latin1Slice ?? documentedSlice;

/** The text of `buffer[from, to)`. */
export function latin1(buffer: Buffer, from: number, to: number): string {
  return slice.call(buffer, from, to);
}

function documentedWrite(this: Buffer, text: string, at: number): number {
  return this.write(text, at, 'latin1');
}

const write: Write = internals.latin1Write ?? documentedWrite;

/** Writes `text`, one byte a character, where there is room for it; returns the position after it. */
export function writeLatin1(buffer: Buffer, at: number, text: string): number {
  return at + write.call(buffer, text, at);
}
