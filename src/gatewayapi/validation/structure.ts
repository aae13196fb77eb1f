/** Structural validation: what the API server checks of a custom resource before its CEL rules. */
import { RE2JS } from 're2js';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { suggest } from '../../lib/suggest.ts';
import { formatProblem, integerRange } from './formats.ts';
import type { Issue, IssueCode, PathSegment, Schema } from './schema.ts';

type Path = readonly PathSegment[];
type Report = (path: Path, code: IssueCode, message: string, hint?: string | null) => void;

/** Everything wrong with `value`; empty when the structure is sound. */
export function checkStructure(schema: Schema, value: unknown, path: Path): Issue[] {
  const issues: Issue[] = [];
  const report: Report = (at, code, message, hint = null) => {
    issues.push({
      path: at,
      severity: 'error',
      code,
      message,
      hint,
      ...(code === 'unknown-field' ? { atKey: true } : {}),
    });
  };
  checkValue(schema, value, path, report);
  return issues;
}

function checkValue(schema: Schema, value: unknown, path: Path, report: Report): void {
  if (value === null) {
    if (schema.nullable !== true)
      report(path, 'wrong-type', `must be ${typeName(schema)}, is null`, 'leave the field out');
    return;
  }
  if (!hasType(schema, value)) {
    report(path, 'wrong-type', `must be ${typeName(schema)}, is ${nameOf(value)}`, typeHint(schema, value));
    return;
  }
  checkEnum(schema, value, path, report);
  if (typeof value === 'string') checkString(schema, value, path, report);
  else if (typeof value === 'number') checkNumber(schema, value, path, report);
  else if (Array.isArray(value)) checkArray(schema, value, path, report);
  else if (isObject(value)) checkObject(schema, value, path, report);
  checkCombinations(schema, value, path, report);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function hasType(schema: Schema, value: unknown): boolean {
  if (schema['x-kubernetes-int-or-string'] === true)
    return typeof value === 'string' || Number.isInteger(value);
  switch (schema.type) {
    case 'object':
      return isObject(value);
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

const NAMES: Readonly<Record<string, string>> = {
  object: 'an object',
  array: 'a list',
  integer: 'an integer',
  number: 'a number',
  string: 'a string',
  boolean: 'true or false',
};

function typeName(schema: Schema): string {
  if (schema['x-kubernetes-int-or-string'] === true) return 'an integer or a string';
  return NAMES[schema.type ?? ''] ?? 'a value';
}

function nameOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return value === null ? 'null' : 'an object';
  return `${NAMES[Number.isInteger(value) ? 'integer' : typeof value] ?? typeof value} (${JSON.stringify(value)})`;
}

function typeHint(schema: Schema, value: unknown): string | null {
  if (schema.type === 'string' && (typeof value === 'number' || typeof value === 'boolean')) {
    return `write "${String(value)}", with quotes`;
  }
  const isNumeric = schema.type === 'integer' && typeof value === 'string' && /^-?\d+$/.test(value);
  if (isNumeric) return `write ${value}, without quotes`;
  if (schema.type === 'array' && !Array.isArray(value)) return 'begin each element with "- "';
  if (schema.type === 'object' && Array.isArray(value)) return 'remove the "- "';
  return null;
}

function checkEnum(schema: Schema, value: unknown, path: Path, report: Report): void {
  if (schema.enum === undefined || schema.enum.includes(value)) return;
  const options = schema.enum.map(String).filter((option) => option !== '');
  const near = typeof value === 'string' ? suggest(value, options) : null;
  const supported = options.map((option) => JSON.stringify(option)).join(', ');
  report(
    path,
    'unsupported-value',
    `unsupported value ${JSON.stringify(value)}: supported values are ${supported}`,
    near === null ? null : `did you mean "${near}"?`,
  );
}

const patterns = new Map<string, RE2JS>();

function matchesPattern(pattern: string, value: string): boolean {
  let regex = patterns.get(pattern);
  if (regex === undefined) {
    regex = RE2JS.compile(pattern);
    patterns.set(pattern, regex);
  }
  return regex.matcher(value).find();
}

/** Code points, which is what the API server counts. */
function countCharacters(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; count++) at += (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

function checkString(schema: Schema, value: string, path: Path, report: Report): void {
  const length = countCharacters(value);
  const shown = JSON.stringify(value);
  if (schema.maxLength !== undefined && length > schema.maxLength) {
    report(
      path,
      'invalid-value',
      `is too long: ${String(length)} characters, at most ${String(schema.maxLength)}`,
    );
  }
  if (schema.minLength !== undefined && length < schema.minLength) {
    report(
      path,
      'invalid-value',
      length === 0 ? 'must not be empty' : `is too short: at least ${String(schema.minLength)} characters`,
    );
  }
  if (schema.pattern !== undefined && !matchesPattern(schema.pattern, value)) {
    report(
      path,
      'invalid-value',
      `invalid value ${shown}: must match ${schema.pattern}`,
      patternHint(value, schema.pattern),
    );
  }
  const expected = schema.format === undefined ? null : formatProblem(schema.format, value);
  if (expected !== null) report(path, 'invalid-value', `invalid value ${shown}: must be ${expected}`);
}

function patternHint(value: string, pattern: string): string | null {
  const lower = value.toLowerCase();
  if (lower !== value && matchesPattern(pattern, lower)) return `write "${lower}", in lower case`;
  if (/^\d+$/.test(value) && matchesPattern(pattern, `${value}s`)) return `write a unit, such as "${value}s"`;
  const trimmed = value.trim();
  return trimmed !== value && matchesPattern(pattern, trimmed) ? 'remove the white space around it' : null;
}

function checkNumber(schema: Schema, value: number, path: Path, report: Report): void {
  const { minimum, maximum, multipleOf } = schema;
  const bad = (text: string): void => {
    report(path, 'invalid-value', `invalid value ${String(value)}: ${text}`);
  };
  if (minimum !== undefined && (schema.exclusiveMinimum === true ? value <= minimum : value < minimum)) {
    bad(`must be ${schema.exclusiveMinimum === true ? 'greater than' : 'at least'} ${String(minimum)}`);
  }
  if (maximum !== undefined && (schema.exclusiveMaximum === true ? value >= maximum : value > maximum)) {
    bad(`must be ${schema.exclusiveMaximum === true ? 'less than' : 'at most'} ${String(maximum)}`);
  }
  if (multipleOf !== undefined && value % multipleOf !== 0)
    bad(`must be a multiple of ${String(multipleOf)}`);
  if (schema.type === 'integer') {
    const [low, high] = integerRange(schema.format);
    if (value < low || value > high) bad(`does not fit ${schema.format ?? 'int64'}`);
  }
}

function checkArray(schema: Schema, value: readonly unknown[], path: Path, report: Report): void {
  if (schema.maxItems !== undefined && value.length > schema.maxItems) {
    report(
      path,
      'too-many',
      `has ${String(value.length)} elements, at most ${String(schema.maxItems)} are allowed`,
    );
  }
  if (schema.minItems !== undefined && value.length < schema.minItems) {
    report(
      path,
      'too-few',
      `has ${String(value.length)} elements, at least ${String(schema.minItems)} are needed`,
    );
  }
  for (const [index, item] of value.entries()) {
    if (schema.items !== undefined) checkValue(schema.items, item, [...path, index], report);
  }
  checkDuplicates(schema, value, path, report);
}

function checkDuplicates(schema: Schema, value: readonly unknown[], path: Path, report: Report): void {
  const listType = schema['x-kubernetes-list-type'];
  const keys = schema['x-kubernetes-list-map-keys'] ?? [];
  if (listType !== 'set' && listType !== 'map' && schema.uniqueItems !== true) return;
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const identity =
      listType === 'map' && isObject(item)
        ? Object.fromEntries(keys.map((key) => [key, item[key] ?? schema.items?.properties?.[key]?.default]))
        : item;
    const text = canonicalJson(identity);
    if (seen.has(text)) {
      report([...path, index], 'duplicate', `duplicate value: ${text} is in the list already`);
    }
    seen.add(text);
  }
}

function checkObject(
  schema: Schema,
  value: Readonly<Record<string, unknown>>,
  path: Path,
  report: Report,
): void {
  for (const name of schema.required ?? []) {
    if (!(name in value))
      report(path, 'missing-field', `required field "${name}" is missing`, `add "${name}:"`);
  }
  const count = Object.keys(value).length;
  if (schema.maxProperties !== undefined && count > schema.maxProperties) {
    report(
      path,
      'too-many',
      `has ${String(count)} entries, at most ${String(schema.maxProperties)} are allowed`,
    );
  }
  if (schema.minProperties !== undefined && count < schema.minProperties) {
    report(
      path,
      'too-few',
      `has ${String(count)} entries, at least ${String(schema.minProperties)} are needed`,
    );
  }
  for (const [name, child] of Object.entries(value)) {
    const property = propertySchema(schema, name);
    if (property !== null) checkValue(property, child, [...path, name], report);
    else if (isClosed(schema)) reportUnknown(schema, name, path, report);
  }
}

function propertySchema(schema: Schema, name: string): Schema | null {
  if (schema.properties !== undefined && Object.hasOwn(schema.properties, name))
    return schema.properties[name] ?? null;
  return typeof schema.additionalProperties === 'object' ? schema.additionalProperties : null;
}

/** Whether fields that the schema does not name are unknown (pruned by the API server, refused by strict clients). */
const isClosed = (schema: Schema): boolean =>
  schema['x-kubernetes-preserve-unknown-fields'] !== true &&
  schema.additionalProperties !== true &&
  schema.properties !== undefined;

function reportUnknown(schema: Schema, name: string, path: Path, report: Report): void {
  const known = Object.keys(schema.properties ?? {});
  const near = suggest(name, known);
  const hint = near === null ? `known fields are ${known.join(', ')}` : `did you mean "${near}"?`;
  report([...path, name], 'unknown-field', `unknown field "${name}"`, hint);
}

function checkCombinations(schema: Schema, value: unknown, path: Path, report: Report): void {
  const holds = (option: Schema): boolean => checkStructure(option, value, path).length === 0;
  for (const option of schema.allOf ?? []) checkValue(option, value, path, report);
  if (schema.anyOf !== undefined && !schema.anyOf.some(holds)) {
    report(path, 'invalid-value', 'must satisfy at least one of the forms that the schema allows');
  }
  if (schema.oneOf !== undefined && schema.oneOf.filter(holds).length !== 1) {
    report(path, 'invalid-value', 'must satisfy exactly one of the forms that the schema allows');
  }
  if (schema.not !== undefined && holds(schema.not)) {
    report(path, 'invalid-value', 'has a form that the schema forbids');
  }
}
