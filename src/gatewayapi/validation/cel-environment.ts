/** CEL with the Kubernetes extensions that rules use: IP addresses and CIDRs, named formats, RE2 patterns, strings. */
import {
  celEnv,
  celFunc,
  celList,
  celMap,
  celMethod,
  CelScalar,
  isCelError,
  mapType,
  parse,
  plan,
  type CelFunc,
  type CelMap,
  type CelValue,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { IP_FUNCTIONS } from './cel-ip.ts';
import { NAME_FORMATS } from './names.ts';
import { matchesPattern } from './pattern.ts';

export type Evaluation =
  { readonly ok: true; readonly value: CelValue } | { readonly ok: false; readonly problem: string };

export type Program = (self: CelValue, oldSelf: CelValue) => Evaluation;

const { BOOL, DYN, STRING } = CelScalar;
const MAP = mapType(STRING, DYN);

/** An optional of CEL. The library has none; as a map it is, like the real thing, never equal to null. */
const optional = (value: CelValue | undefined): CelMap =>
  celMap(new Map(value === undefined ? [] : [['value', value]]));

/** A named format (`format.dns1123Label()`) is represented by its name. */
const formats: readonly CelFunc[] = Object.keys(NAME_FORMATS).map((name) =>
  celFunc(`format.${name}`, [], STRING, () => name),
);

const functions: readonly CelFunc[] = [
  ...strings,
  ...formats,
  ...IP_FUNCTIONS,
  celMethod('validate', STRING, [STRING], MAP, function (text) {
    const problem = NAME_FORMATS[this]?.(text) ?? null;
    return optional(problem === null ? undefined : celList([problem]));
  }),
  celMethod('hasValue', MAP, [], BOOL, function () {
    return this.has('value');
  }),
];

const environment = celEnv({
  variables: { self: DYN, oldSelf: DYN },
  funcs: [...functions],
  re2: { compile: (pattern) => ({ test: (text) => matchesPattern(pattern, text) }) },
});

const programs = new Map<string, Program>();

/** The program of an expression, compiled on first use. Throws if the expression is not CEL: a fault of the schema. */
export function compileRule(expression: string): Program {
  let program = programs.get(expression);
  if (program === undefined) {
    const evaluate = plan(environment, parse(expression));
    program = (self, oldSelf) => {
      const value = evaluate({ self, oldSelf });
      return isCelError(value) ? { ok: false, problem: value.message } : { ok: true, value };
    };
    programs.set(expression, program);
  }
  return program;
}
