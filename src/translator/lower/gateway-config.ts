/** One Gateway of the graph as the configuration of one data plane. */
import type { EndpointSlice } from '../../gatewayapi/core-kinds.ts';
import type { Gateway } from '../../gatewayapi/generated/types.ts';
import type { Cluster } from '../../ir/cluster.ts';
import { gatewayDataPlane } from '../../ir/data-plane-id.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { CertificateId, ListenerId } from '../../ir/ids.ts';
import type { Listener, Port } from '../../ir/listener.ts';
import type { RouteRule, VirtualHost } from '../../ir/route.ts';
import { Redacted, type Certificate } from '../../ir/tls.ts';
import { compareText } from '../../lib/compare.ts';
import { DerivedItems } from '../../lib/derived-items.ts';
import { reuseIfSameItems, reuseIfEqual } from '../../lib/reuse.ts';
import { diffByIdentity } from '../../lib/list-diff.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import { SortedList } from '../../lib/sorted-list.ts';
import type { Defects } from '../contain.ts';
import type { InheritedPolicies } from '../policy/policies.ts';
import type { CertificateNode } from '../graph/certificate.ts';
import { hasAcceptedListener } from '../graph/gateway.ts';
import type { PolicyScope } from '../policy/hierarchy.ts';
import {
  attachedTo,
  type AttachedRoute,
  type Attachments,
  type GatewayNode,
  type ListenerNode,
  type RouteNode,
} from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import type { SnapshotIndex } from '../graph/snapshot-index.ts';
import type { RulePolicies, TranslateOptions } from '../types.ts';
import { DerivedList, type Derivation } from './derived-list.ts';
import { EndpointTable } from './endpoint-table.ts';
import { lowerListener } from './listener.ts';
import type { PolicyLowering } from '../policy/lowering.ts';
import { lowerSettings } from './proxy-config.ts';
import type { LoweredRule } from './route-rule.ts';
import { ClusterUses, lowerCluster, type ClusterUse } from './upstreams.ts';
import { digestOf, versionOf, type Digest } from './version.ts';
import { VirtualHostTable } from './virtual-hosts.ts';

/** Listeners of the Gateway and its ListenerSets that go into the data plane. */
export function servedListeners(gateway: GatewayNode): readonly ListenerNode[] {
  if (gateway.faults.length > 0 || !hasAcceptedListener(gateway.listeners)) return [];
  const sets = gateway.listenerSets.filter((set) => set.faults.length === 0);
  return [gateway.listeners, ...sets.map((set) => set.listeners)]
    .flat()
    .filter((listener) => listener.servable && listener.conflict === null);
}

/** Rules of a route as they are where the policies of `scope` hold. */
export type RulesOf = (route: RouteNode, scope: PolicyScope) => readonly LoweredRule[];

/** How all Gateways are lowered. */
export interface Lowering {
  readonly rulesOf: RulesOf;
  readonly policies: PolicyLowering;
  /** The same object while no inherited policy changes. */
  readonly inherited: InheritedPolicies;
  readonly options: Pick<TranslateOptions, 'addresses' | 'trustedCidrs' | 'sha256Hex'>;
  readonly attachments: Attachments;
  readonly index: SnapshotIndex;
  readonly defects: Defects;
  /** All there are. */
  readonly slices: readonly EndpointSlice[];
}

/** A listener that goes into the data plane, and where its traffic stands in the hierarchy of policies. */
interface ServedListener {
  readonly gateway: Gateway;
  readonly node: ListenerNode;
  readonly attached: readonly AttachedRoute[];
  readonly scope: PolicyScope;
}

/** A listener as it was lowered last, and from what. */
interface LoweredListener {
  readonly node: ListenerNode;
  readonly attached: readonly AttachedRoute[];
  readonly virtualHosts: readonly VirtualHost[];
  readonly inherited: InheritedPolicies;
  readonly listener: Listener;
  /** Of layer-4 rules. */
  readonly clusters: readonly ClusterUse[];
  readonly digest: string;
}

