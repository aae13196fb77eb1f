/**
 * Writes fields into a header block: HEADERS, and CONTINUATION if it is longer than a frame. A block is written directly into the output
 * buffer; only one that does not fit a frame is gathered separately.
 */
import type { HeaderField } from '../../ir/filter.ts';
import { isToken } from '../../lib/message-grammar.ts';
import { fieldValueOctets } from '../message/field-value.ts';
import type { FieldList } from '../message/head.ts';
import type { HeadEdits } from '../message/head-edits.ts';
import { isConnectionLevel } from '../message/header-id.ts';
import { nameHash } from '../message/name-hash.ts';
import { REQUEST_ID_PREFIX, formatRequestId, writeRequestCount } from '../message/request-id.ts';
import { entryAt } from './field-entries.ts';
import { Flag, FRAME_HEADER_BYTES, FrameType, MAX_FRAME_BYTES } from './frame.ts';
import type { FrameWriter } from './frame-writer.ts';
import type { HeaderEntry } from '../message/header-entry.ts';
import { HpackEncoder } from './hpack/encoder.ts';
import { NamePlace } from './hpack/encoder-table.ts';

const REQUEST_ID_NAME = 'x-request-id';
const REQUEST_ID_SAMPLE = formatRequestId(0);
/** The field as a literal without indexing (RFC 7541 section 6.2.2), up to the part that differs between requests. */
const REQUEST_ID_START = Buffer.concat([
  Buffer.of(0, REQUEST_ID_NAME.length),
  Buffer.from(REQUEST_ID_NAME, 'latin1'),
  Buffer.of(REQUEST_ID_SAMPLE.length),
  Buffer.from(REQUEST_ID_PREFIX, 'latin1'),
]);

export class FieldWriter {
  readonly #encoder = new HpackEncoder();
  readonly #writer: FrameWriter;
  /** Position up to which the block may grow in place. */
  #limit = 0;
  /** The block is larger than a frame and is gathered separately, from position 0. */
  #isLarge = false;

  constructor(writer: FrameWriter) {
    this.#writer = writer;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  setPeerTableLimit(bytes: number): void {
    this.#encoder.setPeerLimit(bytes);
  }

  /** Opens a block. Nothing else is written on the connection before `end`. */
  begin(): void {
    const output = this.#writer.room(FRAME_HEADER_BYTES + MAX_FRAME_BYTES);
    const at = this.#writer.at + FRAME_HEADER_BYTES;
    this.#limit = at + MAX_FRAME_BYTES;
    this.#isLarge = false;
    this.#encoder.begin(output, at);
  }

  /** `name` in lower case, `value` octets; `place`: see `NamePlace`. */
  field(name: string, value: string, place: number = NamePlace.other): void {
    this.#reserve(name, value);
    this.#encoder.write(name, value, place);
  }

  /** An ordinary field. */
  entry({ name, value, id, isNeverIndexed }: HeaderEntry): void {
    this.#reserve(name, value);
    if (isNeverIndexed) this.#encoder.writeNeverIndexed(name, value);
    else this.#encoder.write(name, value, id);
  }

  #reserve(name: string, value: string): void {
    const encoder = this.#encoder;
    const needed = encoder.at + HpackEncoder.room(name, value);
    if (needed <= this.#limit) return;
    const from = this.#isLarge ? 0 : this.#limit - MAX_FRAME_BYTES;
    const larger = Buffer.allocUnsafe((needed - from) * 2);
    encoder.output.copy(larger, 0, from, encoder.at);
    encoder.moveTo(larger, encoder.at - from);
    this.#limit = larger.length;
    this.#isLarge = true;
  }

  /** X-Request-Id with the id of `requestNumber`, never indexed. */
  requestId(requestNumber: number): void {
    this.#reserve(REQUEST_ID_NAME, REQUEST_ID_SAMPLE);
    const encoder = this.#encoder;
    REQUEST_ID_START.copy(encoder.output, encoder.at);
    encoder.at = writeRequestCount(encoder.output, encoder.at + REQUEST_ID_START.length, requestNumber);
  }

  /** Any text, as configured. An invalid name is skipped: the peer would reset the stream. */
  added(fields: readonly HeaderField[]): void {
    for (const { name, value } of fields) {
      if (isToken(name)) this.field(name.toLowerCase(), fieldValueOctets(value));
    }
  }

  /** The fields that are forwarded: no connection-level ones, and none that `dropIds` or `edits` drop. */
  copied(fields: FieldList, dropIds: Uint8Array, edits: HeadEdits): void {
    for (let index = 0; index < fields.count; index++) {
      const id = fields.id(index);
      if (isConnectionLevel(id) || dropIds[id] === 1 || edits.dropIds[id] === 1) continue;
      const entry = entryAt(fields, index);
      if (!isNameDropped(entry.name, edits)) this.entry(entry);
    }
  }

  /** Frames the block. */
  end(streamId: number, endStream: boolean): void {
    const encoder = this.#encoder;
    const flags = endStream ? Flag.endStream : 0;
    if (this.#isLarge) this.#endLarge(encoder.output.subarray(0, encoder.at), flags, streamId);
    else {
      const payloadBytes = encoder.at - (this.#limit - MAX_FRAME_BYTES);
      this.#writer.closeFrame(payloadBytes, FrameType.headers, flags | Flag.endHeaders, streamId);
    }
  }

  #endLarge(block: Buffer, flags: number, streamId: number): void {
    const writer = this.#writer;
    let type: number = FrameType.headers;
    for (let from = 0; from < block.length; from += MAX_FRAME_BYTES) {
      const bytes = Math.min(block.length - from, MAX_FRAME_BYTES);
      const isFirst = type === FrameType.headers;
      const isLast = from + bytes === block.length;
      const output = writer.frame(
        bytes,
        type,
        (isFirst ? flags : 0) | (isLast ? Flag.endHeaders : 0),
        streamId,
      );
      block.copy(output, writer.at - bytes, from, from + bytes);
      type = FrameType.continuation;
    }
  }
}

/** True when `edits` leave out every field of this name, which has no id. */
function isNameDropped(name: string, { dropNames }: HeadEdits): boolean {
  if (dropNames.length === 0) return false;
  const hash = nameHash(name);
  return dropNames.some((dropped) => dropped.hash === hash && dropped.name === name);
}
