/** The quick check of stored objects, which allocates nothing: nearly all of them need no change. */
import { fieldSchema, isJsonObject, type JsonObject, type Schema } from './schema.ts';
import { hasType } from './structure.ts';

/**
 * Whether an object has the shape of its schema as it is: types, required fields and defaults. Fields that the schema does not know are not
 * looked at, nor is metadata, which API servers validate for every kind.
 */
export const fits = (schema: Schema, object: JsonObject): boolean => fieldsFit(schema, object, 'metadata');

function fieldsFit(schema: Schema, value: JsonObject, except: string | null): boolean {
  for (const name of Object.keys(value)) {
    const field = name === except ? null : fieldSchema(schema, name);
    if (field !== null && !valueFits(field, value[name])) return false;
  }
  return namesNeeded(schema).every((name) => Object.hasOwn(value, name));
}

function valueFits(schema: Schema, value: unknown): boolean {
  if (value === null) return schema.nullable === true;
  if (!hasType(schema, value)) return false;
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined || value.every((item) => valueFits(items, item));
  }
  return !isJsonObject(value) || fieldsFit(schema, value, null);
}

const needed = new WeakMap<Schema, readonly string[]>();

/** Fields that an object must have: those required, and those that have a default. */
function namesNeeded(schema: Schema): readonly string[] {
  let names = needed.get(schema);
  if (names === undefined) {
    const fields = Object.entries(schema.properties ?? {});
    const withDefault = fields.filter(([, field]) => field.default !== undefined).map(([name]) => name);
    names = [...(schema.required ?? []), ...withDefault];
    needed.set(schema, names);
  }
  return names;
}
