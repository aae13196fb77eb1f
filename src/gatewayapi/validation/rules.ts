/**
 * Evaluates the `x-kubernetes-validations` of a schema. Transition rules (with `oldSelf`) need an old object and
 * pass without one.
 */
import { isCelList, isCelMap, type CelValue } from '@bufbuild/cel';
import { compileRule, type Evaluation } from './cel-environment.ts';
import { celName, toCel } from './cel-value.ts';
import { ruleHint } from './rule-hints.ts';
import {
  fieldSchema,
  isJsonObject,
  type JsonObject,
  parsePath,
  type Path,
  type Report,
  type Schema,
  type ValidationRule,
} from './schema.ts';

/** Reports the violations of the rules of `schema` and of everything in it. `value` must be structurally sound. */
export function checkRules(schema: Schema, value: unknown, path: Path, report: Report): void {
  if (hasRules(schema)) visit(schema, value, { cel: toCel(schema, value), path, report });
}

interface Place {
  readonly cel: CelValue;
  readonly path: Path;
  readonly report: Report;
}

function visit(schema: Schema, value: unknown, place: Place): void {
  if (value === null) return;
  for (const rule of rulesOf(schema)) checkRule(rule, place);
  if (Array.isArray(value)) visitItems(schema.items ?? {}, value, place);
  else if (isJsonObject(value)) visitFields(schema, value, place);
}

function visitItems(items: Schema, value: readonly unknown[], { cel, path, report }: Place): void {
  if (!hasRules(items) || !isCelList(cel)) return;
  for (const [index, item] of value.entries()) {
    visit(items, item, { cel: cel.get(index) ?? null, path: [...path, index], report });
  }
}

function visitFields(schema: Schema, value: JsonObject, { cel, path, report }: Place): void {
  if (!isCelMap(cel)) return;
  const isDeclared = schema.properties !== undefined;
  for (const [name, child] of Object.entries(value)) {
    const field = fieldSchema(schema, name);
    if (field === null || !hasRules(field)) continue;
    const self = cel.get(isDeclared ? celName(name) : name) ?? null;
    visit(field, child, { cel: self, path: [...path, name], report });
  }
}

const ownRules = new WeakMap<Schema, readonly ValidationRule[]>();

/** The rules of a schema that can be evaluated without an old object. */
function rulesOf(schema: Schema): readonly ValidationRule[] {
  let rules = ownRules.get(schema);
  if (rules === undefined) {
    rules = (schema['x-kubernetes-validations'] ?? []).filter(({ rule }) => !/\boldSelf\b/.test(rule));
    ownRules.set(schema, rules);
  }
  return rules;
}

const withRules = new WeakMap<Schema, boolean>();

/** Whether a schema contains any rule: parts without rules are skipped. */
function hasRules(schema: Schema): boolean {
  let answer = withRules.get(schema);
  if (answer === undefined) {
    const { items, additionalProperties } = schema;
    answer =
      schema['x-kubernetes-validations'] !== undefined ||
      (items !== undefined && hasRules(items)) ||
      (typeof additionalProperties === 'object' && hasRules(additionalProperties)) ||
      Object.values(schema.properties ?? {}).some(hasRules);
    withRules.set(schema, answer);
  }
  return answer;
}

function checkRule(rule: ValidationRule, { cel, path, report }: Place): void {
  const result = compileRule(rule.rule)(cel, null);
  if (result.ok && result.value === true) return;
  const code = rule.clusterOnly === true ? 'cluster-only' : 'rule-violated';
  const message = messageOf(rule, cel, result);
  report([...path, ...parsePath(rule.fieldPath ?? '')], code, shown(cel) + message, ruleHint(message));
}

/** Names a string or number; a rule about an object or list applies to all of it. */
const shown = (self: CelValue): string => {
  if (typeof self === 'string') return `invalid value ${JSON.stringify(self)}: `;
  return typeof self === 'bigint' || typeof self === 'number' ? `invalid value ${String(self)}: ` : '';
};

function messageOf(rule: ValidationRule, self: CelValue, result: Evaluation): string {
  if (!result.ok) return `${result.problem} evaluating rule: ${rule.message ?? rule.rule.trim()}`;
  if (rule.messageExpression !== undefined) {
    const made = compileRule(rule.messageExpression)(self, null);
    if (made.ok && typeof made.value === 'string' && made.value.trim() !== '') return made.value.trim();
  }
  return rule.message?.trim() ?? `failed rule: ${rule.rule.trim()}`;
}
