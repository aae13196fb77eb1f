/** Conditions of policies on requests: header fields and client addresses. */
import type { HeaderMatch } from '../../ir/match.ts';
import { cidrError } from '../../lib/cidr.ts';
import type { Fault } from '../faults/fault.ts';
import { regexInvalid } from '../faults/route-faults.ts';
import type { MeasureRegex } from '../graph/match.ts';
import { policyValue } from './faults.ts';

export interface HeaderCondition {
  readonly name: string;
  readonly type?: 'Exact' | 'RegularExpression';
  readonly value: string;
}

/** All of them must hold, unlike the matches of a route, of which the first of each name counts. */
export const headerConditions = (headers: readonly HeaderCondition[]): readonly HeaderMatch[] =>
  headers.map(({ name, type, value }) => ({
    name: name.toLowerCase(),
    value: type === 'RegularExpression' ? { kind: 'regex', pattern: value } : { kind: 'exact', value },
  }));

/** `path`: of the list. */
export const headerConditionFaults = (
  headers: readonly HeaderCondition[],
  path: string,
  measureRegex: MeasureRegex,
): readonly Fault[] =>
  headers.flatMap(({ type, value }, index) => {
    const why = type === 'RegularExpression' ? measureRegex(value) : 0;
    return typeof why === 'string' ? [regexInvalid(`${path}[${String(index)}].value`, value, why)] : [];
  });

/** `path`: of the list. */
export const cidrFaults = (cidrs: readonly string[], path: string): readonly Fault[] =>
  cidrs.flatMap((cidr, index) => {
    const error = cidrError(cidr);
    return error === null ? [] : [policyValue(`${path}[${String(index)}]`, error)];
  });
