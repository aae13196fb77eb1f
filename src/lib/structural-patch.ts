/**
 * What turns one plain value (as JSON has them) into another, small when little differs. Parts that are the same object in
 * both are not looked into, and stay the same object when the patch is applied.
 */
import { runsOf, type Run } from './list-diff.ts';

/** A JSON value; readonly, and where an `undefined` member means an absent one. */
export type Plain = string | number | boolean | null | readonly Plain[] | PlainObject;
interface PlainObject {
  readonly [member: string]: Plain | undefined;
}

/**
 * One of: `set`, a value of its own; `in`, patches of members and the names of those that go (`del`); `list`, the new list
 * from pieces of the old one.
 */
export type Patch =
  | { readonly set: Plain }
  | { readonly in: Readonly<Record<string, Patch>>; readonly del?: readonly string[] }
  | { readonly list: readonly ListPiece[] };

/** `[from, count]` items of the old list; or a new item; or the item at `old`, patched. */
export type ListPiece =
  | readonly [from: number, count: number]
  | { readonly item: Plain }
  | { readonly old: number; readonly by: Patch };

/** null when the two are the same by content. */
export function diffPlain(before: Plain | undefined, after: Plain): Patch | null {
  if (before === after) return null;
  if (isList(before) && isList(after)) return diffLists(before, after);
  if (isObject(before) && isObject(after)) return diffObjects(before, after);
  return { set: after };
}

/** Whether two values are the same by content; what is the same object is not looked into. */
export function samePlain(a: Plain | undefined, b: Plain | undefined): boolean {
  if (a === b) return true;
  if (isList(a)) {
    return isList(b) && a.length === b.length && a.every((item, index) => samePlain(item, b[index]));
  }
  return isObject(a) && isObject(b) && sameMembers(a, b);
}

function sameMembers(a: PlainObject, b: PlainObject): boolean {
  let balance = 0;
  // Both are plain data: there is nothing to inherit, and this loop makes no list of names.
  for (const name in a) {
    if (a[name] === undefined) continue;
    if (!samePlain(a[name], b[name])) return false;
    balance += 1;
  }
  for (const name in b) if (b[name] !== undefined) balance -= 1;
  return balance === 0;
}

/** The value that `diffPlain(before, …)` was made for. Throws when the patch was made for another `before`. */
export function patchPlain(before: Plain | undefined, patch: Patch): Plain {
  if ('set' in patch) return patch.set;
  if ('list' in patch) {
    if (!isList(before)) throw new PatchError('a list is patched where there is none');
    return patchList(before, patch.list);
  }
  if (!isObject(before)) throw new PatchError('an object is patched where there is none');
  const members = new Map(Object.entries(before));
  for (const name of patch.del ?? []) members.delete(name);
  for (const [name, inner] of Object.entries(patch.in))
    members.set(name, patchPlain(members.get(name), inner));
  return Object.fromEntries(members);
}

/** A patch that does not belong to the value it is applied to. */
export class PatchError extends Error {
  override readonly name = 'PatchError';
}

const isList = (value: Plain | undefined): value is readonly Plain[] => Array.isArray(value);
const isObject = (value: Plain | undefined): value is PlainObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function diffObjects(before: PlainObject, after: PlainObject): Patch | null {
  const members = new Map<string, Patch>();
  for (const name of Object.keys(after)) {
    const value = after[name];
    if (value === undefined) continue;
    const patch = diffPlain(Object.hasOwn(before, name) ? before[name] : undefined, value);
    if (patch !== null) members.set(name, patch);
  }
  // A member may be named as something that every object inherits, such as `valueOf`.
  const isGone = (name: string): boolean => !Object.hasOwn(after, name) || after[name] === undefined;
  const del = Object.keys(before).filter((name) => before[name] !== undefined && isGone(name));
  if (members.size === 0 && del.length === 0) return null;
  return { in: Object.fromEntries(members), ...(del.length > 0 ? { del } : {}) };
}

/**
 * Equal beginnings and ends are skipped, and the items between are paired by key, so that one change among thousands of items costs
 * one piece, and an insertion shifts nothing.
 */
