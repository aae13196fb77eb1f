/** Finds the payload of a message body in the read bytes, for any framing. Used for requests and responses. */
import { BROKEN, ChunkedDecoder } from './chunked.ts';
import type { FieldTable } from '../message/field-table.ts';

/** How a body ends. */
export const BodyFraming = {
  none: 0,
  length: 1,
  chunked: 2,
  /** With the end of the connection. Also a tunnel after an upgrade. */
  connection: 3,
} as const;
export type BodyFraming = (typeof BodyFraming)[keyof typeof BodyFraming];

export class BodyReader {
  framing: BodyFraming = BodyFraming.none;
  /** Bytes left of a body with a declared length. */
  remaining = 0;
  ended = true;
  /** What the last `read` found is `buffer[payloadFrom, payloadTo)`. */
  payloadFrom = 0;
  payloadTo = 0;
  /** Created for the first chunked body; most connections never need one. */
  #chunked: ChunkedDecoder | null = null;

  begin(framing: BodyFraming, contentLength: number): void {
    this.framing = framing;
    this.remaining = contentLength;
    this.ended = framing === BodyFraming.none || (framing === BodyFraming.length && contentLength === 0);
    if (framing !== BodyFraming.chunked) return;
    this.#chunked ??= new ChunkedDecoder();
    this.#chunked.reset();
  }

  /** Reads from `buffer[from, to)`; returns the position after what belongs to the body, or BROKEN. */
  read(buffer: Buffer, from: number, to: number): number {
    if (this.framing === BodyFraming.chunked) return this.#readChunked(buffer, from, to);
    this.payloadFrom = from;
    if (this.framing === BodyFraming.connection) {
      this.payloadTo = to;
      return to;
    }
    const length = Math.min(this.remaining, to - from);
    this.remaining -= length;
    this.ended = this.remaining === 0;
    this.payloadTo = from + length;
    return this.payloadTo;
  }

  #readChunked(buffer: Buffer, from: number, to: number): number {
    const decoder = this.#chunked;
    if (decoder === null) return BROKEN;
    const position = decoder.decode(buffer, from, to);
    this.payloadFrom = decoder.payloadFrom;
    this.payloadTo = decoder.payloadTo;
    this.ended = decoder.ended;
    return position;
  }

  /** Trailer fields of a chunked body that has ended. */
  get trailers(): FieldTable | null {
    return this.framing === BodyFraming.chunked ? (this.#chunked?.trailers ?? null) : null;
  }
}
