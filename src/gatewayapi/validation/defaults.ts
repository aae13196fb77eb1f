import type { Schema } from './schema.ts';

/**
 * `value` with the schema's defaults filled in, as the API server does on write: absent fields of objects that are there; null where
 * null is not allowed counts as absent. What needs nothing is returned as it is.
 */
export function applyDefaults(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : mapChanged(value, (item) => applyDefaults(items, item));
  }
  if (typeof value !== 'object' || value === null) return value;
  return defaultObject(schema, value as Readonly<Record<string, unknown>>);
}

function defaultObject(schema: Schema, value: Readonly<Record<string, unknown>>): unknown {
  const changes: Record<string, unknown> = {};
  for (const [name, property] of Object.entries(schema.properties ?? {})) {
    const current = value[name];
    const isAbsent = current === undefined || (current === null && property.nullable !== true);
    if (isAbsent && property.default === undefined) continue;
    const filled = applyDefaults(property, isAbsent ? property.default : current);
    if (filled !== current) changes[name] = filled;
  }
  const rest = schema.additionalProperties;
  if (typeof rest === 'object') {
    for (const [name, current] of Object.entries(value)) {
      const filled = applyDefaults(rest, current);
      if (filled !== current) changes[name] = filled;
    }
  }
  return Object.keys(changes).length === 0 ? value : { ...value, ...changes };
}

function mapChanged(items: readonly unknown[], map: (item: unknown) => unknown): readonly unknown[] {
  const mapped = items.map(map);
  return mapped.every((item, index) => item === items[index]) ? items : mapped;
}
