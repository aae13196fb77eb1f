/**
 * Writes a head into a buffer. Unchanged lines are copied in runs of bytes; a head of another protocol
 * is written field by field. Rendering is synchronous, so each kind of message has one writer that is set on buffer after buffer.
 */
import type { HeaderField } from '../../ir/filter.ts';
import { isToken } from '../../lib/message-grammar.ts';
import { EntryFields } from '../message/entry-fields.ts';
import { fieldValueOctets } from '../message/field-value.ts';
import { NO_EDITS, type HeadEdits } from '../message/head-edits.ts';
import type { FieldList } from '../message/head.ts';
import { CONNECTION_LEVEL_IDS, HeaderId, idTable } from '../message/header-id.ts';
import { writeLatin1 } from '../net/latin1.ts';
import type { FieldTable } from '../message/field-table.ts';
import { CR, LF } from '../message/byte-tables.ts';

const EMPTY = Buffer.alloc(0);

/** A table by header id of what is always left out: connection-level fields and `ids`. */
export function dropTable(ids: readonly number[]): Uint8Array {
  return idTable([...CONNECTION_LEVEL_IDS, ...ids]);
}

const DROP_NONE = dropTable([]);

export class HeadWriter {
  buffer: Buffer = EMPTY;
  at = 0;
  #dropIds: Uint8Array = DROP_NONE;
  #edits: HeadEdits = NO_EDITS;

  /** Starts writing at `at`; fields in `dropIds` or dropped by `edits` are left out. */
  begin(buffer: Buffer, at: number, dropIds: Uint8Array, edits: HeadEdits): void {
    this.buffer = buffer;
    this.at = at;
    this.#dropIds = dropIds;
    this.#edits = edits;
  }

  text(text: string): void {
    this.at = writeLatin1(this.buffer, this.at, text);
  }

  /** Text and line end. */
  textLine(text: string): void {
    this.text(text);
    this.crlf();
  }

  /** A field line. `value` is octets without controls. */
  field(name: string, value: string): void {
    this.textLine(`${name}: ${value}`);
  }

  bytes(bytes: Buffer): void {
    bytes.copy(this.buffer, this.at);
    this.at += bytes.length;
  }

  crlf(): void {
    this.buffer[this.at] = CR;
    this.buffer[this.at + 1] = LF;
    this.at += 2;
  }

  /** Fields with arbitrary text. An invalid name is skipped, and a value cannot end its line. */
  extra(fields: readonly HeaderField[]): void {
    for (const { name, value } of fields) if (isToken(name)) this.field(name, fieldValueOctets(value));
  }

  /**
   * Copies bytes from `runFrom` (the start line, or the first field) to the end of the field lines, without dropped lines and
   * without the final empty line.
   */
  copyLines(fields: FieldTable, runFrom: number): void {
    const dropIds = this.#dropIds;
    const editIds = this.#edits.dropIds;
    const hasNames = this.#edits.dropNames.length > 0;
    const { ids, count } = fields;
    let from = runFrom;
    for (let index = 0; index < count; index++) {
      const id = ids[index] as number;
      const stays =
        dropIds[id] === 0 && editIds[id] === 0 && !(hasNames && this.#isDroppedName(fields, index));
      if (stays) continue;
      this.#copy(fields.buffer, from, fields.lineFrom(index));
      from = fields.lineTo(index);
    }
    this.#copy(fields.buffer, from, fields.to);
  }

  #copy(buffer: Buffer, from: number, to: number): void {
    if (to <= from) return;
    buffer.copy(this.buffer, this.at, from, to);
    this.at += to - from;
  }

  #isDroppedName(fields: FieldTable, index: number): boolean {
    for (const dropped of this.#edits.dropNames) {
      if (dropped.hash === fields.hashes[index] && fields.name(index) === dropped.name) return true;
    }
    return false;
  }

  /** Writes the fields of a head of any kind, without dropped ones, in one piece. */
  copyFields(fields: FieldList): void {
    const entries = fields instanceof EntryFields ? fields.entries : null;
    let lines = '';
    for (let index = 0; index < fields.count; index++) {
      if (this.#isDroppedField(fields, index)) continue;
      // Values are octets without controls, wherever they were validated: nothing ends a line early.
      lines += entries?.[index]?.line ?? `${fields.name(index)}: ${fields.value(index)}\r\n`;
    }
    this.text(lines);
  }

  #isDroppedField(fields: FieldList, index: number): boolean {
    const id = fields.id(index);
    const { dropNames, dropIds } = this.#edits;
    if (this.#dropIds[id] === 1 || dropIds[id] === 1) return true;
    if (id !== HeaderId.other || dropNames.length === 0) return false;
    const name = fields.name(index);
    return dropNames.some((dropped) => dropped.name === name);
  }
}

/** Bytes that the fields of a head of another protocol may need. */
export function sizeOfFields(fields: FieldList): number {
  let bytes = 0;
  if (fields instanceof EntryFields) for (const entry of fields.entries) bytes += entry.size;
  else
    for (let index = 0; index < fields.count; index++)
      bytes += fields.name(index).length + fields.value(index).length + 4;
  return bytes;
}

/** Bytes that `extra` may need: at most three octets of UTF-8 per UTF-16 code unit. */
export function sizeOfExtra(extra: readonly HeaderField[] | null): number {
  if (extra === null) return 0;
  let bytes = 0;
  for (const field of extra) bytes += field.name.length + field.value.length * 3 + 4;
  return bytes;
}
