/** Fields of heads into one header block: HEADERS, and CONTINUATION where it is longer than a frame. */
import type { HeaderField } from '../../../ir/filter.ts';
import type { FieldList } from '../head.ts';
import type { HeadEdits } from '../head-edits.ts';
import { isConnectionLevel } from '../header-id.ts';
import { nameHash } from '../name-hash.ts';
import { Flag, FRAME_HEADER_BYTES, FrameType, MAX_FRAME_BYTES } from './frame.ts';
import { putFrameHeader, type FrameWriter } from './frame-writer.ts';
import { HpackEncoder } from './hpack/encoder.ts';

const FIRST_BYTES = 16_384;
const SPACE = 0x20;

/** One block at a time is gathered here, then framed: the process writes one head after the other. */
let gathered = Buffer.allocUnsafeSlow(FIRST_BYTES);

export class FieldWriter {
  readonly #encoder: HpackEncoder;
  #at = 0;

  constructor(encoder: HpackEncoder) {
    this.#encoder = encoder;
  }

  begin(): void {
    this.#at = this.#encoder.begin(gathered, 0);
  }

  /** `name` in lower case. */
  field(name: string, value: string): void {
    const needed = this.#at + HpackEncoder.room(name, value);
    if (needed > gathered.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(needed, gathered.length * 2));
      gathered.copy(larger, 0, 0, this.#at);
      gathered = larger;
    }
    this.#at = this.#encoder.write(gathered, this.#at, name, value);
  }

  added(fields: readonly HeaderField[]): void {
    for (const { name, value } of fields) this.field(name.toLowerCase(), value);
  }

  /** What of `fields` crosses the gateway: no connection-level ones, none that `dropIds` or `edits` leave out. */
  copied(fields: FieldList, dropIds: Uint8Array, edits: HeadEdits): void {
    for (let index = 0; index < fields.count; index++) {
      const id = fields.id(index);
      if (isConnectionLevel(id) || dropIds[id] === 1 || edits.dropIds[id] === 1) continue;
      const name = fields.name(index);
      if (edits.dropNames.length === 0 || !isDropped(name, edits)) this.field(name, fields.value(index));
    }
  }

  /** Frames the block. */
  end(writer: FrameWriter, streamId: number, endStream: boolean): void {
    const total = this.#at;
    let type: number = FrameType.headers;
    let position = 0;
    do {
      const bytes = Math.min(total - position, MAX_FRAME_BYTES);
      const isLast = position + bytes === total;
      const isFirst = position === 0;
      const flags = (isLast ? Flag.endHeaders : 0) | (isFirst && endStream ? Flag.endStream : 0);
      const output = writer.room(FRAME_HEADER_BYTES + bytes);
      const at = putFrameHeader(output, writer.at, { payloadBytes: bytes, type, flags, streamId });
      gathered.copy(output, at, position, position + bytes);
      writer.take(at + bytes);
      position += bytes;
      type = FrameType.continuation;
    } while (position < total);
  }
}

function isDropped(name: string, { dropNames }: HeadEdits): boolean {
  const hash = nameHash(name);
  return dropNames.some((dropped) => dropped.hash === hash && dropped.name === name);
}

/** A value as HTTP/2 allows it: no white space around it. */
export const trimmed = (value: string): string =>
  value.charCodeAt(0) <= SPACE || value.charCodeAt(value.length - 1) <= SPACE ? value.trim() : value;