/** One Gateway from one translation to the next: parts of its configuration that say what they said stay the same objects. */
export class GatewayLowering {
  readonly #digest: Digest;
  readonly #hosts = new Map<ListenerId, VirtualHostTable>();
  #listeners = new Map<ListenerId, LoweredListener>();
  readonly #routes = new SortedList<RouteNode>((a, b) => compareText(routeKey(a), routeKey(b)));
  readonly #rules: DerivedList<LoweredRule, RouteRule>;
  readonly #uses = new SortedList<ClusterUse>((a, b) => compareText(a.id, b.id));
  readonly #keptUses: DerivedList<ClusterUse, ClusterUse>;
  #allUses: readonly ClusterUse[] = [];
  #distinctUses: readonly ClusterUse[] = [];
  #clusters: DerivedList<ClusterUse, Cluster> | null = null;
  #clientCertificate: CertificateId | null = null;
  readonly #endpoints: EndpointTable;
  readonly #certificates: DerivedList<CertificateNode, Certificate>;
  #config: GatewayConfig | null = null;
  readonly #httpRoutes = new Map<ListenerId, DerivedItems<AttachedRoute, RouteNode>>();
  /** Routes of HTTP and gRPC that some listener takes. */
  #inUse: readonly RouteNode[] = [];
  readonly #rulesOfRoutes = new DerivedItems<RouteNode, LoweredRule>();
  readonly #usesOfRules = new DerivedItems<LoweredRule, ClusterUse>();
  readonly #certificatesOfUses = new DerivedItems<ClusterUse, CertificateNode>();
  /** What the rules of the configuration were made of. */
  loweredRules: readonly LoweredRule[] = [];

  constructor(digest: Digest) {
    this.#digest = digest;
    this.#rules = new DerivedList(RULES, digest);
    this.#keptUses = new DerivedList(USES, digest);
    this.#endpoints = new EndpointTable(digest);
    this.#certificates = new DerivedList(CERTIFICATES, digest);
  }

