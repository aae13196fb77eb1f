/** Matches that Sluice serves as written although the author probably meant something else. */
import type { Fault } from '../faults/fault.ts';
import { pathNeverMatches, pathStar } from '../faults/match-advice.ts';
import type { RuleNode } from '../graph/nodes.ts';

/** Escapes, also doubly encoded, of characters that no path may contain (see docs/reference/routing.md). */
const REFUSED = /%(?:25)*(?:00|5c)|%(?:[01][0-9a-f]|7f|c[01])/i;

export function matchFaults({ matches, path: rulePath }: RuleNode): readonly Fault[] {
  return matches.flatMap(({ spec: match }, at) => {
    if (match.kind !== 'http') return [];
    const { type = 'PathPrefix', value = '/' } = match.spec.path ?? {};
    if (type !== 'Exact' && type !== 'PathPrefix') return [];
    const path = `${rulePath}.matches[${at}].path.value`;
    return [
      ...(value.includes('*') ? [pathStar(path, value)] : []),
      ...(REFUSED.test(value) ? [pathNeverMatches(path, value)] : []),
    ];
  });
}
