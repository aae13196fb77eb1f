/**
 * Objects in the API server, which may violate the schema with which they are read: they are stored in the version in which
 * they were written, and are not validated again when a CRD changes.
 */
import { markRejected, type Violation } from '../rejection.ts';
import { REGISTRY, type KindRegistry, type RegisteredKind } from '../kind-registry.ts';
import { splitApiVersion } from './api-version.ts';
import { requiredInAll } from './common-schema.ts';
import { normalize } from './normalize.ts';
import { fits } from './fits.ts';
import { fieldSchema, formatPath, isJsonObject, type JsonObject, type Path, type Schema } from './schema.ts';
import { hasType, typeNameOf } from './structure.ts';

export type StoredReading =
  /** With violations it is marked as rejected (rejection.ts), without the parts that violate the schema. */
  | { readonly ok: true; readonly object: JsonObject }
  /** No part of it can be used. */
  | { readonly ok: false; readonly violations: readonly Violation[] };

/**
 * Brings an object to the version that its type names, and to the shape of that type: types of values and required fields. Values beyond
 * that are the translator's to validate, rule by rule.
 */
export function readStored(object: JsonObject, registry: KindRegistry = REGISTRY): StoredReading {
  const { group } = splitApiVersion(String(object['apiVersion']));
  const kind = registry.find(group, String(object['kind']));
  if (kind === null) return { ok: true, object };
  const schema = commonSchema(kind);
  if (object['apiVersion'] === kind.apiVersion && fits(schema, object)) return { ok: true, object };
  const { metadata, ...rest } = object;
  const body = normalize(schema, rest, [], () => undefined) as JsonObject;
  const violations: Violation[] = [];
  const shaped = shape(schema, body, [], violations);
  if (shaped === LEFT_OUT) return { ok: false, violations };
  const { apiVersion } = kind;
  if (shaped === rest && object['apiVersion'] === apiVersion) return { ok: true, object };
  const read = { ...(shaped as JsonObject), metadata, apiVersion };
  return { ok: true, object: violations.length === 0 ? read : markRejected(read, violations) };
}

const common = new WeakMap<RegisteredKind, Schema>();

/** The schema of the preferred version, with those fields required that all versions require. */
function commonSchema(kind: RegisteredKind): Schema {
  let schema = common.get(kind);
  if (schema === undefined) {
    const others = kind.versions.slice(1).flatMap((version) => kind.schemas[version] ?? []);
    schema = requiredInAll(kind.schema, others);
    common.set(kind, schema);
  }
  return schema;
}

const LEFT_OUT = Symbol('left out');

/** The value without the parts that violate its schema; the same value if none do. */
function shape(schema: Schema, value: unknown, path: Path, violations: Violation[]): unknown {
  if (value === null && schema.nullable === true) return value;
  if (!hasType(schema, value)) {
    violations.push({ path: formatPath(path), message: `must be ${typeNameOf(schema)}` });
    return LEFT_OUT;
  }
  if (Array.isArray(value)) return shapeList(schema, value, path, violations);
  return isJsonObject(value) ? shapeObject(schema, value, path, violations) : value;
}

function shapeList(schema: Schema, value: readonly unknown[], path: Path, violations: Violation[]): unknown {
  const { items } = schema;
  if (items === undefined) return value;
  const shaped = value.map((item, index) => shape(items, item, [...path, index], violations));
  if (shaped.every((item, index) => item === value[index])) return value;
  // An empty element keeps the positions of those after it; an empty rule would match everything.
  const isEmptyElement = items.type === 'object' && (items.required ?? []).length === 0;
  return shaped.flatMap((item) => (item === LEFT_OUT ? (isEmptyElement ? [{}] : []) : [item]));
}

function shapeObject(schema: Schema, value: JsonObject, path: Path, violations: Violation[]): unknown {
  let isChanged = false;
  const entries: [string, unknown][] = [];
  for (const [name, child] of Object.entries(value)) {
    const field = fieldSchema(schema, name);
    const shaped = field === null ? child : shape(field, child, [...path, name], violations);
    isChanged ||= shaped !== child;
    if (shaped !== LEFT_OUT) entries.push([name, shaped]);
  }
  const names = new Set(entries.map(([name]) => name));
  for (const name of schema.required ?? []) {
    if (names.has(name)) continue;
    if (!Object.hasOwn(value, name)) {
      violations.push({ path: formatPath([...path, name]), message: 'is missing' });
    }
    return LEFT_OUT;
  }
  return isChanged ? Object.fromEntries(entries) : value;
}
