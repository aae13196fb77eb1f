/**
 * Server-side apply as the API server does it, as far as a controller can tell: each manager owns the fields it applied, a field that
 * another owns with another value is a conflict unless forced, and a field that its last owner no longer applies goes.
 */
export type Json = string | number | boolean | null | Json[] | JsonObject;
export interface JsonObject {
  [member: string]: Json;
}

export interface ManagedField {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
  /** Paths of leaves, as `spec.ports`; items of keyed lists by key, as `status.conditions[type=Accepted].status`. */
  readonly paths: readonly string[];
}

/** Lists whose items are told apart by a key, by the name of the field; all other lists are atomic. */
const LIST_KEYS: Readonly<Record<string, string>> = {
  conditions: 'type',
  listeners: 'name',
  containers: 'name',
  ownerReferences: 'uid',
};
const SETS: ReadonlySet<string> = new Set(['finalizers']);

export interface ApplyRequest {
  readonly manager: string;
  readonly subresource: string;
  readonly force: boolean;
}

export class ApplyConflict extends Error {}

/** Text of a scalar, for keys and sets; nothing else has one. */
export function textOf(value: Json | undefined): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'object') throw new Error('a list key that is no scalar');
  return String(value);
}

/** A copy without these members. */
export function omit(object: JsonObject, ...names: readonly string[]): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Leaf fields that a manager applied; identifying `metadata` has no owner. */
export function leafPaths(value: Json, path = ''): string[] {
  const field = path.slice(path.lastIndexOf('.') + 1);
  const key = LIST_KEYS[field];
  if (Array.isArray(value)) {
    if (SETS.has(field)) return value.map((item) => `${path}[=${textOf(item)}]`);
    if (key === undefined) return [path];
    return value.flatMap((item) => leafPaths(item, `${path}[${key}=${textOf((item as JsonObject)[key])}]`));
  }
  if (!isObject(value) || Object.keys(value).length === 0) return [path];
  return Object.entries(value).flatMap(([name, inner]) =>
    leafPaths(inner, path === '' ? escape(name) : `${path}.${escape(name)}`),
  );
}

const escape = (name: string): string => name.replaceAll('.', '~1').replaceAll('[', '~2');
const unescape = (name: string): string => name.replaceAll('~1', '.').replaceAll('~2', '[');

interface Step {
  readonly field: string;
  readonly key: string | null;
  readonly value: string;
}

const stepsOf = (path: string): Step[] =>
  splitPath(path).map((part) => {
    const [, field = part, key = null, value = ''] = /^([^[]+)\[([^=]*)=(.*)\]$/s.exec(part) ?? [];
    return { field: unescape(field), key, value };
  });

/** Splits at dots outside of brackets: keys of list items may contain dots. */
function splitPath(path: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let from = 0;
  for (let at = 0; at < path.length; at += 1) {
    if (path[at] === '[') depth += 1;
    else if (path[at] === ']') depth -= 1;
    else if (path[at] === '.' && depth === 0) {
      parts.push(path.slice(from, at));
      from = at + 1;
    }
  }
  return [...parts, path.slice(from)];
}

function valueAt(object: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = object;
  for (const { field, key, value: wanted } of stepsOf(path)) {
    value = isObject(value) ? value[field] : undefined;
    if (key === null) continue;
    if (!Array.isArray(value)) return undefined;
    value = value.find((item) =>
      key === '' ? textOf(item) === wanted : isObject(item) && textOf(item[key]) === wanted,
    );
  }
  return value;
}

function removeAt(object: JsonObject, path: string): void {
  const steps = stepsOf(path);
  const chain: JsonObject[] = [];
  let holder: Json | undefined = object;
  for (const [index, { field, key, value }] of steps.entries()) {
    if (!isObject(holder)) return;
    chain.push(holder);
    const inner: Json | undefined = holder[field];
    const isLast = index === steps.length - 1;
    if (key === null) {
      if (isLast) Reflect.deleteProperty(holder, field);
      holder = inner;
      continue;
    }
    if (!Array.isArray(inner)) return;
    const at = inner.findIndex((item) =>
      key === '' ? textOf(item) === value : isObject(item) && textOf(item[key]) === value,
    );
    if (at < 0) return;
    holder = inner[at];
    // An item whose key is no longer owned goes as a whole.
    if (isLast || (steps[index + 1]?.field === key && index === steps.length - 2)) {
      inner.splice(at, 1);
      if (inner.length === 0) Reflect.deleteProperty(chain.at(-1) ?? {}, field);
      return;
    }
  }
}

function setAt(object: JsonObject, path: string, applied: Json): void {
  const steps = stepsOf(path);
  let holder = object;
  for (const [index, { field, key, value }] of steps.entries()) {
    const isLast = index === steps.length - 1;
    if (key === null) {
      if (isLast) holder[field] = structuredClone(applied);
      else {
        if (!isObject(holder[field])) holder[field] = {};
        holder = holder[field];
      }
      continue;
    }
    if (!Array.isArray(holder[field])) holder[field] = [];
    const list = holder[field];
    if (key === '') {
      if (!list.some((item) => textOf(item) === value)) list.push(value);
      continue;
    }
    let item = list.find((candidate) => isObject(candidate) && textOf(candidate[key]) === value);
    if (!isObject(item)) {
      item = { [key]: value };
      list.push(item);
    }
    holder = item;
  }
}

/** The merged object and its field managers. `object` is not changed. Throws `ApplyConflict`. */
export function serverSideApply(
  object: JsonObject,
  managers: readonly ManagedField[],
  applied: JsonObject,
  { manager, subresource, force }: ApplyRequest,
): { readonly object: JsonObject; readonly managers: readonly ManagedField[] } {
  const isMine = (one: ManagedField): boolean =>
    one.manager === manager && one.operation === 'Apply' && one.subresource === subresource;
  const paths = leafPaths(applied);
  const others = managers.filter((one) => !isMine(one));
  const differs = (path: string): boolean =>
    JSON.stringify(valueAt(object, path)) !== JSON.stringify(valueAt(applied, path));
  const wanted = new Set(paths);
  const conflict = others.flatMap((one) =>
    one.paths.filter((path) => wanted.has(path) && differs(path)).map((path) => `${path} (${one.manager})`),
  );
  if (conflict.length > 0 && !force) throw new ApplyConflict(`conflict with ${conflict.join(', ')}`);
  const taken = new Set(paths.filter(differs));
  const left = others.map((one) => ({ ...one, paths: one.paths.filter((path) => !taken.has(path)) }));
  const owned = new Set(left.flatMap((one) => one.paths));
  const merged = structuredClone(object);
  for (const path of managers.filter(isMine).flatMap((one) => one.paths)) {
    if (!wanted.has(path) && !owned.has(path)) removeAt(merged, path);
  }
  for (const path of paths) {
    const value = valueAt(applied, path);
    if (value !== undefined) setAt(merged, path, value);
  }
  return {
    object: merged,
    managers: [
      ...left.filter((one) => one.paths.length > 0),
      ...(paths.length === 0 ? [] : [{ manager, operation: 'Apply' as const, subresource, paths }]),
    ],
  };
}
