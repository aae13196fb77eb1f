/** Which Gateways use which backends, through the routes attached to them. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import type { Graph } from '../graph/graph.ts';
import {
  attachedTo,
  type Attachments,
  type ListenerNode,
  type RouteNode,
  type Upstream,
} from '../graph/nodes.ts';
import { isBackendTarget, placeKey } from './targets.ts';

/**
 * How a backend is used: `any`; `layer7`, by HTTP or gRPC; `tls`, where the gateway may have to originate TLS: by HTTP or gRPC,
 * or by traffic that the listener decrypted.
 */
export type Use = 'any' | 'layer7' | 'tls';

/** Gateways by use, backend and port. */
export type BackendUsage = ReadonlyMap<string, ReadonlySet<ObjectRef>>;

/** Records only the backends in question: few have a policy. */
export function indexUsage({ gateways, attachments, policies, backends }: Graph): BackendUsage {
  const usage = new Map<string, Set<ObjectRef>>();
  const targets = policies.nodes
    .flatMap((policy) => policy.targets)
    .filter(({ ref }) => isBackendTarget(ref));
  const asked = new Set([...targets, ...backends.values()].map(({ ref }) => placeKey(ref, null)));
  if (asked.size === 0) return usage;
  for (const gateway of gateways) {
    const listeners = [...gateway.listeners, ...gateway.listenerSets.flatMap((set) => set.listeners)];
    for (const [route, uses] of usesOf(listeners, attachments)) {
      for (const rule of route.rules) {
        for (const upstream of rule.found) {
          if (!asked.has(placeOf(upstream))) continue;
          for (const use of uses) note(usage, use, { upstream, gateway: gateway.ref });
        }
      }
    }
  }
  return usage;
}

const placeOf = memoizeByKey((upstream: Upstream) => placeKey(upstream.ref, null));

/** Each attached route once, with how it uses its backends. */
function usesOf(
  listeners: readonly ListenerNode[],
  attachments: Attachments,
): ReadonlyMap<RouteNode, ReadonlySet<Use>> {
  const routes = new Map<RouteNode, Set<Use>>();
  for (const listener of listeners) {
    for (const { route } of attachedTo(attachments, listener)) {
      const uses = routes.get(route) ?? new Set<Use>(['any']);
      const isLayer7 = route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute';
      if (isLayer7) uses.add('layer7');
      if (isLayer7 || listener.terminatesTls) uses.add('tls');
      routes.set(route, uses);
    }
  }
  return routes;
}

function note(
  usage: Map<string, Set<ObjectRef>>,
  use: Use,
  { upstream, gateway }: { readonly upstream: Upstream; readonly gateway: ObjectRef },
): void {
  for (const section of upstream.portName === '' ? [null] : [null, upstream.portName]) {
    const key = `${use}|${placeKey(upstream.ref, section)}`;
    const known = usage.get(key);
    if (known === undefined) usage.set(key, new Set([gateway]));
    else known.add(gateway);
  }
}

export function gatewaysUsing(
  usage: BackendUsage,
  use: Use,
  target: { readonly ref: ObjectRef; readonly sectionName: string | null },
): readonly ObjectRef[] {
  return [...(usage.get(`${use}|${placeKey(target.ref, target.sectionName)}`) ?? [])];
}
