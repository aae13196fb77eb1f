/** Rules of TLSRoute, TCPRoute and UDPRoute. */
import type { L4Rule } from '../../ir/listener.ts';
import type { WeightedBackend } from '../../ir/route.ts';
import { joinMessages } from '../faults/fault.ts';
import type { AttachedRoute, BackendNode, ListenerNode, RouteNode } from '../graph/nodes.ts';
import { invalidBackend, ruleIdOf, ruleOrigin } from './route-rule.ts';
import type { ClusterUses } from './upstreams.ts';

/** The first rule of a layer-4 route on this listener: others are reported (graph/rule.ts). null when the route has none. */
export function lowerLayer4Rule(
  { route }: AttachedRoute,
  listener: ListenerNode,
  uses: ClusterUses,
): L4Rule | null {
  const rule = route.rules[0];
  if (rule === undefined) return null;
  const base = { id: ruleIdOf(route, rule), origin: ruleOrigin(route, rule) };
  const faults = [...rule.closed, ...rule.invalid];
  if (faults.length > 0) return { ...base, backends: [closed(route, joinMessages(faults))] };
  return { ...base, backends: rule.backends.map((backend) => lowerBackend(backend, listener, uses)) };
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

function lowerBackend(backend: BackendNode, listener: ListenerNode, uses: ClusterUses): WeightedBackend {
  if (!backend.upstream.ok) return invalidBackend(backend, backend.upstream.failure);
  const upstream = backend.upstream.value;
  const tls = originatesTls(listener, upstream.ref.kind) ? upstream.tls : null;
  if (tls?.ok === false) return invalidBackend(backend, tls.failure);
  const { cluster, origin } = uses.target(upstream, tls !== null);
  return { kind: 'cluster', cluster, weight: backend.weight, filters: [], origin };
}

/**
 * Where TLS ends at the listener it may start again towards the backend (TLSRouteRule.backendRefs). Bytes that pass
 * through untouched get no second layer, except that an XBackend asks for TLS on its own account.
 */
function originatesTls(listener: ListenerNode, backendKind: string): boolean {
  return listener.terminatesTls || (listener.wire === 'tcp' && backendKind === 'XBackend');
}