function diffLists(before: readonly Plain[], after: readonly Plain[]): Patch | null {
  const start = equalAtStart(before, after);
  if (start === before.length && start === after.length) return null;
  const tail = equalAtEnd(before, after, start);
  const pieces: ListPiece[] = [];
  keep(pieces, 0, start);
  const oldEnd = before.length - tail;
  const [old, now] = [before.slice(start, oldEnd), after.slice(start, after.length - tail)];
  // Items mostly follow each other as they did: only the others are looked up, among those that others left.
  const runs = runsOf(old, now);
  let places: ReadonlyMap<string, number> | null = null;
  let cursor = 0;
  for (const { from, to, count } of runs) {
    for (const item of now.slice(cursor, to)) {
      places ??= placesByKey(before, start, runs);
      pieces.push(pieceFor(item, before, places));
    }
    keep(pieces, start + from, count);
    cursor = to + count;
  }
  keep(pieces, oldEnd, tail);
  return { list: pieces };
}

function equalAtStart(before: readonly Plain[], after: readonly Plain[]): number {
  const shorter = Math.min(before.length, after.length);
  let count = 0;
  while (count < shorter && samePlain(before[count], after[count])) count += 1;
  return count;
}

/** At most up to the equal start. */
function equalAtEnd(before: readonly Plain[], after: readonly Plain[], start: number): number {
  const most = Math.min(before.length, after.length) - start;
  let count = 0;
  const [lastOld, lastNow] = [before.length - 1, after.length - 1];
  while (
    count < most &&
    (before[lastOld - count] === after[lastNow - count] ||
      samePlain(before[lastOld - count], after[lastNow - count]))
  ) {
    count += 1;
  }
  return count;
}

/** The old item with the same key, as it is or patched; else the item itself. */
function pieceFor(item: Plain, before: readonly Plain[], places: ReadonlyMap<string, number>): ListPiece {
  const key = keyOf(item);
  const at = key === null ? undefined : places.get(key);
  if (at === undefined) return { item };
  const by = diffPlain(before[at], item);
  return by === null ? [at, 1] : { old: at, by };
}

/** The items from `start` on that lie between the runs. */
function placesByKey(
  list: readonly Plain[],
  start: number,
  runs: readonly Run[],
): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  let index = start;
  for (const { from, count } of runs) {
    for (; index < start + from; index += 1) {
      const key = keyOf(list[index]);
      if (key !== null) places.set(key, index);
    }
    index += count;
  }
  return places;
}

/** Members that tell items of one list apart by themselves; and those that do together, as the number and transport of a port. */
const KEYS = ['id', 'cluster', 'hostname'] as const;
const KEY_PARTS = ['number', 'transport', 'name', 'address', 'port'] as const;

function keyOf(item: Plain | undefined): string | null {
  if (!isObject(item)) return item === undefined ? null : JSON.stringify(item);
  for (const name of KEYS) {
    const value = item[name];
    if (typeof value === 'string') return value;
  }
  const parts = KEY_PARTS.flatMap((name) => {
    const value = item[name];
    return typeof value === 'string' || typeof value === 'number' ? [`${name}=${String(value)}`] : [];
  });
  return parts.length === 0 ? null : parts.join(' ');
}

/** Adds a run of old items, joined to the one before where they follow each other. */
function keep(pieces: ListPiece[], from: number, count: number): void {
  if (count === 0) return;
  const last = pieces.at(-1);
  if (last !== undefined && Array.isArray(last)) {
    const [start, length] = last as readonly [number, number];
    if (start + length === from) {
      pieces[pieces.length - 1] = [start, length + count];
      return;
    }
  }
  pieces.push([from, count]);
}

function patchList(before: readonly Plain[], pieces: readonly ListPiece[]): readonly Plain[] {
  const result: Plain[] = [];
  for (const piece of pieces) {
    if ('item' in piece) result.push(piece.item);
    else if ('old' in piece) result.push(patchPlain(itemAt(before, piece.old), piece.by));
    else {
      const [from, count] = piece;
      for (let index = from; index < from + count; index += 1) result.push(itemAt(before, index));
    }
  }
  return result;
}

function itemAt(list: readonly Plain[], index: number): Plain {
  const item = list[index];
  if (item === undefined) throw new PatchError(`item ${String(index)} of a list of ${String(list.length)}`);
  return item;
}
