/**
 * Header edits, compiled once per route rule and backend. For any filters of a rule, a writer only has to
 * drop some fields and append others. Both engines apply it, each in its own form.
 */
import type { HeaderEdit, HeaderField } from '../../ir/filter.ts';
import { FRAMING_FIELDS } from '../../lib/framing-fields.ts';
import { isAuthority, isToken } from '../../lib/message-grammar.ts';
import { HEADER_IDS, headerIdOf, HeaderId } from './header-id.ts';
import { fieldValueOctets } from './field-value.ts';
import { nameHash } from './name-hash.ts';

/** A field to leave out that has no well-known id: found by hash, then compared. */
export interface DroppedName {
  readonly name: string;
  readonly hash: number;
}

export interface HeadEdits {
  /** Indexed by header id: 1 = leave the field out. */
  readonly dropIds: Uint8Array;
  readonly dropNames: readonly DroppedName[];
  /** Appended after the fields that stay. `name` keeps the user's spelling, HTTP/2 writes it in lower case; `value` is octets. */
  readonly append: readonly HeaderField[];
  /** `append` as HTTP/1.1 lines, each with its CRLF. */
  readonly appendLines: Buffer;
  /** A forwarding field (ids xForwardedFor to xRequestId) is among what is dropped. */
  readonly dropsForwarding: boolean;
  /** Value of a `set` on Host: the authority to send. null = leave it. Never in `append`. */
  readonly authority: string | null;
  /** True when nothing is dropped or appended. */
  readonly isEmpty: boolean;
}

/** Field names in lower case mapped to what stays of `add` and `set` so far. */
interface Accumulator {
  readonly dropped: Set<string>;
  appended: HeaderField[];
  authority: string | null;
}

/** Reserved for the engines, even if a filter edits them; `sluice check` warns about it. */
const isFraming = (name: string): boolean => FRAMING_FIELDS.has(name);

/** A field that parties other than the gateway may set. */
export const isEditable = ({ name }: HeaderField): boolean => isToken(name) && !isFraming(name.toLowerCase());

function applyEdit(to: Accumulator, edit: HeaderEdit): void {
  const set = edit.set.filter(isEditable);
  const removed = edit.remove.filter((name) => !isFraming(name.toLowerCase()));
  const replaced = new Set([...removed, ...set.map((field) => field.name)].map((n) => n.toLowerCase()));
  replaced.delete('host');
  to.appended = to.appended.filter((field) => !replaced.has(field.name.toLowerCase()));
  for (const name of replaced) to.dropped.add(name);
  for (const field of [...set, ...edit.add.filter(isEditable)]) {
    if (field.name.toLowerCase() === 'host') {
      // An invalid host cannot be sent: Host stays unchanged.
      if (isAuthority(field.value.trim())) to.authority = field.value.trim();
    } else to.appended.push({ name: field.name, value: fieldValueOctets(field.value) });
  }
}

/**
 * Compiles edits that apply one after the other (a rule's filters, then its backend's) into one.
 * HTTPHeaderFilter: each edit is applied in the order remove, set, add; `add` keeps what is already there.
 */
export function compileHeadEdits(edits: readonly HeaderEdit[]): HeadEdits {
  return edits.length === 0 ? NO_EDITS : compile(edits);
}

function compile(edits: readonly HeaderEdit[]): HeadEdits {
  const result: Accumulator = { dropped: new Set(), appended: [], authority: null };
  for (const edit of edits) applyEdit(result, edit);
  const dropIds = new Uint8Array(HEADER_IDS);
  const dropNames: DroppedName[] = [];
  for (const name of result.dropped) {
    const id = headerIdOf(name);
    if (id === HeaderId.other) dropNames.push({ name, hash: nameHash(name) });
    else dropIds[id] = 1;
  }
  const lines = result.appended.map((field) => `${field.name}: ${field.value}\r\n`).join('');
  return {
    dropIds,
    dropNames,
    append: result.appended,
    appendLines: Buffer.from(lines, 'latin1'),
    dropsForwarding: dropIds.subarray(HeaderId.xForwardedFor, HeaderId.xRequestId + 1).includes(1),
    authority: result.authority,
    isEmpty: result.dropped.size === 0 && result.appended.length === 0,
  };
}

/** Whether `edits` leave out fields of this name, in lower case, that a head has. */
export function dropsField({ dropIds, dropNames }: HeadEdits, name: string): boolean {
  const id = headerIdOf(name);
  return id === HeaderId.other ? dropNames.some((dropped) => dropped.name === name) : dropIds[id] === 1;
}

/** Changes nothing. */
export const NO_EDITS: HeadEdits = compile([]);
