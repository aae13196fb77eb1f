/** The virtual hosts of one listener, from one translation to the next: a route that changed touches the hosts that it is in. */
import type { RouteEntry, VirtualHost } from '../../ir/route.ts';
import { hostnameSpecificity } from '../../lib/hostname.ts';
import { DerivedItems } from '../../lib/derived-items.ts';
import { reuseIfEqual } from '../../lib/reuse.ts';
import { diffByIdentity } from '../../lib/list-diff.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import { compactArray } from '../../lib/compact-array.ts';
import { SortedList } from '../../lib/sorted-list.ts';
import type { AttachedRoute, RouteNode } from '../graph/nodes.ts';
import { compareRank, type MatchRank } from '../graph/match-predicate.ts';
import type { LoweredRule } from './route-rule.ts';
import { digestOf, joinDigests, type Digest } from './version.ts';

export type RulesOfRoute = (route: RouteNode) => readonly LoweredRule[];

/** What one route puts into the hosts it is attached for. */
interface Contribution {
  readonly attached: AttachedRoute;
  readonly rules: readonly LoweredRule[];
}

interface Host {
  readonly host: VirtualHost;
  /** Oldest route first. */
  readonly contributions: readonly Contribution[];
  readonly digest: string;
}

interface RankedEntry {
  readonly entry: RouteEntry;
  readonly rank: MatchRank;
  /** Hostname of the route that the entry comes by. */
  readonly written: string;
}

const entriesOf = memoizeByKey(({ rule, matches }: LoweredRule): readonly Omit<RankedEntry, 'written'>[] =>
  matches.map(({ match, rank }) => ({ entry: { match, rule: rule.id }, rank })),
);

export class VirtualHostTable {
  readonly #digest: Digest;
  readonly #inOrder = new DerivedItems<AttachedRoute, Contribution>();
  readonly #virtualHosts = new DerivedItems<Host, VirtualHost>();
  readonly #digests = new DerivedItems<Host, string>();
  #contributions: readonly Contribution[] = [];
  readonly #byRoute = new Map<AttachedRoute, Contribution>();
  readonly #hosts = new Map<string, Host>();
  readonly #sorted = new SortedList<Host>((a, b) => hostnameSpecificity(a.host.hostname, b.host.hostname));
  /** Most specific first; the same array until something changes. */
  virtualHosts: readonly VirtualHost[] = [];
  /** Of all hosts in their order. */
  digest: string;

  constructor(digest: Digest) {
    this.#digest = digest;
    this.digest = joinDigests([], digest);
  }

  /** `attached`: oldest first. `basis`: what `rulesOf` depends on besides the route. */
  update(
    attached: readonly AttachedRoute[],
    rulesOf: RulesOfRoute,
    basis: readonly unknown[],
  ): readonly VirtualHost[] {
    const before = this.#contributions;
    this.#contributions = this.#inOrder.update(
      attached,
      (one) => [this.#contributionOf(one, rulesOf(one.route))],
      basis,
    );
    const { removed, added } = diffByIdentity(before, this.#contributions);
    if (removed.length + added.length === 0) return this.virtualHosts;
    for (const contribution of removed) {
      const { attached: route } = contribution;
      if (this.#byRoute.get(route) === contribution) this.#byRoute.delete(route);
    }
    this.#touch(new Set(removed), added);
    const hosts = this.#sorted.items;
    const virtualHosts = this.#virtualHosts.update(hosts, ({ host }) => [host]);
    if (virtualHosts !== this.virtualHosts) {
      this.virtualHosts = virtualHosts;
      this.digest = joinDigests(
        this.#digests.update(hosts, ({ digest }) => [digest]),
        this.#digest,
      );
    }
    return virtualHosts;
  }

  #contributionOf(attached: AttachedRoute, rules: readonly LoweredRule[]): Contribution {
    const known = this.#byRoute.get(attached);
    if (known?.rules === rules) return known;
    const contribution = { attached, rules };
    this.#byRoute.set(attached, contribution);
    return contribution;
  }

  /** Makes the hosts anew that routes came into or went from. */
  #touch(removed: ReadonlySet<Contribution>, added: readonly Contribution[]): void {
    const come = new Map<string, Contribution[]>();
    for (const contribution of removed) {
      for (const { hostname } of contribution.attached.hostnames) come.set(hostname, []);
    }
    for (const contribution of added) {
      for (const { hostname } of contribution.attached.hostnames) {
        const known = come.get(hostname);
        if (known === undefined) come.set(hostname, [contribution]);
        else known.push(contribution);
      }
    }
    const inOrder = placesOf(this.#contributions);
    const goneHosts: Host[] = [];
    const comeHosts: Host[] = [];
    for (const [hostname, more] of come) {
      const before = this.#hosts.get(hostname);
      const kept = (before?.contributions ?? []).filter((one) => !removed.has(one));
      const after = this.#hostOf(hostname, inOrder([...kept, ...more]), before);
      if (before !== undefined) goneHosts.push(before);
      if (after === null) this.#hosts.delete(hostname);
      else {
        this.#hosts.set(hostname, after);
        comeHosts.push(after);
      }
    }
    this.#sorted.change(goneHosts, comeHosts);
  }

  #hostOf(hostname: string, contributions: readonly Contribution[], before: Host | undefined): Host | null {
    if (contributions.length === 0) return null;
    const host = reuseIfEqual(before?.host, { hostname, entries: sortedEntries(hostname, contributions) });
    const digest =
      before !== undefined && host === before.host
        ? before.digest
        : digestOf(JSON.stringify(host), this.#digest);
    return { host, contributions: compactArray(contributions), digest };
  }
}

/** Sorts some of all contributions as they stand in `all`. Most hosts have one, and need no places. */
function placesOf(all: readonly Contribution[]): (some: readonly Contribution[]) => readonly Contribution[] {
  let places: ReadonlyMap<Contribution, number> | null = null;
  return (some) => {
    if (some.length < 2) return some;
    places ??= new Map(all.map((contribution, at) => [contribution, at]));
    const placeOf = (contribution: Contribution): number => places?.get(contribution) ?? 0;
    return some.toSorted((a, b) => placeOf(a) - placeOf(b));
  };
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
