/**
 * The `x-kubernetes-validations` of a schema, evaluated for real with Kubernetes' extensions to CEL. Programs are compiled when a
 * rule is first met, and kept. Transition rules (those that name `oldSelf`) need an old object and hold without one.
 */
import { Environment } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';
import { isIp, isIpv4 } from './formats.ts';
import type { Issue, PathSegment, Schema, ValidationRule } from './schema.ts';

type Path = readonly PathSegment[];
type Program = (context: Readonly<Record<string, unknown>>) => unknown;

const environment = createEnvironment();
const programs = new Map<string, Program>();

/** Violations of the rules of `schema` and of everything in it. Only to be asked when the structure is sound. */
export function checkRules(schema: Schema, value: unknown, path: Path): Issue[] {
  const issues: Issue[] = [];
  visit(schema, value, path, issues);
  return issues;
}

function visit(schema: Schema, value: unknown, path: Path, issues: Issue[]): void {
  if (value === null || value === undefined) return;
  const rules = schema['x-kubernetes-validations'];
  if (rules !== undefined) {
    const self = toCel(schema, value);
    for (const rule of rules) checkRule(rule, self, path, issues);
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined || !hasRules(items)) return;
    for (const [index, item] of value.entries()) visit(items, item, [...path, index], issues);
    return;
  }
  if (typeof value !== 'object') return;
  for (const [name, child] of Object.entries(value)) {
    const property = schema.properties?.[name] ?? schema.additionalProperties;
    if (typeof property === 'object' && hasRules(property)) visit(property, child, [...path, name], issues);
  }
}

const known = new WeakMap<Schema, boolean>();

/** Whether there is a rule anywhere in a schema: parts without are not walked. */
function hasRules(schema: Schema): boolean {
  let answer = known.get(schema);
  if (answer === undefined) {
    const { items, additionalProperties } = schema;
    answer =
      schema['x-kubernetes-validations'] !== undefined ||
      (items !== undefined && hasRules(items)) ||
      (typeof additionalProperties === 'object' && hasRules(additionalProperties)) ||
      Object.values(schema.properties ?? {}).some(hasRules);
    known.set(schema, answer);
  }
  return answer;
}

function checkRule(rule: ValidationRule, self: unknown, path: Path, issues: Issue[]): void {
  if (rule.rule.includes('oldSelf')) return;
  const result = evaluate(rule.rule, self);
  if (result.ok && result.value === true) return;
  issues.push({
    path: [...path, ...fieldPath(rule.fieldPath)],
    severity: 'error',
    code: 'rule-violated',
    message: messageOf(rule, self, result),
    hint: null,
  });
}

type Evaluation =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: string };

function evaluate(expression: string, self: unknown): Evaluation {
  try {
    return { ok: true, value: programOf(expression)({ self, format: FORMATS }) };
  } catch (error) {
    const [line = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    return { ok: false, error: line };
  }
}

function programOf(expression: string): Program {
  let program = programs.get(expression);
  if (program === undefined) {
    program = environment.parse(adapt(expression)) as Program;
    programs.set(expression, program);
  }
  return program;
}

/**
 * Where the library falls short of CEL: its `matches` hands patterns, which are RE2 syntax, to the backtracking RegExp; its
 * `has` refuses a selection from an element (`has(self.matches[0].path)`), which is the same as asking for the key.
 */
const adapt = (expression: string): string =>
  expression.replaceAll('.matches(', '.matchesRe2(').replace(/\bhas\(([^()]*\])\.(\w+)\)/g, '("$2" in $1)');

function messageOf(rule: ValidationRule, self: unknown, result: Evaluation): string {
  if (rule.messageExpression !== undefined) {
    const made = evaluate(rule.messageExpression, self);
    if (made.ok && typeof made.value === 'string') return made.value;
  }
  const text = rule.message ?? `failed rule: ${rule.rule.trim()}`;
  return result.ok ? text : `${text} (the rule could not be evaluated: ${result.error})`;
}

/** `.spec.x` of a rule's fieldPath as segments. */
const fieldPath = (text: string | undefined): string[] =>
  (text ?? '').split('.').filter((part) => part !== '');

/** Words that CEL reserves; Kubernetes lets rules name such fields as `__word__`. */
const RESERVED = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

function celName(name: string): string {
  if (RESERVED.has(name)) return `__${name}__`;
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__');
}

/** The value as CEL sees it: integers as int, names of declared fields escaped, keys of maps as they are. */
function toCel(schema: Schema, value: unknown): unknown {
  if (typeof value === 'number')
    return Number.isInteger(value) && schema.type !== 'number' ? BigInt(value) : value;
  if (Array.isArray(value)) return value.map((item) => toCel(schema.items ?? {}, item));
  if (typeof value !== 'object' || value === null) return value;
  const result: Record<string, unknown> = {};
  for (const [name, child] of Object.entries(value)) {
    const property = schema.properties?.[name];
    if (property !== undefined) result[celName(name)] = toCel(property, child);
    else
      result[name] = toCel(
        typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {},
        child,
      );
  }
  return result;
}

const regexes = new Map<string, RE2JS>();

function matchesRe2(text: string, pattern: string): boolean {
  let regex = regexes.get(pattern);
  if (regex === undefined) {
    regex = RE2JS.compile(pattern);
    regexes.set(pattern, regex);
  }
  return regex.matcher(text).find();
}

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Kubernetes' `format` library: `validate` gives null, or a list of what is wrong. */
interface NamedFormat {
  readonly isValid: (text: string) => boolean;
}

const FORMATS = {};
const DNS_LABEL: NamedFormat = { isValid: (text) => text.length <= 63 && LABEL.test(text) };
const DNS_SUBDOMAIN: NamedFormat = { isValid: (text) => text.length <= 253 && SUBDOMAIN.test(text) };

function createEnvironment(): Environment {
  return new Environment({ homogeneousAggregateLiterals: false })
    .registerVariable('self', 'dyn')
    .registerVariable('format', 'dyn')
    .registerFunction('isIP(string): bool', isIp)
    .registerFunction('isCIDR(string): bool', isCidr)
    .registerFunction('string.matchesRe2(string): bool', matchesRe2)
    .registerFunction('dyn.dns1123Label(): dyn', () => DNS_LABEL)
    .registerFunction('dyn.dns1123Subdomain(): dyn', () => DNS_SUBDOMAIN)
    .registerFunction('dyn.validate(dyn): dyn', (format: NamedFormat, text: string) =>
      format.isValid(text) ? null : ['does not have the format'],
    );
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/');
  const limit = isIpv4(address) ? 32 : 128;
  return rest.length === 0 && isIp(address) && /^\d{1,3}$/.test(bits) && Number(bits) <= limit;
}
