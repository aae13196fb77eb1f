/** One Gateway of the graph as the configuration of one data plane. */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { Port } from '../../ir/listener.ts';
import type { RouteRule } from '../../ir/route.ts';
import { Redacted, type Certificate } from '../../ir/tls.ts';
import { compareText } from '../../lib/compare.ts';
import type { CertificateNode } from '../graph/certificate.ts';
import { hasAcceptedListener } from '../graph/gateway.ts';
import type { Graph } from '../graph/graph.ts';
import type { PolicyScope } from '../graph/hierarchy.ts';
import type { GatewayNode, ListenerNode, RouteNode } from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import type { RulePolicies, TranslateOptions } from '../types.ts';
import { lowerListener, type ListenerContext } from './listener.ts';
import type { PolicyLowering } from './policy-lowering.ts';
import { lowerSettings } from './proxy-config.ts';
import type { LoweredRule } from './route-rule.ts';
import { lowerCluster, lowerEndpoints, type ClusterUse } from './upstreams.ts';
import { versionOf } from './version.ts';

/** Rules of a route as they are where the policies of `scope` hold. */
export type RulesOf = (route: RouteNode, scope: PolicyScope) => readonly LoweredRule[];

/** Listeners of the Gateway and its ListenerSets that go into the data plane. */
export function servedListeners(gateway: GatewayNode): readonly ListenerNode[] {
  if (gateway.faults.length > 0 || !hasAcceptedListener(gateway.listeners)) return [];
  const sets = gateway.listenerSets.filter((set) => set.faults.length === 0);
  return [gateway.listeners, ...sets.map((set) => set.listeners)]
    .flat()
    .filter((listener) => listener.servable && listener.conflict === null);
}

/** How all Gateways are lowered. */
export interface Lowering {
  readonly rulesOf: RulesOf;
  readonly policies: PolicyLowering;
  readonly options: Pick<TranslateOptions, 'addresses' | 'trustedCidrs' | 'sha256Hex'>;
}

export interface LoweredGateway {
  readonly config: GatewayConfig;
  readonly policies: RulePolicies;
}

export function lowerGateway(
  gateway: GatewayNode,
  graph: Graph,
  { rulesOf, policies, options }: Lowering,
): LoweredGateway {
  const listeners = servedListeners(gateway);
  const layer4Clusters: ClusterUse[] = [];
  const scopeOf = (listener: ListenerNode): PolicyScope => policies.hierarchy.scopeOf(listener, gateway);
  const ports = lowerPorts(listeners, (listener) => {
    const scope = scopeOf(listener);
    return {
      rulesOf: (route) => rulesOf(route, scope),
      poolOf: (upstream) => policies.poolOf(upstream, scope),
      clusters: layer4Clusters,
    };
  });
  const rules = rulesInUse(listeners, scopeOf, rulesOf);
  const uses = distinct([...layer4Clusters, ...rules.flatMap((rule) => rule.clusters)]);
  const clientCertificate = gateway.clientCertificate?.ok === true ? gateway.clientCertificate.value : null;
  const { kind, namespace, name } = gateway.ref;
  const config: GatewayConfig = {
    version: '',
    gateway: { kind, namespace, name },
    generation: generationOf(gateway.object),
    addresses: options.addresses === 'bind' ? addressesToBind(gateway) : [],
    ports,
    rules: rules.map(({ rule }): RouteRule => rule),
    clusters: uses.map((use) => lowerCluster(use, clientCertificate?.id ?? null)),
    endpoints: uses
      .filter(({ upstream }) => upstream.discovery.kind === 'endpoints')
      .map((use) => {
        const { ref, protocol, portName } = use.upstream;
        const slices = graph.index.endpointSlices(ref.namespace, ref.name);
        return lowerEndpoints({ id: use.id, protocol, portName }, slices);
      }),
    certificates: certificatesInUse(listeners, uses, clientCertificate),
    settings: lowerSettings(
      gateway.parameters.map(({ object }) => object.spec),
      options.trustedCidrs,
    ),
  };
  return {
    config: { ...config, version: versionOf(config, options.sha256Hex) },
    policies: new Map(rules.map(({ rule, policies: layers }) => [rule.id, layers])),
  };
}

const addressesToBind = ({ object }: GatewayNode): readonly string[] =>
  (object.spec.addresses ?? []).flatMap(({ type = 'IPAddress', value = '' }) =>
    type === 'IPAddress' && value !== '' ? [value] : [],
  );

function lowerPorts(
  listeners: readonly ListenerNode[],
  contextOf: (listener: ListenerNode) => ListenerContext,
): readonly Port[] {
  const groups = new Map<string, ListenerNode[]>();
  for (const listener of listeners) {
    const key = `${String(listener.spec.port).padStart(5, '0')}/${listener.wire === 'udp' ? 'udp' : 'tcp'}`;
    const known = groups.get(key);
    if (known === undefined) groups.set(key, [listener]);
    else known.push(listener);
  }
  return [...groups]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, members]) => ({
      number: members[0]?.spec.port ?? 0,
      transport: members[0]?.wire === 'udp' ? 'udp' : 'tcp',
      listeners: members
        .toSorted((a, b) => compareText(a.id, b.id))
        .map((listener) => lowerListener(listener, contextOf(listener))),
    }));
}

/** Rules that some listener leads to, by route and place; those of the Gateway's own scope before others of the same place. */
function rulesInUse(
  listeners: readonly ListenerNode[],
  scopeOf: (listener: ListenerNode) => PolicyScope,
  rulesOf: RulesOf,
): readonly LoweredRule[] {
  const scopes = new Map<RouteNode, Set<PolicyScope>>();
  for (const listener of listeners) {
    const scope = scopeOf(listener);
    for (const { route } of listener.attached) {
      if (!isHttp(route)) continue;
      const known = scopes.get(route);
      if (known === undefined) scopes.set(route, new Set([scope]));
      else known.add(scope);
    }
  }
  return [...scopes]
    .sort(([a], [b]) => compareText(routeKey(a), routeKey(b)))
    .flatMap(([route, ofRoute]) => {
      const inOrder = [...ofRoute].sort((a, b) => compareText(a.id, b.id));
      // Where scopes have the same to say, their rules are the same.
      const byId = new Map(
        inOrder.flatMap((scope) => rulesOf(route, scope)).map((rule) => [rule.rule.id, rule]),
      );
      return [...byId.values()];
    })
    .filter((rule) => rule.matches.length > 0);
}

const isHttp = (route: RouteNode): boolean => route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute';

const routeKey = ({ ref }: RouteNode): string => `${ref.kind}/${ref.namespace}/${ref.name}`;

function distinct(uses: readonly ClusterUse[]): readonly ClusterUse[] {
  const byId = new Map(uses.map((use) => [use.id, use]));
  return [...byId.values()].sort((a, b) => compareText(a.id, b.id));
}

function certificatesInUse(
  listeners: readonly ListenerNode[],
  uses: readonly ClusterUse[],
  clientCertificate: CertificateNode | null,
): readonly Certificate[] {
  const nodes = listeners.flatMap((listener) => listener.certificates);
  for (const { upstream, encrypted } of uses) {
    if (!encrypted || upstream.tls?.ok !== true) continue;
    const certificate = upstream.tls.value.clientCertificate ?? clientCertificate;
    if (certificate !== null) nodes.push(certificate);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  return [...byId.values()]
    .sort((a, b) => compareText(a.id, b.id))
    .map(({ id, certificatePem, keyPem, ocspResponse }) => ({
      id,
      certificatePem,
      keyPem: new Redacted(keyPem),
      ocspResponse,
    }));
}
