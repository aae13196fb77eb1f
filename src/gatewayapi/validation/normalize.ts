/**
 * What the API server does to an object before it validates it: it drops fields that the schema does not have (and reports them, as strict
 * clients request), treats disallowed nulls as absent, and sets defaults.
 */
import { suggest } from '../../lib/suggest.ts';
import { fieldSchema, isJsonObject, type JsonObject, type Path, type Report, type Schema } from './schema.ts';

/** The normalized value; parts that need no change are returned as they are. Validation reports wrong types. */
export function normalize(schema: Schema, value: unknown, path: Path, report: Report): unknown {
  if (isJsonObject(value)) {
    if (schema.type === 'object') return normalizeObject(schema, value, path, report);
    // Elsewhere validation reports the wrong type; for a status, only names are checked.
    if (path[0] === 'status' && !keepsUnknown(schema)) {
      for (const name of Object.keys(value)) reportUnknown(schema, name, path, report);
    }
    return value;
  }
  const items = schema.items ?? (path[0] === 'status' ? {} : null);
  if (!Array.isArray(value) || items === null) return value;
  const mapped = value.map((item: unknown, index) => {
    const present = isUnwantedNull(items, item) && items.default !== undefined ? items.default : item;
    return normalize(items, present, [...path, index], report);
  });
  return mapped.some((item, index) => item !== value[index]) ? mapped : value;
}

const isUnwantedNull = (schema: Schema, value: unknown): boolean =>
  value === null && schema.nullable !== true;

function normalizeObject(schema: Schema, value: JsonObject, path: Path, report: Report): JsonObject {
  // Entries rather than assignments: a field may be called `__proto__`.
  const entries: [string, unknown][] = [];
  let isChanged = false;
  for (const [name, current] of Object.entries(value)) {
    const field = fieldSchema(schema, name);
    if (field === null) {
      if (keepsUnknown(schema)) entries.push([name, current]);
      else {
        isChanged = true;
        reportUnknown(schema, name, path, report);
      }
      continue;
    }
    const present = isUnwantedNull(field, current) ? field.default : current;
    const filled = present === undefined ? undefined : normalize(field, present, [...path, name], report);
    isChanged ||= filled !== current;
    if (filled !== undefined) entries.push([name, filled]);
  }
  const result = Object.fromEntries(entries);
  for (const [name, field] of fieldsWithDefault(schema)) {
    if (Object.hasOwn(result, name)) continue;
    isChanged = true;
    result[name] = normalize(field, field.default, [...path, name], report);
  }
  return isChanged ? result : value;
}

const keepsUnknown = (schema: Schema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] === true || schema.additionalProperties === true;

const defaults = new WeakMap<Schema, readonly (readonly [string, Schema])[]>();

function fieldsWithDefault(schema: Schema): readonly (readonly [string, Schema])[] {
  let found = defaults.get(schema);
  if (found === undefined) {
    found = Object.entries(schema.properties ?? {}).filter(([, field]) => field.default !== undefined);
    defaults.set(schema, found);
  }
  return found;
}

const MAX_LISTED_FIELDS = 12;

function reportUnknown(schema: Schema, name: string, path: Path, report: Report): void {
  const known = Object.keys(schema.properties ?? {});
  const near = suggest(name, known);
  const listed =
    known.length === 0 || known.length > MAX_LISTED_FIELDS ? null : `known here: ${known.join(', ')}`;
  const hint = near === null ? listed : `did you mean "${near}"?`;
  report([...path, name], 'unknown-field', `unknown field "${name}"`, hint);
}
