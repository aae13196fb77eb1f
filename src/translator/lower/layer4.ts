/** Rules of TLSRoute, TCPRoute and UDPRoute. */
import type { L4Rule } from '../../ir/listener.ts';
import type { WeightedBackend } from '../../ir/route.ts';
import { joinMessages } from '../faults/fault.ts';
import type { AttachedRoute, BackendNode, ListenerNode, RouteNode, Upstream } from '../graph/nodes.ts';
import type { PolicyScope } from '../policy/hierarchy.ts';
import { closedBy, type PolicyLowering } from '../policy/lowering.ts';
import { invalidBackend, ruleIdOf, ruleOrigin } from './route-rule.ts';
import type { ClusterUses } from './upstreams.ts';

export interface Layer4Context {
  readonly listener: ListenerNode;
  readonly uses: ClusterUses;
  readonly policies: PolicyLowering;
  /** Of the listener. */
  readonly scope: PolicyScope;
}

/** The first rule of a layer-4 route on this listener, null if it has none; graph/rule.ts reports further rules. */
export function lowerLayer4Rule({ route }: AttachedRoute, context: Layer4Context): L4Rule | null {
  const rule = route.rules[0];
  if (rule === undefined) return null;
  const { policies, scope } = context;
  const base = { id: ruleIdOf(route, rule), origin: ruleOrigin(route, rule) };
  const faults = [...rule.closed, ...rule.invalid];
  if (faults.length > 0) return { ...base, backends: [closed(route, 'invalid_ref', joinMessages(faults))] };
  const layers = policies.hierarchy.requestLayers(route, rule, { backend: null, scope });
  const message = closedBy(layers, 'layer4') ?? policies.closedOnLayer4(layers);
  if (message !== null) return { ...base, backends: [closed(route, 'policy_invalid', message)] };
  const backends = rule.backends.map((backend): WeightedBackend => {
    const { upstream } = backend;
    if (!upstream.ok) return invalidBackend(backend, upstream.failure);
    const governing = policies.hierarchy.requestLayers(route, rule, { backend, scope });
    const ofBackend = closedBy(governing, 'layer4');
    if (ofBackend !== null) return { ...closed(route, 'policy_invalid', ofBackend), weight: backend.weight };
    const lowered = lowerBackend(backend, upstream.value, context);
    return lowered.kind === 'invalid'
      ? lowered
      : { ...lowered, ...policies.valuesFor('backend', governing, 'layer4') };
  });
  return { ...base, backends, ...policies.valuesFor('rule', layers, 'layer4') };
}

/** Resets connections, as for an invalid backend. */
function closed(
  { ref: { kind, namespace, name } }: RouteNode,
  reason: 'invalid_ref' | 'policy_invalid',
  message: string,
): WeightedBackend {
  return {
    kind: 'invalid',
    weight: 1,
    status: 500,
    reason,
    message,
    origin: { kind, namespace, name },
  };
}

function lowerBackend(
  backend: BackendNode,
  upstream: Upstream,
  { listener, uses }: Layer4Context,
): WeightedBackend {
  const tls = originatesTls(listener, upstream.ref.kind) ? upstream.tls : null;
  if (tls?.ok === false) return invalidBackend(backend, tls.failure);
  const { cluster, origin } = uses.target(upstream, tls !== null);
  return { kind: 'cluster', cluster, weight: backend.weight, filters: [], origin };
}

/**
 * If the listener terminates TLS, the proxy may use TLS to the backend (TLSRouteRule.backendRefs). Bytes that pass
 * through undecrypted get no second TLS layer, unless an XBackend configures TLS itself.
 */
function originatesTls(listener: ListenerNode, backendKind: string): boolean {
  return listener.terminatesTls || (listener.protocolFamily === 'tcp' && backendKind === 'XBackend');
}
