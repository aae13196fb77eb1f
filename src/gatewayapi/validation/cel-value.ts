/** Values as CEL sees them: typed by their schema, as Kubernetes does it. */
import { celList, celMap, type CelInput, type CelValue } from '@bufbuild/cel';
import { fieldSchema, isJsonObject, type JsonObject, type Schema } from './schema.ts';

/**
 * The CEL value of a structurally sound value. Integers become `int`, fields that the schema names are spelled as rules must spell them
 * (`celName`), keys of free maps stay as they are.
 */
export function toCel(schema: Schema, value: unknown): CelValue {
  if (typeof value === 'number') {
    return schema.type !== 'number' && Number.isInteger(value) ? BigInt(value) : value;
  }
  if (typeof value === 'string' || typeof value === 'boolean') return value;
  if (Array.isArray(value)) {
    const items = schema.items ?? {};
    return celList(value.map((item: unknown) => toCel(items, item)));
  }
  return isJsonObject(value) ? toCelMap(schema, value) : null;
}

function toCelMap(schema: Schema, value: JsonObject): CelValue {
  const isDeclared = schema.properties !== undefined;
  const entries = new Map<string, CelInput>();
  for (const [name, child] of Object.entries(value)) {
    entries.set(isDeclared ? celName(name) : name, toCel(fieldSchema(schema, name) ?? {}, child));
  }
  return celMap(entries);
}

/** Words that CEL reserves. */
const RESERVED = new Set([
  ...['true', 'false', 'null', 'in', 'as', 'break', 'const', 'continue', 'else', 'for', 'function', 'if'],
  ...['import', 'let', 'loop', 'package', 'namespace', 'return', 'var', 'void', 'while'],
]);

const ESCAPES: Readonly<Record<string, string>> = {
  __: '__underscores__',
  '.': '__dot__',
  '-': '__dash__',
  '/': '__slash__',
};

/** How a rule spells the field `name`: `namespace` is `__namespace__` (escaping rules of `x-kubernetes-validations`). */
export function celName(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`;
  return /[^A-Za-z0-9_]|__/.test(name)
    ? name.replaceAll(/__|[-./]/g, (found) => ESCAPES[found] ?? found)
    : name;
}
