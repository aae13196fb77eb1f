/** Structural validation: what the API server checks of a normalized custom resource before its CEL rules. */
import { canonicalJson } from '../../lib/canonical-json.ts';
import { suggest } from '../../lib/suggest.ts';
import { formatProblem, integerRange } from './formats.ts';
import { matchesPattern, meaningOf, patternHint } from './pattern.ts';
import { fieldSchema, isJsonObject, type JsonObject, type Path, type Report, type Schema } from './schema.ts';

export function checkStructure(schema: Schema, value: unknown, path: Path, report: Report): void {
  if (value === null) {
    // An enumeration without null rejects it even if `nullable` allows it.
    if (schema.nullable === true && schema.enum === undefined) return;
    report(
      path,
      'wrong-type',
      `must be ${typeNameOf(schema)}, is null`,
      'write a value, or remove the field',
    );
    return;
  }
  if (!hasType(schema, value)) {
    report(path, 'wrong-type', `must be ${typeNameOf(schema)}, is ${nameOf(value)}`, typeHint(schema, value));
    return;
  }
  checkEnum(schema, value, path, report);
  if (typeof value === 'string') checkString(schema, value, path, report);
  else if (typeof value === 'number') checkNumber(schema, value, path, report);
  else if (Array.isArray(value)) checkArray(schema, value, path, report);
  else if (isJsonObject(value)) checkObject(schema, value, path, report);
  checkCombinations(schema, value, path, report);
}

