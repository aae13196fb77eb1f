/** The Gateways that a policy affects: its ancestors (PolicyAncestorStatus). */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import { compactArray } from '../../lib/compact-array.ts';
import { compareText } from '../../lib/compare.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import type { Graph } from '../graph/graph.ts';
import type { GatewayNode, RouteNode } from '../graph/nodes.ts';
import { gatewaysUsing, indexUsage, type BackendUsage } from './backend-usage.ts';
import type { PolicyAttachment, PolicyNode, PolicyTarget } from './policy-kind.ts';
import { isBackendTarget, isRouteTarget } from './targets.ts';

/** Statuses and findings of a graph share one. */
export const ancestorsOf = memoizeByKey((graph: Graph) => new Ancestors(graph));

export class Ancestors {
  readonly usage: BackendUsage;
  readonly #gateways: ReadonlyMap<string, GatewayNode>;
  readonly #graph: Graph;
  #ofObjects: ReadonlyMap<string, ReadonlySet<string>> | null = null;
  #ofReferred: ReadonlyMap<PolicyNode, ReadonlySet<string>> | null = null;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.usage = indexUsage(graph);
    this.#gateways = new Map(graph.gateways.map((node) => [keyOf(node.ref), node]));
  }

  /** Gateways with traffic that a policy is for, through its targets or through filters that refer to it. */
  ofPolicy(policy: PolicyNode): readonly GatewayNode[] {
    const { targets, kind } = policy;
    const ofTargets = this.of(targets, kind.attachment);
    if (!kind.isReferable) return ofTargets;
    this.#ofReferred ??= indexReferred(this.#graph);
    const referring = [...(this.#ofReferred.get(policy) ?? [])].flatMap(
      (key) => this.#gateways.get(key) ?? [],
    );
    return [...new Set([...ofTargets, ...referring])].sort((a, b) => byRef(a.ref, b.ref));
  }

  /** Gateways that send a target traffic that such a policy applies to, each once, by name. */
  of(targets: readonly PolicyTarget[], attachment: PolicyAttachment): readonly GatewayNode[] {
    const keys = new Set(
      targets.flatMap((target) => (target.missing === null ? this.#keysOf(target, attachment) : [])),
    );
    return [...keys].flatMap((key) => this.#gateways.get(key) ?? []).sort((a, b) => byRef(a.ref, b.ref));
  }

  #keysOf({ ref, sectionName }: PolicyTarget, attachment: PolicyAttachment): readonly string[] {
    if (isBackendTarget(ref)) {
      const use = attachment.kind === 'direct' ? attachment.use : 'any';
      return gatewaysUsing(this.usage, use, { ref, sectionName }).map(keyOf);
    }
    this.#ofObjects ??= indexObjects(this.#graph);
    return [...(this.#ofObjects.get(keyOf(ref)) ?? [])];
  }
}

/** Gateways of Gateways, of ListenerSets and of routes that policies may target, all by their keys. */
function indexObjects({ gateways, routes, policies }: Graph): ReadonlyMap<string, ReadonlySet<string>> {
  const index = new Map<string, Set<string>>();
  const note = (object: ObjectRef, gateway: ObjectRef): void => {
    const known = index.get(keyOf(object)) ?? new Set<string>();
    index.set(keyOf(object), known.add(keyOf(gateway)));
  };
  for (const { ref, listenerSets } of gateways) {
    note(ref, ref);
    for (const set of listenerSets) if (set.faults.length === 0) note(set.ref, ref);
  }
  const targets = policies.nodes.flatMap((policy) => policy.targets).filter(({ ref }) => isRouteTarget(ref));
  if (targets.length === 0) return index;
  const names = new Set(targets.map(({ ref }) => ref.name));
  for (const route of routes) {
    if (!names.has(route.ref.name)) continue;
    for (const { owner, points } of route.parents) if (points.length > 0) note(route.ref, owner);
  }
  return index;
}

/** Gateways of the routes with filters that refer to a policy, by their keys. */
function indexReferred({ routes }: Graph): ReadonlyMap<PolicyNode, ReadonlySet<string>> {
  const index = new Map<PolicyNode, Set<string>>();
  for (const route of routes) {
    for (const policy of referredBy(route)) {
      const known = index.get(policy) ?? new Set<string>();
      index.set(policy, known);
      for (const { owner, points } of route.parents) if (points.length > 0) known.add(keyOf(owner));
    }
  }
  return index;
}

/** The policies that filters of a route refer to. */
const referredBy = memoizeByKey(({ rules }: RouteNode): readonly PolicyNode[] => {
  const filters = rules.flatMap((rule) => [rule, ...rule.backends].flatMap((one) => one.filters));
  return compactArray(filters.flatMap(({ policy }) => policy ?? []));
});

const keyOf = ({ kind, namespace, name }: ObjectRef): string => `${kind} ${namespace}/${name}`;

export const byRef = (a: ObjectRef, b: ObjectRef): number =>
  compareText(`${a.namespace}/${a.name}`, `${b.namespace}/${b.name}`);
