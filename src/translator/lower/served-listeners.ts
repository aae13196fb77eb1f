/** The listeners of the data plane, each with its attached routes and its policy scope. */
import type { Gateway } from '../../gatewayapi/generated/types.ts';
import type { Listener, Port } from '../../ir/listener.ts';
import type { ListenerId } from '../../ir/ids.ts';
import { compareText } from '../../lib/compare.ts';
import type { Memo } from '../../lib/memo.ts';
import { reuseIfEqual } from '../../lib/reuse.ts';
import { hasAcceptedListener } from '../graph/gateway.ts';
import { attachedTo, type AttachedRoute, type GatewayNode, type ListenerNode } from '../graph/nodes.ts';
import type { PolicyScope } from '../policy/hierarchy.ts';
import type { PolicyLowering } from '../policy/lowering.ts';
import type { Lowering } from './gateway-config.ts';
import { lowerListener } from './listener.ts';
import type { RulesOf } from './route-rule.ts';
import { rulesInScope } from './route-rules.ts';
import { ClusterUses, type ClusterUse } from './upstreams.ts';
import { lowerVirtualHosts } from './virtual-hosts.ts';

/** The listeners of a Gateway and its ListenerSets that the data plane serves. */
export function servedListeners(gateway: GatewayNode): readonly ListenerNode[] {
  if (gateway.faults.length > 0 || !hasAcceptedListener(gateway.listeners)) return [];
  const sets = gateway.listenerSets.filter((set) => set.faults.length === 0);
  return [gateway.listeners, ...sets.map((set) => set.listeners)]
    .flat()
    .filter((listener) => listener.servable && listener.conflict === null);
}

export interface ServedListener {
  readonly gateway: Gateway;
  readonly node: ListenerNode;
  readonly attached: readonly AttachedRoute[];
  readonly scope: PolicyScope;
  /** The lowered rules of routes in the policy scope. */
  readonly rulesOf: RulesOf;
}

export const servedBy = (gateway: GatewayNode, lowering: Lowering): readonly ServedListener[] =>
  servedListeners(gateway).map((node) => {
    const scope = lowering.policies.hierarchy.scopeOf(node, gateway);
    const rulesOf = rulesInScope(scope, lowering, lowering.rules);
    return {
      gateway: gateway.object,
      node,
      attached: attachedTo(lowering.attachments, node),
      scope,
      rulesOf,
    };
  });

export interface LoweredListener {
  readonly listener: Listener;
  /** Clusters that its layer-4 rules use. */
  readonly clusters: readonly ClusterUse[];
  readonly digest: string;
}

export type LoweredListeners = ReadonlyMap<ListenerId, LoweredListener>;

/** Leaves out a listener whose lowering throws. */
export const lowerListeners = (
  served: readonly ServedListener[],
  lowering: Lowering,
  memo: Memo,
): LoweredListeners =>
  new Map(
    served.flatMap((one) =>
      lowering.defects.contain<readonly (readonly [ListenerId, LoweredListener])[]>(
        [one.gateway, `lower listener ${one.node.id}`],
        () => [[one.node.id, lowerOne(one, lowering, memo.part(one.node.id))]],
        () => {
          memo.forget(one.node.id);
          return [];
        },
      ),
    ),
  );

function lowerOne(
  { node, attached, scope, rulesOf }: ServedListener,
  { policies, inherited, digests }: Lowering,
  memo: Memo,
): LoweredListener {
  const basis = [inherited, scope.key];
  const isHttp = takesHttp(node);
  const virtualHosts = isHttp ? lowerVirtualHosts(attached, { rulesOf, basis }, memo) : [];
  const inputs = isHttp ? [node, virtualHosts, ...basis] : [node, attached, ...basis];
  const { listener, clusters } = memo.value('listener', inputs, (before: Lowered | null): Lowered => {
    const uses = new ClusterUses((upstream) => policies.members.poolOf(upstream, scope));
    const lowered = lowerListener(node, { attached, virtualHosts, uses, policies, scope });
    return { listener: reuseIfEqual(before?.listener, lowered), clusters: uses.all };
  });
  const hosts = digests.ofList(memo.part('hosts'), virtualHosts);
  const digest = memo.value('digest', [listener, hosts], () =>
    digests.ofText(JSON.stringify(isHttp ? [{ ...listener, virtualHosts: [] }, hosts] : listener)),
  );
  return { listener, clusters, digest };
}

type Lowered = Pick<LoweredListener, 'listener' | 'clusters'>;

const takesHttp = ({ protocolFamily, spec }: ListenerNode): boolean =>
  protocolFamily === 'http' || (protocolFamily === 'tls' && spec.protocol === 'HTTPS');

/** The proxy binds a port even if none of its listeners could be lowered. */
export function portsOf(
  served: readonly ServedListener[],
  lowered: LoweredListeners,
  policies: PolicyLowering,
): readonly Port[] {
  const ofPorts = policies.valuesFor('port', served[0]?.scope.base.layers ?? []);
  const nodes = served.map(({ node }) => node);
  const byPort = Map.groupBy(nodes, ({ spec, protocolFamily }) => {
    return `${String(spec.port).padStart(5, '0')}/${protocolFamily === 'udp' ? 'udp' : 'tcp'}`;
  });
  return [...byPort]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, members]) => ({
      number: members[0]?.spec.port ?? 0,
      transport: members[0]?.protocolFamily === 'udp' ? 'udp' : 'tcp',
      listeners: members
        .toSorted((a, b) => compareText(a.id, b.id))
        .flatMap(({ id }) => lowered.get(id)?.listener ?? []),
      ...ofPorts,
    }));
}
