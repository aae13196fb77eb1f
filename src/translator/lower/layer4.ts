/** Rules of TLSRoute, TCPRoute and UDPRoute. */
import type { L4Rule } from '../../ir/listener.ts';
import type { WeightedBackend } from '../../ir/route.ts';
import { joinMessages } from '../faults/fault.ts';
import type { AttachedRoute, BackendNode, ListenerNode, RouteNode, RuleNode } from '../graph/nodes.ts';
import type { FilterUses } from './filters.ts';
import { invalidBackend, ruleIdOf, ruleOrigin } from './route-rule.ts';
import { originOf, useCluster } from './upstreams.ts';

/** The pools of the listener's scope, and where the clusters that are needed are noted. */
export type Layer4Uses = Pick<FilterUses, 'clusters' | 'poolOf'>;

/** The first rule of a layer-4 route on this listener: others are reported (graph/rule.ts). null when the route has none. */
export function lowerLayer4Rule(
  { route }: AttachedRoute,
  listener: ListenerNode,
  uses: Layer4Uses,
): L4Rule | null {
  const rule = route.rules[0];
  if (rule === undefined) return null;
  const base = { id: ruleIdOf(route, rule), origin: ruleOrigin(route, rule) };
  const faults = [...rule.closed, ...rule.invalid];
  if (faults.length > 0) return { ...base, backends: [closed(route, joinMessages(faults))] };
  return {
    ...base,
    backends: rule.backends.map((backend, index) =>
      lowerBackend(backend, { route, rule, index, listener }, uses),
    ),
  };
}

/** Connections are reset, as those for a backend that is invalid. */
function closed({ ref: { kind, namespace, name } }: RouteNode, message: string): WeightedBackend {
  return {
    kind: 'invalid',
    weight: 1,
    status: 500,
    reason: 'invalid_ref',
    message,
    origin: { kind, namespace, name },
  };
}

interface Place {
  readonly route: RouteNode;
  readonly rule: RuleNode;
  readonly index: number;
  readonly listener: ListenerNode;
}

function lowerBackend(backend: BackendNode, place: Place, { clusters, poolOf }: Layer4Uses): WeightedBackend {
  const weight = place.rule.spec.backendRefs[place.index]?.weight ?? 1;
  if (!backend.upstream.ok) return invalidBackend(backend, weight, backend.upstream.failure);
  const upstream = backend.upstream.value;
  const tls = originatesTls(place.listener, upstream.ref.kind) ? upstream.tls : null;
  if (tls?.ok === false) return invalidBackend(backend, weight, tls.failure);
  const use = useCluster(upstream, tls !== null, poolOf(upstream));
  clusters.push(use);
  return { kind: 'cluster', cluster: use.id, weight, filters: [], origin: originOf(upstream) };
}

/**
 * Where TLS ends at the listener it may start again towards the backend (TLSRouteRule.backendRefs). Bytes that pass
 * through untouched get no second layer, except that an XBackend asks for TLS on its own account.
 */
function originatesTls(listener: ListenerNode, backendKind: string): boolean {
  return listener.terminatesTls || (listener.wire === 'tcp' && backendKind === 'XBackend');
}