  /** The configuration; the same object until something changes. */
  update(gateway: GatewayNode, lowering: Lowering): GatewayConfig {
    const { options, index, slices, attachments } = lowering;
    const served = servedListeners(gateway).map((node): ServedListener => {
      const scope = lowering.policies.hierarchy.scopeOf(node, gateway);
      return { gateway: gateway.object, node, attached: attachedTo(attachments, node), scope };
    });
    this.#lowerListeners(served, lowering);
    const rules = this.#lowerRules(served, lowering);
    const uses = this.#usesOf(rules);
    const clientCertificate = gateway.clientCertificate?.ok === true ? gateway.clientCertificate.value : null;
    const clusters = this.#clustersOf(clientCertificate?.id ?? null);
    const before = this.#config;
    const config: GatewayConfig = {
      version: '',
      dataPlane: gatewayDataPlane(gateway.ref),
      generation: generationOf(gateway.object),
      addresses: reuseIfEqual(
        before?.addresses,
        options.addresses === 'bind' ? addressesToBind(gateway) : [],
      ),
      ports: reuseIfEqual(before?.ports, this.#ports(served, lowering.policies)),
      rules: this.#rules.update(rules),
      clusters: clusters.update(uses),
      endpoints: this.#endpoints.update(uses, slices, index),
      certificates: this.#certificates.update(this.#certificatesInUse(served, uses, clientCertificate)),
      settings: reuseIfEqual(before?.settings, lowerSettings(gateway.settings, options.trustedCidrs)),
    };
    const version = this.#versionOf(config, clusters.digest);
    // The version says all but the generation, which is part of it.
    if (before?.version !== version) this.#config = { ...config, version };
    return this.#config ?? config;
  }

  #versionOf({ dataPlane, generation, addresses, settings, ports }: GatewayConfig, clusters: string): string {
    const wires = ports.map(({ number, transport, listeners, policies }) => [
      number,
      transport,
      listeners.map(({ id }) => this.#listeners.get(id)?.digest),
      ...(policies === undefined ? [] : [policies]),
    ]);
    const head = digestOf(JSON.stringify([dataPlane, generation, addresses, settings, wires]), this.#digest);
    const parts = [head, this.#rules.digest, clusters, this.#certificates.digest];
    return versionOf(parts, this.#endpoints.digest, this.#digest);
  }

  #lowerListeners(served: readonly ServedListener[], lowering: Lowering): void {
    const lowered = new Map<ListenerId, LoweredListener>();
    for (const one of served) {
      const listener = lowering.defects.contain(
        [one.gateway, `lower listener ${one.node.id}`],
        () => this.#lowerListener(one, lowering),
        () => null,
      );
      if (listener !== null) lowered.set(one.node.id, listener);
    }
    this.#listeners = lowered;
    for (const byListener of [this.#hosts, this.#httpRoutes]) {
      for (const id of byListener.keys()) if (!lowered.has(id)) byListener.delete(id);
    }
  }

  #lowerListener({ node, attached, scope }: ServedListener, lowering: Lowering): LoweredListener {
    const { rulesOf, policies, inherited } = lowering;
    const table = takesHttp(node) ? this.#tableOf(node.id) : null;
    const basis = [inherited, scope.key];
    const virtualHosts = table?.update(attached, (route) => rulesOf(route, scope), basis) ?? NO_HOSTS;
    const known = this.#listeners.get(node.id);
    const from = { node, attached, virtualHosts, inherited };
    if (known !== undefined && isMadeOf(known, from)) return known;
    const uses = new ClusterUses((upstream) => policies.backends.poolOf(upstream, scope));
    const listener = reuseIfEqual(
      known?.listener,
      lowerListener(node, { attached, virtualHosts, uses, policies, scope }),
    );
    const clusters = uses.all;
    if (known !== undefined && listener === known.listener) return { ...known, ...from, clusters };
    const says = table === null ? listener : [{ ...listener, virtualHosts: [] }, table.digest];
    return { ...from, listener, clusters, digest: digestOf(JSON.stringify(says), this.#digest) };
  }

  #tableOf(id: ListenerId): VirtualHostTable {
    let table = this.#hosts.get(id);
    if (table === undefined) {
      table = new VirtualHostTable(this.#digest);
      this.#hosts.set(id, table);
    }
    return table;
  }

  #ports(served: readonly ServedListener[], policies: PolicyLowering): readonly Port[] {
    const ofPorts = policies.valuesFor('port', served[0]?.scope.base.layers ?? []);
    const nodes = served.map(({ node }) => node);
    const groups = Map.groupBy(nodes, ({ spec, wire }) => {
      return `${String(spec.port).padStart(5, '0')}/${wire === 'udp' ? 'udp' : 'tcp'}`;
    });
    return [...groups]
      .sort(([a], [b]) => compareText(a, b))
      .map(([, members]) => ({
        number: members[0]?.spec.port ?? 0,
        transport: members[0]?.wire === 'udp' ? 'udp' : 'tcp',
        listeners: members
          .toSorted((a, b) => compareText(a.id, b.id))
          .flatMap(({ id }) => this.#listeners.get(id)?.listener ?? []),
        ...ofPorts,
      }));
  }

  /** Rules that some listener leads to, by route and place; those of the Gateway's own scope before others of the same place. */
  #lowerRules(served: readonly ServedListener[], { rulesOf, inherited }: Lowering): readonly LoweredRule[] {
    const scopes = [...new Set(served.map(({ scope }) => scope))];
    const inUse = scopes.length < 2 ? null : scopesInUse(served);
    const routes = inUse === null ? this.#httpRoutesOf(served) : [...inUse.keys()];
    const { removed, added } = diffByIdentity(this.#inUse, routes);
    this.#inUse = routes;
    const inOrder = this.#routes.change(removed, added);
    const rules =
      inUse === null
        ? this.#rulesOfRoutes.update(inOrder, (route) => rulesIn(scopes, route, rulesOf), [
            inherited,
            scopes[0]?.key,
          ])
        : inOrder.flatMap((route) => rulesIn(inUse.get(route) ?? [], route, rulesOf));
    this.loweredRules = reuseIfSameItems(this.loweredRules, rules);
    return this.loweredRules;
  }

  /** Each once. Mostly, all listeners take the same. */
  #httpRoutesOf(served: readonly ServedListener[]): readonly RouteNode[] {
    const [first = NO_ROUTES, ...others] = served.map(({ node: { id }, attached }) => {
      const routes = this.#httpRoutes.get(id) ?? new DerivedItems();
      this.#httpRoutes.set(id, routes);
      return routes.update(attached, ({ route }) => (isHttp(route) ? [route] : []));
    });
    if (others.every((list) => reuseIfSameItems(first, list) === first)) return first;
    return [...new Set([first, ...others].flat())];
  }

  /** Every cluster that is used, once, by id. */
  #usesOf(rules: readonly LoweredRule[]): readonly ClusterUse[] {
    const ofListeners = [...this.#listeners.values()].flatMap(({ clusters }) => clusters);
    const ofRules = this.#usesOfRules.update(rules, ({ clusters }) => clusters);
    const kept = this.#keptUses.update(ofListeners.length === 0 ? ofRules : [...ofListeners, ...ofRules]);
    const { removed, added } = diffByIdentity(this.#allUses, kept);
    this.#allUses = kept;
    if (removed.length + added.length === 0) return this.#distinctUses;
    const sorted = this.#uses.change(removed, added);
    this.#distinctUses = reuseIfSameItems(
      this.#distinctUses,
      sorted.filter(({ id }, at) => id !== sorted[at - 1]?.id),
    );
    return this.#distinctUses;
  }

  #certificatesInUse(
    served: readonly ServedListener[],
    uses: readonly ClusterUse[],
    clientCertificate: CertificateNode | null,
  ): readonly CertificateNode[] {
    const ofListeners = served.flatMap(({ node }) => node.certificates);
    const ofUses = this.#certificatesOfUses.update(uses, (use) => certificateOf(use, clientCertificate), [
      clientCertificate,
    ]);
    const byId = new Map([...ofListeners, ...ofUses].map((node) => [node.id, node]));
    return [...byId.values()].sort((a, b) => compareText(a.id, b.id));
  }

  /** `clientCertificate`: the Gateway's own. */
  #clustersOf(clientCertificate: CertificateId | null): DerivedList<ClusterUse, Cluster> {
    if (this.#clusters === null || clientCertificate !== this.#clientCertificate) {
      this.#clientCertificate = clientCertificate;
      this.#clusters = new DerivedList(
        {
          keyOf: ({ id }) => id,
          derive: (use) => lowerCluster(use, clientCertificate),
          keep: reuseIfEqual,
          textOf: JSON.stringify,
        },
        this.#digest,
      );
    }
    return this.#clusters;
  }
}

