import type { Crd, JsonSchema } from './crd.ts';

/** What schemas.json holds: schemas by `group/Kind` and version. */
export const compactSchemas = (
  crds: readonly Crd[],
): Readonly<Record<string, Readonly<Record<string, JsonSchema>>>> =>
  Object.fromEntries(
    crds.map(({ group, kind, versions }) => [
      `${group}/${kind}`,
      Object.fromEntries(versions.map(({ name, schema }) => [name, compactSchema(schema)])),
    ]),
  );

/**
 * The schema without what validation does not read: descriptions, and, of the status, which users do not write, all but the names of its
 * fields.
 */
export function compactSchema(root: JsonSchema): JsonSchema {
  const { status, ...written } = root.properties ?? {};
  const properties = status === undefined ? written : { ...written, status: skeleton(status) };
  return compact({ ...root, properties });
}

/** The names of fields, and the types that lead to them. */
function skeleton(schema: JsonSchema): JsonSchema {
  const { type, properties, items, additionalProperties } = schema;
  return {
    ...(type === undefined ? {} : { type }),
    ...(properties === undefined ? {} : { properties: mapValues(properties, skeleton) }),
    ...(items === undefined ? {} : { items: skeleton(items) }),
    ...(typeof additionalProperties === 'object'
      ? { additionalProperties: skeleton(additionalProperties) }
      : {}),
    ...(schema['x-kubernetes-preserve-unknown-fields'] === true
      ? { 'x-kubernetes-preserve-unknown-fields': true }
      : {}),
  };
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
