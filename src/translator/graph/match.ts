/** Judges the matches of a rule: values no one knows, and regular expressions that do not compile. */
import type { GRPCRouteRuleMatch } from '../../gatewayapi/generated/types.ts';
import type { Fault } from '../faults/fault.ts';
import { regexInvalid, valueUnsupported } from '../faults/route-faults.ts';
import type { MatchSpec } from './route-adapter.ts';

/** See `TranslateOptions.measureRegex`. */
export type MeasureRegex = (pattern: string) => number | string;

const PATH_TYPES = ['Exact', 'PathPrefix', 'RegularExpression'];
const VALUE_TYPES = ['Exact', 'RegularExpression'];
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH'];

/** One value to be matched, wherever it stands in the match. */
interface Matcher {
  readonly path: string;
  readonly type: string;
  readonly types: readonly string[];
  readonly value: string;
  /** The field that holds the value. */
  readonly field: string;
}

export function judgeMatches(
  matches: readonly MatchSpec[],
  path: string,
  measureRegex: MeasureRegex,
): readonly Fault[] {
  return matches.flatMap((match, index) => judgeMatch(match, `${path}[${index}]`, measureRegex));
}

/** Also asked by the lowering: a match with a fault can match nothing, its siblings still can. */
export function judgeMatch(match: MatchSpec, at: string, measureRegex: MeasureRegex): readonly Fault[] {
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

/** The regular expressions of a match. */
export const patternsIn = (match: MatchSpec): readonly string[] =>
  matchersOf(match, '').flatMap(({ type, value }) => (type === 'RegularExpression' ? [value] : []));

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

const ANY_NAME = '[^/]+';

/** The regular expression that a gRPC match asks of the path `/{service}/{method}`; null where it takes none. */
export function grpcPathPattern({ method: wanted }: GRPCRouteRuleMatch): string | null {
  const { type, service = '', method = '' } = wanted ?? {};
  if (service === '' && method === '') return null;
  if (type === 'RegularExpression') {
    const part = (pattern: string): string => (pattern === '' ? ANY_NAME : `(?:${pattern})`);
    return `^/${part(service)}/${part(method)}$`;
  }
  // The API's pattern leaves only letters, digits and underscores in a method name, so that it needs no escaping.
  return service === '' ? `^/${ANY_NAME}/${method}$` : null;
}

/** Whether ReplacePrefixMatch knows what to replace, whichever match took the request. */
export function matchesOnlyPrefixes(matches: readonly MatchSpec[]): boolean {
  return matches.every(
    (match) => match.kind === 'http' && (match.spec.path?.type ?? 'PathPrefix') === 'PathPrefix',
  );
}
