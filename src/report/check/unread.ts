/** Summarizes, in one line, objects in the files that Sluice does not read. */
import { countOf } from '../../lib/plural.ts';
import type { Problem } from '../../admin/findings/problem.ts';

type Unreadable = Pick<Problem, 'code' | 'severity' | 'kind' | 'group'>;

export interface Unread<P> {
  /** Problems that are listed individually. */
  readonly others: readonly P[];
  /** `not read: 31 Deployments, 2 Ingresses; 3 files hold no Kubernetes object`; null if everything was read. */
  readonly line: string | null;
}

const labelOf = ({ kind, group }: Unreadable): string => `${kind ?? ''}${groupSuffix(group)}`;

/** Other projects have kinds of the same names: their groups are shown, those of Kubernetes itself are not. */
const groupSuffix = (group: string | null): string =>
  group === null || !group.includes('.') || group.endsWith('.k8s.io') ? '' : ` (${group})`;

/** Only notes are summarized: with `--strict` they are errors, which are listed individually. */
export function separateUnread<P extends Unreadable>(problems: readonly P[]): Unread<P> {
  const others: P[] = [];
  const kinds = new Map<string, Unreadable & { amount: number }>();
  let files = 0;
  for (const problem of problems) {
    const { code, severity } = problem;
    if (severity === 'info' && code === 'unknown-kind') {
      const label = labelOf(problem);
      const known = kinds.get(label);
      if (known === undefined) kinds.set(label, { ...problem, amount: 1 });
      else known.amount += 1;
    } else if (severity === 'info' && code === 'not-kubernetes') files += 1;
    else others.push(problem);
  }
  const counts = [...kinds]
    .toSorted(([a, { amount: x }], [b, { amount: y }]) => y - x || (a < b ? -1 : 1))
    .map(([, { kind, group, amount }]) => countOf(amount, kind ?? 'object') + groupSuffix(group));
  const parts = [
    ...(counts.length === 0 ? [] : [counts.join(', ')]),
    ...(files === 0 ? [] : [`${countOf(files, 'file')} without Kubernetes objects`]),
    ...(kinds.has('Ingress') ? ['ingress2gateway turns an Ingress into routes'] : []),
  ];
  return { others, line: parts.length === 0 ? null : `not read: ${parts.join('; ')}` };
}
