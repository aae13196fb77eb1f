/** Unreachable rules and routes: others match all their requests first. */
import { GATEWAY_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { RuleId } from '../../ir/ids.ts';
import type { RouteMatch } from '../../ir/match.ts';
import type { RuleOrigin } from '../../ir/origin.ts';
import type { RouteEntry, VirtualHost } from '../../ir/route.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { compareText } from '../../lib/compare.ts';
import type { Memo } from '../../lib/memo.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import { hostnameShadowed, matchShadowed, regexHostTotal, routeShadowed } from '../faults/advice.ts';
import type { Graph } from '../graph/graph.ts';
import type { MeasureRegex } from '../graph/match.ts';
import { attachedTo, type AttachedRoute, type ListenerNode } from '../graph/nodes.ts';
import { REGEX_INSTRUCTIONS } from '../graph/regex-limit.ts';
import { servedListeners } from '../lower/served-listeners.ts';
import { tlsHostOwners } from '../lower/listener.ts';
import type { Noted, Report } from './findings.ts';

export function reportShadows(
  graph: Graph,
  configs: readonly GatewayConfig[],
  { report, measureRegex }: { readonly report: Report; readonly measureRegex: MeasureRegex },
  memo: Memo,
): void {
  for (const config of configs) {
    const { dataPlane, rules } = config;
    const ofConfig = memo.part(dataPlane);
    const notedOf = ofConfig.byObject('noted', (host: VirtualHost) => [
      ...shadowsIn(host, rules),
      ...regexTotal(host, rules, measureRegex),
    ]);
    for (const listener of config.ports.flatMap((port) => port.listeners)) {
      if (listener.kind !== 'http') continue;
      const shared = ofConfig.part(listener.id).items('shared', listener.virtualHosts, sharedHosts);
      for (const host of shared) for (const { object, faults } of notedOf(host)) report(object, faults);
    }
  }
  for (const gateway of graph.gateways) {
    for (const listener of servedListeners(gateway)) {
      reportLayer4(listener, attachedTo(graph.attachments, listener), report);
    }
  }
}

/** Routes with the same hostname share the regular expression budget of a request in the data plane. */
function regexTotal(
  host: VirtualHost,
  rules: GatewayConfig['rules'],
  measureRegex: MeasureRegex,
): readonly Noted[] {
  let instructions = 0;
  let over: RuleId | null = null;
  for (const { match, rule } of host.entries) {
    for (const pattern of patternsOf(match)) {
      const size = measureRegex(pattern);
      instructions += typeof size === 'number' ? size : 0;
    }
    if (over === null && instructions > REGEX_INSTRUCTIONS) over = rule;
  }
  const origin = over === null ? undefined : originsOf(rules).get(over);
  if (origin === undefined) return [];
  const path = `spec.rules[${origin.index}].matches`;
  const fault = regexHostTotal(path, host.hostname, { instructions, limit: REGEX_INSTRUCTIONS });
  return [{ object: routeRef(origin), faults: [fault] }];
}

function patternsOf({ path, headers, query }: RouteMatch): readonly string[] {
  const texts = [...headers, ...query].flatMap(({ value }) =>
    value.kind === 'regex' ? [value.pattern] : [],
  );
  return path.kind === 'regex' ? [path.pattern, ...texts] : texts;
}

const sharedHosts = (host: VirtualHost): readonly VirtualHost[] => (host.entries.length < 2 ? [] : [host]);

const originsOf = memoizeByKey(
  (rules: GatewayConfig['rules']): ReadonlyMap<RuleId, RuleOrigin> =>
    new Map(rules.map(({ id, origin }) => [id, origin])),
);

/** Of equal matches only the first is reachable. A weaker match never precedes a stronger one with the same path. */
function* shadowsIn(host: VirtualHost, rules: GatewayConfig['rules']): Generator<Noted> {
  const origins = originsOf(rules);
  for (const entries of groupByPath(host.entries)) {
    if (entries.length < 2) continue;
    const first = new Map<string, RuleId>();
    for (const { match, rule } of entries) {
      const key = conditionsKey(match);
      const winner = first.get(key);
      if (winner === undefined) first.set(key, rule);
      const [loser, by] = [origins.get(rule), origins.get(winner ?? rule)];
      if ((winner ?? rule) === rule || loser === undefined || by === undefined) continue;
      const path = `spec.rules[${loser.index}].matches`;
      yield {
        object: routeRef(loser),
        faults: [matchShadowed(path, host.hostname, routeRef(by), by.index)],
      };
    }
  }
}

/** Groups matches by path: most have a path that no other has, and need no comparison. */
function groupByPath(entries: readonly RouteEntry[]): Iterable<readonly RouteEntry[]> {
  const groups = new Map<string, RouteEntry[]>();
  for (const entry of entries) {
    const { path } = entry.match;
    const key = `${path.kind} ${path.kind === 'regex' ? path.pattern : path.value}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [entry]);
    else known.push(entry);
  }
  return groups.values();
}

/** The order of conditions has no meaning. */
function conditionsKey({ method, headers, query }: RouteMatch): string {
  const sorted = (list: readonly { readonly name: string }[]): readonly unknown[] =>
    list.toSorted((a, b) => compareText(a.name, b.name));
  return canonicalJson({ method, headers: sorted(headers), query: sorted(query) });
}

const routeRef = ({ kind, namespace, name }: RuleOrigin): ObjectRef => ({
  group: GATEWAY_GROUP,
  kind,
  namespace,
  name,
});

function reportLayer4(listener: ListenerNode, attached: readonly AttachedRoute[], report: Report): void {
  if (listener.protocolFamily === 'http' || listener.spec.protocol === 'HTTPS') return;
  const [oldest, ...others] = attached;
  if (oldest === undefined) return;
  if (listener.protocolFamily === 'tcp' || listener.protocolFamily === 'udp') {
    for (const { route } of others) {
      report(route.ref, [routeShadowed('spec.parentRefs', listener.spec.name, oldest.route.ref)]);
    }
    return;
  }
  const owners = tlsHostOwners(attached);
  for (const { route, hostnames } of attached) {
    for (const { hostname } of hostnames) {
      const owner = owners.get(hostname)?.route;
      if (owner === undefined || owner === route) continue;
      report(route.ref, [hostnameShadowed('spec.hostnames', hostname, owner.ref)]);
    }
  }
}
