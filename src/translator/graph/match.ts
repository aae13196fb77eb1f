/** Parses the matches of a rule into data-plane predicates with their rank, and the faults of matches that cannot be served. */
import { compactArray } from '../../lib/compact-array.ts';
import type { Fault } from '../faults/fault.ts';
import { regexInvalid, valueUnsupported } from '../faults/route-faults.ts';
import { grpcPathPattern, predicateOf, type RankedMatch } from './match-predicate.ts';
import type { MatchSpec } from './route-adapter.ts';

export interface MatchNode extends RankedMatch {
  /** As written. */
  readonly spec: MatchSpec;
  /** If not empty, the match matches nothing; the rule's other matches still work. */
  readonly faults: readonly Fault[];
  /** Number of instructions that its regular expressions compile to. */
  readonly instructions: number;
}

/** See `TranslateOptions.measureRegex`. */
export type MeasureRegex = (pattern: string) => number | string;

const PATH_TYPES = ['Exact', 'PathPrefix', 'RegularExpression'];
const VALUE_TYPES = ['Exact', 'RegularExpression'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** One value to match: a path, method, header or query parameter. */
interface Matcher {
  readonly path: string;
  readonly type: string;
  readonly types: readonly string[];
  readonly value: string;
  /** The field that holds the value. */
  readonly field: string;
}

/** `path`: field path of the match. */
export function readMatch(spec: MatchSpec, path: string, measureRegex: MeasureRegex): MatchNode {
  return {
    spec,
    ...predicateOf(spec),
    faults: compactArray(validateMatch(spec, path, measureRegex)),
    instructions: instructionsOf(spec, measureRegex),
  };
}

function validateMatch(match: MatchSpec, at: string, measureRegex: MeasureRegex): readonly Fault[] {
  const faults: Fault[] = [];
  for (const { path, type, types, value, field } of matchersOf(match, at)) {
    if (!types.includes(type)) {
      faults.push(valueUnsupported(`${path}.type`, type, types));
    } else if (type === 'RegularExpression') {
      const why = measureRegex(value);
      if (typeof why === 'string') faults.push(regexInvalid(`${path}.${field}`, value, why));
    }
  }
  if (match.kind === 'grpc' && faults.length === 0) {
    const pattern = grpcPathPattern(match.spec);
    const why = pattern === null ? 0 : measureRegex(pattern);
    if (pattern !== null && typeof why === 'string') faults.push(regexInvalid(`${at}.method`, pattern, why));
  }
  if (match.kind === 'http') {
    const { method } = match.spec;
    if (method !== undefined && !METHODS.includes(method)) {
      faults.push(valueUnsupported(`${at}.method`, method, METHODS));
    }
  }
  return faults;
}

/** A pattern that does not compile is never run, and costs nothing. */
function instructionsOf(match: MatchSpec, measureRegex: MeasureRegex): number {
  let instructions = 0;
  for (const { type, value } of matchersOf(match, '')) {
    const size = type === 'RegularExpression' ? measureRegex(value) : 0;
    if (typeof size === 'number') instructions += size;
  }
  return instructions;
}

function matchersOf({ kind, spec }: MatchSpec, at: string): readonly Matcher[] {
  const fields = (
    list: readonly { readonly type?: string; readonly value: string }[] | undefined,
    name: string,
  ): readonly Matcher[] =>
    (list ?? []).map(({ type = 'Exact', value }, index) => ({
      path: `${at}.${name}[${index}]`,
      type,
      types: VALUE_TYPES,
      value,
      field: 'value',
    }));
  if (kind === 'http') {
    const { type = 'PathPrefix', value = '/' } = spec.path ?? {};
    const path = { path: `${at}.path`, type, types: PATH_TYPES, value, field: 'value' };
    return [path, ...fields(spec.headers, 'headers'), ...fields(spec.queryParams, 'queryParams')];
  }
  const { type = 'Exact', service, method } = spec.method ?? {};
  const parts = [
    ['service', service],
    ['method', method],
  ] as const;
  const names = parts.flatMap(([field, value]) =>
    value === undefined || value === ''
      ? []
      : [{ path: `${at}.method`, type, types: VALUE_TYPES, value, field }],
  );
  return [...names, ...fields(spec.headers, 'headers')];
}

/** Whether every match has a prefix that ReplacePrefixMatch can replace. */
export function matchesOnlyPrefixes(matches: readonly MatchSpec[]): boolean {
  return matches.every(
    (match) => match.kind === 'http' && (match.spec.path?.type ?? 'PathPrefix') === 'PathPrefix',
  );
}

/** The regular expressions for paths; null where a match has none. */
export function pathPatternsOf(matches: readonly MatchSpec[]): readonly string[] | null {
  const patterns = matches.flatMap(({ kind, spec }) =>
    kind === 'http' && spec.path?.type === 'RegularExpression' ? [spec.path.value ?? '/'] : [],
  );
  return patterns.length === matches.length ? patterns : null;
}
