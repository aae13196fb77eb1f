/** What the files hold besides objects for Sluice, in one line: 31 Deployments deserve no more. */
import { countOf } from '../../lib/plural.ts';
import type { Problem } from '../../admin/findings/problem.ts';

type Unreadable = Pick<Problem, 'code' | 'severity' | 'kind'>;

export interface Unread<P> {
  /** Problems that stay in the list. */
  readonly others: readonly P[];
  /** `not read: 31 Deployments, 2 Ingresses; 3 files hold no Kubernetes object`; null when everything was read. */
  readonly line: string | null;
}

/** Only notes are summed up: with `--strict` they are errors, which have their places. */
export function separateUnread<P extends Unreadable>(problems: readonly P[]): Unread<P> {
  const others: P[] = [];
  const kinds = new Map<string, number>();
  let files = 0;
  for (const problem of problems) {
    const { code, severity, kind } = problem;
    if (severity === 'info' && code === 'unknown-kind')
      kinds.set(kind ?? '', (kinds.get(kind ?? '') ?? 0) + 1);
    else if (severity === 'info' && code === 'not-kubernetes') files += 1;
    else others.push(problem);
  }
  const counts = [...kinds]
    .toSorted(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
    .map(([kind, amount]) => countOf(amount, kind === '' ? 'object' : kind));
  const parts = [
    ...(counts.length === 0 ? [] : [counts.join(', ')]),
    ...(files === 0 ? [] : [`${countOf(files, 'file')} without Kubernetes objects`]),
    ...(kinds.has('Ingress') ? ['ingress2gateway turns an Ingress into routes'] : []),
  ];
  return { others, line: parts.length === 0 ? null : `not read: ${parts.join('; ')}` };
}
