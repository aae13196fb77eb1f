/** Fields of any head as entries, which outlive the head. */
import { FieldTable } from '../message/field-table.ts';
import { FieldTableHead } from '../message/field-table-head.ts';
import type { FieldList } from '../message/head.ts';
import { isConnectionLevel } from '../message/header-id.ts';
import { latin1 } from '../net/latin1.ts';
import { isForwardableTrailer } from '../message/trailers.ts';
import { EntryFields } from '../message/entry-fields.ts';
import { HeaderEntry } from '../message/header-entry.ts';

/** Longer lines rarely repeat. */
const MAX_CACHED_BYTES = 256;
const MAX_CACHED = 2_048;

/** HTTP/1.1 lines by content: a peer repeats mostly the same ones, and so do other peers. */
let entriesByLine = new Map<string, HeaderEntry>();

export function entryAt(fields: FieldList, index: number): HeaderEntry {
  if (fields instanceof EntryFields) return fields.entries[index] as HeaderEntry;
  if (fields instanceof FieldTableHead) return lineEntry(fields.fields, index);
  if (fields instanceof FieldTable) return lineEntry(fields, index);
  return new HeaderEntry(fields.name(index), fields.value(index));
}

function lineEntry(table: FieldTable, index: number): HeaderEntry {
  const from = table.lineFrom(index);
  const to = table.valueTo(index);
  if (to - from > MAX_CACHED_BYTES) return new HeaderEntry(table.name(index), table.value(index));
  const line = latin1(table.buffer, from, to);
  const known = entriesByLine.get(line);
  if (known !== undefined) return known;
  const entry = new HeaderEntry(table.name(index), table.value(index));
  if (entriesByLine.size >= MAX_CACHED) entriesByLine = new Map();
  entriesByLine.set(line, entry);
  return entry;
}

/** Copies of `fields` that are not connection-level. Fields that Connection lists are known by their id. */
export function entriesOf(fields: FieldList): EntryFields {
  const entries: HeaderEntry[] = [];
  for (let index = 0; index < fields.count; index++) {
    if (!isConnectionLevel(fields.id(index))) entries.push(entryAt(fields, index));
  }
  return new EntryFields(entries);
}

/** The trailers that are forwarded; null if none are. */
export function trailersToSend(trailers: FieldList): readonly HeaderEntry[] | null {
  const entries: HeaderEntry[] = [];
  for (let index = 0; index < trailers.count; index++) {
    if (isForwardableTrailer(trailers, index)) entries.push(entryAt(trailers, index));
  }
  return entries.length === 0 ? null : entries;
}
