import type { JsonSchema } from './crd.ts';

/** The schema without what validation does not read: descriptions, and the status, which users do not write. */
export function compactSchema(root: JsonSchema): JsonSchema {
  const written = Object.entries(root.properties ?? {}).filter(([name]) => name !== 'status');
  return compact({ ...root, properties: Object.fromEntries(written) });
}

function compact(schema: JsonSchema): JsonSchema {
  const result: Record<string, unknown> = {};
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === 'description') continue;
    if (keyword === 'properties') result[keyword] = mapValues(value as Record<string, JsonSchema>, compact);
    else if (keyword === 'items' || keyword === 'not') result[keyword] = compact(value as JsonSchema);
    else if (keyword === 'additionalProperties' && typeof value === 'object') {
      result[keyword] = compact(value as JsonSchema);
    } else if (keyword === 'allOf' || keyword === 'anyOf' || keyword === 'oneOf') {
      result[keyword] = (value as JsonSchema[]).map(compact);
    } else result[keyword] = value;
  }
  return result;
}

const mapValues = <T, U>(record: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> =>
  Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