/** Whether the value is of the type that the schema names. */
export function hasType(schema: Schema, value: unknown): boolean {
  if (schema['x-kubernetes-int-or-string'] === true) {
    return typeof value === 'string' || Number.isInteger(value);
  }
  switch (schema.type) {
    case 'object':
      return isJsonObject(value);
    case 'array':
      return Array.isArray(value);
    case 'integer':
      return Number.isInteger(value);
    case 'string':
    case 'number':
    case 'boolean':
      return typeof value === schema.type;
    case undefined:
    default:
      return true;
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  integer: 'an integer',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
};

/** The type that the schema names, in words. */
export function typeNameOf(schema: Schema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'an integer or a string';
  return TYPE_NAMES[schema.type ?? ''] ?? 'a value';
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (isJsonObject(value)) return 'an object';
  if (typeof value === 'boolean') return String(value);
  return `${TYPE_NAMES[Number.isInteger(value) ? 'integer' : typeof value] ?? typeof value} (${JSON.stringify(value)})`;
}

function typeHint(schema: Schema, value: unknown): string | null {
  const { type } = schema;
  if (type === 'string' && typeof value === 'number') return `write ${quotedNumber(schema, value)}`;
  if (type === 'string' && typeof value === 'boolean') {
    return 'put it in quotes: YAML reads bare yes, no, on, off, true and false as booleans';
  }
  if (type === 'integer' && typeof value === 'string' && /^-?\d+$/.test(value)) {
    return `write ${value}, without quotes`;
  }
  if (type === 'boolean' && typeof value === 'string' && /^(true|false)$/i.test(value)) {
    return `write ${value.toLowerCase()}, without quotes`;
  }
  if (type === 'array' && !Array.isArray(value)) return 'begin each element with "- "';
  if (type === 'object' && Array.isArray(value)) return 'remove the "- ": one object is expected, not a list';
  return null;
}

/** A number as the string that the field requires: a duration needs a unit besides quotes. */
function quotedNumber({ pattern }: Schema, value: number): string {
  const text = String(value);
  const isAccepted = (candidate: string): boolean =>
    pattern === undefined || matchesPattern(pattern, candidate);
  if (isAccepted(text) || !isAccepted(`${text}s`)) return `"${text}", with quotes`;
  return `a unit, such as "${text}s"`;
}

function checkEnum(schema: Schema, value: unknown, path: Path, report: Report): void {
  if (schema.enum === undefined || schema.enum.includes(value)) return;
  const near = typeof value === 'string' ? suggestValue(value, schema.enum.map(String)) : null;
  const supported = schema.enum.map((option) => JSON.stringify(option)).join(', ');
  const message = `unsupported value ${JSON.stringify(value)}: supported values are ${supported}`;
  report(path, 'unsupported-value', message, near === null ? null : `did you mean "${near}"?`);
}

/** The option closest to the value, otherwise the only one that contains it: `prefix` is PathPrefix. */
function suggestValue(value: string, options: readonly string[]): string | null {
  const named = options.filter((option) => option !== '');
  const near = suggest(value, named);
  if (near !== null || value === '') return near;
  const [only, ...others] = named.filter((option) => option.toLowerCase().includes(value.toLowerCase()));
  return only === undefined || others.length > 0 ? null : only;
}

/** The API server stops at the first of these three that fails; the format is checked besides. */
function checkString(schema: Schema, value: string, path: Path, report: Report): void {
  const { minLength, maxLength, pattern, format } = schema;
  if (maxLength !== undefined && value.length > maxLength && countCharacters(value) > maxLength) {
    report(
      path,
      'too-long',
      `has ${String(countCharacters(value))} characters, at most ${String(maxLength)} are allowed`,
    );
  } else if (minLength !== undefined && countCharacters(value) < minLength) {
    report(
      path,
      'invalid-value',
      value === '' ? 'must not be empty' : `must have at least ${String(minLength)} characters`,
    );
  } else if (pattern !== undefined && !matchesPattern(pattern, value)) {
    const expected = meaningOf(pattern) ?? `text that matches ${pattern}`;
    const message = `invalid value ${JSON.stringify(value)}: must be ${expected}`;
    report(path, 'invalid-value', message, patternHint(value, pattern));
  }
  const expected = format === undefined ? null : formatProblem(format, value);
  if (expected !== null) {
    report(path, 'invalid-value', `invalid value ${JSON.stringify(value)}: must be ${expected}`);
  }
}

/** Code points, which is what the API server counts. */
function countCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

function checkNumber(schema: Schema, value: number, path: Path, report: Report): void {
  const { type, format, minimum, maximum } = schema;
  const bad = (text: string): void => {
    report(path, 'invalid-value', `invalid value ${String(value)}: ${text}`);
  };
  const [low, high] = integerRange(format);
  if (type === 'integer' && (value < low || value > high)) bad(`does not fit ${format ?? 'int64'}`);
  if (minimum !== undefined && value < minimum) bad(`must be at least ${String(minimum)}`);
  if (maximum !== undefined && value > maximum) bad(`must be at most ${String(maximum)}`);
}

function checkArray(schema: Schema, value: readonly unknown[], path: Path, report: Report): void {
  const { items, minItems, maxItems } = schema;
  if (maxItems !== undefined && value.length > maxItems) {
    report(path, 'too-many', `has ${String(value.length)} elements, at most ${String(maxItems)} are allowed`);
  }
  if (minItems !== undefined && value.length < minItems) {
    const found = value.length === 0 ? 'is empty' : `has ${elements(value.length)}`;
    report(path, 'too-few', `${found}: needs at least ${elements(minItems)}`);
  }
  if (items !== undefined) {
    for (const [index, item] of value.entries()) checkStructure(items, item, [...path, index], report);
  }
  checkDuplicates(schema, value, path, report);
}

const elements = (count: number): string => (count === 1 ? '1 element' : `${String(count)} elements`);

/** `x-kubernetes-list-type`: elements of a set, and the keys of the elements of a map, occur once. */
function checkDuplicates(schema: Schema, value: readonly unknown[], path: Path, report: Report): void {
  const listType = schema['x-kubernetes-list-type'];
  if ((listType !== 'set' && listType !== 'map') || value.length < 2) return;
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Map<string, number>();
  for (const [index, item] of value.entries()) {
    const identity =
      listType === 'map' && isJsonObject(item)
        ? Object.fromEntries(keys.filter((key) => item[key] !== undefined).map((key) => [key, item[key]]))
        : item;
    const text = canonicalJson(identity);
    const first = seen.get(text);
    if (first === undefined) seen.set(text, index);
    else
      report(
        [...path, index],
        'duplicate',
        `duplicate value ${text}: element ${String(first)} has it already`,
      );
  }
}

function checkObject(schema: Schema, value: JsonObject, path: Path, report: Report): void {
  for (const name of schema.required ?? []) {
    if (!Object.hasOwn(value, name)) {
      report([...path, name], 'missing-field', `required field "${name}" is missing`, `add "${name}:"`);
    }
  }
  const { minProperties, maxProperties } = schema;
  if (minProperties !== undefined || maxProperties !== undefined) {
    const count = Object.keys(value).length;
    if (maxProperties !== undefined && count > maxProperties) {
      report(path, 'too-many', `has ${String(count)} entries, at most ${String(maxProperties)} are allowed`);
    }
    if (minProperties !== undefined && count < minProperties) {
      report(path, 'too-few', `has ${String(count)} entries, needs at least ${String(minProperties)}`);
    }
  }
  for (const [name, child] of Object.entries(value)) {
    const field = fieldSchema(schema, name);
    if (field !== null) checkStructure(field, child, [...path, name], report);
  }
}

function checkCombinations(schema: Schema, value: unknown, path: Path, report: Report): void {
  const { allOf, anyOf, oneOf, not } = schema;
  for (const option of allOf ?? []) checkStructure(option, value, path, report);
  // The message of int-or-string says this already; its `anyOf` would repeat it.
  if (anyOf !== undefined && schema['x-kubernetes-int-or-string'] !== true)
    checkAnyOf(anyOf, value, path, report);
  if (oneOf !== undefined) checkOneOf(oneOf, value, path, report);
  if (not !== undefined && holds(not, value, path))
    report(path, 'invalid-value', 'has a form that is not allowed here');
}

function checkAnyOf(options: readonly Schema[], value: unknown, path: Path, report: Report): void {
  if (options.some((option) => holds(option, value, path))) return;
  const formats = options.map(({ format }) => format);
  const expected =
    formats.includes('ipv4') && formats.includes('ipv6') ? 'an IP address' : 'of one of the allowed forms';
  report(path, 'invalid-value', `invalid value ${JSON.stringify(value)}: must be ${expected}`);
}

/** Exactly one must match. If none does, the option with the fewest problems was probably intended. */
function checkOneOf(options: readonly Schema[], value: unknown, path: Path, report: Report): void {
  const failures = options.map((option) => reportsOf(option, value, path));
  const held = failures.filter((reports) => reports.length === 0).length;
  if (held === 1) return;
  const nearest = failures.toSorted((a, b) => deepest(b) - deepest(a) || a.length - b.length)[0] ?? [];
  if (held > 1 || nearest.length === 0) {
    report(
      path,
      'invalid-value',
      `has ${String(held)} of the allowed forms at once; exactly one is expected`,
    );
  } else for (const parameters of nearest) report(...parameters);
}

const deepest = (reports: readonly Parameters<Report>[]): number =>
  Math.max(...reports.map(([path, , message]) => path.length + (message.includes('forbidden') ? -1 : 0)));

const holds = (schema: Schema, value: unknown, path: Path): boolean =>
  reportsOf(schema, value, path).length === 0;

function reportsOf(schema: Schema, value: unknown, path: Path): Parameters<Report>[] {
  const reports: Parameters<Report>[] = [];
  checkStructure(schema, value, path, (...parameters) => reports.push(parameters));
  return reports;
}
