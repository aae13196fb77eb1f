/** Findings with an id that stays the same from one revision to the next. */
import { hash } from 'node:crypto';
import type { FindingItem } from '../api/resources.ts';
import type { Problem } from '../findings/problem.ts';

const DIGEST_LENGTH = 12;

export function findingItems(problems: readonly Problem[]): readonly FindingItem[] {
  const items = problems.map((problem): FindingItem => ({
    id: idOf(problem),
    namespace: namespaceOf(problem),
    ...problem,
  }));
  // The same finding twice, at two places of the files.
  return [...new Map(items.map((item) => [item.id, item])).values()];
}

/** The location is not a part of it: lines move. */
function idOf({ code, object, path, message }: Problem): string {
  const digest = hash('sha256', JSON.stringify([object, path, message]), 'hex');
  return `${code}/${digest.slice(0, DIGEST_LENGTH)}`;
}

/** Of `Kind namespace/name`. */
function namespaceOf({ object }: Problem): string {
  const name = object?.split(' ')[1] ?? '';
  return name.includes('/') ? name.slice(0, name.indexOf('/')) : '';
}
