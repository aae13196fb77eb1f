/** An object's state in one word, from its conditions: for the summary of `run` and for `status`. */
import type { ConditionReport } from '../admin/api/resources.ts';
import type { RouteReport } from '../admin/status-report.ts';

export interface Verdict {
  readonly word: string;
  readonly good: boolean;
  /** The reason if it is not good; `` otherwise. */
  readonly why: string;
}

const WANTED: Readonly<Record<string, ConditionReport['status'] | undefined>> = {
  Accepted: 'True',
  Programmed: 'True',
  ResolvedRefs: 'True',
  Conflicted: 'False',
  OverlappingTLSConfig: 'False',
  PartiallyInvalid: 'False',
};

/** Conditions of other types are neither good nor bad. */
export const isAsWanted = ({ type, status }: ConditionReport): boolean =>
  WANTED[type] === undefined || WANTED[type] === status;

/** The first bad condition; `word` if there is none. */
export function verdictOf(conditions: readonly ConditionReport[], word: string): Verdict {
  const bad = conditions.find((condition) => !isAsWanted(condition));
  if (bad === undefined) return { word, good: true, why: '' };
  return { word: bad.status === 'Unknown' ? 'pending' : bad.reason, good: false, why: bad.message };
}

/** A route is as good as its worst parent. */
export function routeVerdict({ parents }: RouteReport): Verdict {
  if (parents.length === 0) {
    return { word: 'unattached', good: false, why: 'none of its parents is served here' };
  }
  const verdicts = parents.map(({ conditions }) => verdictOf(conditions, 'accepted'));
  return verdicts.find(({ good }) => !good) ?? { word: 'accepted', good: true, why: '' };
}