type ListenerSources = Pick<LoweredListener, 'node' | 'attached' | 'virtualHosts' | 'inherited'>;

const isMadeOf = (known: LoweredListener, from: ListenerSources): boolean =>
  known.node === from.node &&
  known.attached === from.attached &&
  known.virtualHosts === from.virtualHosts &&
  known.inherited === from.inherited;

/** Beside the configuration: where settings of its rules and pools come from. Worked out when it is first asked for. */
export const policiesOf = memoizeByKey(
  (rules: readonly LoweredRule[]): RulePolicies =>
    new Map(rules.map(({ rule, policies }) => [rule.id, policies])),
);

/** Where routes stand in the hierarchy of policies. */
function scopesInUse(served: readonly ServedListener[]): ReadonlyMap<RouteNode, readonly PolicyScope[]> {
  const inUse = new Map<RouteNode, readonly PolicyScope[]>();
  for (const { attached, scope } of served) {
    for (const { route } of attached) {
      if (!isHttp(route)) continue;
      const known = inUse.get(route);
      if (known === undefined) inUse.set(route, [scope]);
      else if (!known.includes(scope)) inUse.set(route, [...known, scope]);
    }
  }
  return inUse;
}

/** Rules that can match. Where scopes have the same to say, their rules are the same. */
function rulesIn(scopes: readonly PolicyScope[], route: RouteNode, rulesOf: RulesOf): readonly LoweredRule[] {
  const inOrder = scopes.toSorted((a, b) => compareText(a.id, b.id));
  const rules = inOrder.flatMap((scope) => rulesOf(route, scope)).filter(({ matches }) => matches.length > 0);
  return scopes.length < 2 ? rules : [...new Map(rules.map((rule) => [rule.rule.id, rule])).values()];
}

const NO_HOSTS: readonly VirtualHost[] = [];
const NO_ROUTES: readonly RouteNode[] = [];

const RULES: Derivation<LoweredRule, RouteRule> = {
  keyOf: ({ rule }) => rule.id,
  derive: ({ rule }) => rule,
  keep: reuseIfEqual,
  textOf: JSON.stringify,
};

/** A use of a cluster says what it said while its rule changes around it. Nobody asks for its digest. */
const USES: Derivation<ClusterUse, ClusterUse> = {
  keyOf: ({ id }) => id,
  derive: (use) => use,
  keep: reuseIfEqual,
  textOf: null,
};

const CERTIFICATES: Derivation<CertificateNode, Certificate> = {
  keyOf: ({ id }) => id,
  derive: ({ id, certificatePem, keyPem, ocspResponse }) => ({
    id,
    certificatePem,
    keyPem: new Redacted(keyPem),
    ocspResponse,
  }),
  keep: (before, after) => (before !== undefined && textOf(before) === textOf(after) ? before : after),
  textOf,
};

/** With its key, which would not show in JSON of the certificate itself. */
function textOf({ id, certificatePem, keyPem, ocspResponse }: Certificate): string {
  return JSON.stringify([id, certificatePem, keyPem.reveal(), ocspResponse]);
}

const takesHttp = ({ wire, spec }: ListenerNode): boolean =>
  wire === 'http' || (wire === 'tls' && spec.protocol === 'HTTPS');

const addressesToBind = ({ object }: GatewayNode): readonly string[] =>
  (object.spec.addresses ?? []).flatMap(({ type = 'IPAddress', value = '' }) =>
    type === 'IPAddress' && value !== '' ? [value] : [],
  );

const isHttp = (route: RouteNode): boolean => route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute';

const routeKey = ({ ref }: RouteNode): string => `${ref.kind}/${ref.namespace}/${ref.name}`;

/** What a use of a cluster shows its backends; `clientCertificate`: the Gateway's own. */
function certificateOf(
  { upstream, encrypted }: ClusterUse,
  clientCertificate: CertificateNode | null,
): readonly CertificateNode[] {
  if (!encrypted || upstream.tls?.ok !== true) return [];
  const certificate = upstream.tls.value.clientCertificate ?? clientCertificate;
  return certificate === null ? [] : [certificate];
}
