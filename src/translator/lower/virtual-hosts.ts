/** The virtual hosts of one listener, from the routes attached to it. */
import type { RouteEntry, VirtualHost } from '../../ir/route.ts';
import { compareText } from '../../lib/compare.ts';
import { hostnameSpecificity } from '../../lib/hostname.ts';
import type { Memo } from '../../lib/memo.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import { reuseIfEqual } from '../../lib/reuse.ts';
import type { AttachedRoute } from '../graph/nodes.ts';
import { routeAge } from '../graph/object-key.ts';
import { compareRank, type MatchRank } from '../graph/match-predicate.ts';
import type { LoweredRule, RulesOf } from './route-rule.ts';

/** The rules that one route adds to its hosts. */
interface Contribution {
  readonly attached: AttachedRoute;
  readonly rules: readonly LoweredRule[];
}

/** Most specific first. `attached`: oldest first; `basis`: what `rulesOf` depends on besides the route. */
export function lowerVirtualHosts(
  attached: readonly AttachedRoute[],
  { rulesOf, basis }: { readonly rulesOf: RulesOf; readonly basis: readonly unknown[] },
  memo: Memo,
): readonly VirtualHost[] {
  const inputs = { inputs: basis };
  const contributionOf = memo.byObject(
    'contribution',
    (one: AttachedRoute): readonly Contribution[] => [{ attached: one, rules: rulesOf(one.route) }],
    inputs,
  );
  const contributions = memo.items('contributions', attached, contributionOf, inputs);
  return memo.groups('hosts', contributions, {
    keysOf: ({ attached: { hostnames } }) => hostnames.map(({ hostname }) => hostname),
    order: (a, b) => compareText(routeAge(a.attached.route.object), routeAge(b.attached.route.object)),
    make: (hostname, members, before: VirtualHost | undefined): VirtualHost =>
      reuseIfEqual(before, { hostname, entries: sortedEntries(hostname, members) }),
    compare: (a, b) => hostnameSpecificity(a.hostname, b.hostname),
  });
}

interface RankedEntry {
  readonly entry: RouteEntry;
  readonly rank: MatchRank;
  /** The route's hostname that led to the entry. */
  readonly written: string;
}

/**
 * Sorted by the hostname the route was written for (HTTPRouteSpec.hostnames), then by rank. Contributions come oldest route first and
 * rules in their order, so that a stable sort leaves ties as the API wants them (HTTPRouteRule.matches: oldest route, then name,
 * then first rule).
 */
function sortedEntries(hostname: string, contributions: readonly Contribution[]): readonly RouteEntry[] {
  const ranked: RankedEntry[] = [];
  for (const { attached, rules } of contributions) {
    const written = attached.hostnames.find((shared) => shared.hostname === hostname)?.written ?? '';
    for (const rule of rules) for (const entry of entriesOf(rule)) ranked.push({ ...entry, written });
  }
  return ranked
    .sort((a, b) => hostnameSpecificity(a.written, b.written) || compareRank(a.rank, b.rank))
    .map(({ entry }) => entry);
}

/** Every host and listener with the rule shares these objects. */
const entriesOf = memoizeByKey(({ rule, matches }: LoweredRule): readonly Omit<RankedEntry, 'written'>[] =>
  matches.map(({ match, rank }) => ({ entry: { match, rule: rule.id }, rank })),
);
