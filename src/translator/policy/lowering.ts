/**
 * What the hierarchy of policies comes to for pools and requests.
 *
 * Pools of connections: one for each Service port and Gateway. A listener or ListenerSet whose own policies change what holds for a
 * pool has a pool of its own, named after it; the Gateway's other listeners share theirs.
 */
import { DEFAULT_CLUSTER_POLICY, type ClusterPolicy, type RequestPolicy } from '../../ir/policy.ts';
import { samePlain, type Plain } from '../../lib/structural-patch.ts';
import type { Hierarchy, PolicyScope } from './hierarchy.ts';
import type { BackendNode, RouteNode, RuleNode, Upstream } from '../graph/nodes.ts';
import type { Merged, PolicyLayer, PolicySpec } from './merge.ts';
import { lowerPool, lowerRequests } from './backend-policy/lower.ts';

export interface Pool {
  readonly policy: ClusterPolicy;
  /** What tells its cluster from the Gateway's own for the same upstream; `` for that one. */
  readonly suffix: string;
}

/** How requests of one rule are tried. */
export interface RuleRequests {
  readonly rule: RequestPolicy;
  /** By index of the backend; undefined: as the rule. */
  readonly backends: readonly (RequestPolicy | undefined)[];
  /** By index of the backend: all that has a say, weakest first. */
  readonly layers: readonly (readonly PolicyLayer[])[];
}

export class PolicyLowering {
  readonly hierarchy: Hierarchy;
  readonly #pools = new Map<Merged, Map<string, ClusterPolicy>>();
  readonly #requests = new Map<Merged, RequestPolicy>();

  constructor(hierarchy: Hierarchy) {
    this.hierarchy = hierarchy;
  }

  poolOf(upstream: Upstream, scope: PolicyScope): Pool {
    const policy = this.#poolPolicy(upstream, scope);
    if (scope === scope.base) return { policy, suffix: '' };
    const shared = this.#poolPolicy(upstream, scope.base);
    return sameValue(policy, shared) ? { policy: shared, suffix: '' } : { policy, suffix: `@${scope.id}` };
  }

  #poolPolicy(upstream: Upstream, scope: PolicyScope): ClusterPolicy {
    const layers = this.hierarchy.poolLayers(upstream, scope);
    if (layers.length === 0) return DEFAULT_CLUSTER_POLICY;
    const merged = this.hierarchy.merge(layers);
    // Several Services may have the same layers, and only their names, in health checks, apart.
    const known = this.#pools.get(merged) ?? new Map<string, ClusterPolicy>();
    this.#pools.set(merged, known);
    const host = hostOf(upstream);
    const policy = known.get(host) ?? lowerPool(merged.spec, host);
    known.set(host, policy);
    return policy;
  }

  /** Session persistence that policies give a backend. */
  sessionOf(upstream: Upstream, scope: PolicyScope): PolicySpec['sessionPersistence'] {
    return this.hierarchy.merge(this.hierarchy.poolLayers(upstream, scope)).spec.sessionPersistence;
  }

  /** Backends of one rule may belong to Services with policies of their own. */
  requestsOf(route: RouteNode, rule: RuleNode, scope: PolicyScope): RuleRequests {
    const layers = rule.backends.map(({ upstream }) => this.layersOf(route, rule, { upstream, scope }));
    const each = layers.map((list) => this.#lowerRequests(list));
    const [first] = each;
    const ofRule =
      first !== undefined && each.every((requests) => sameValue(requests, first))
        ? first
        : this.#lowerRequests(this.hierarchy.requestLayers(route, rule, { upstream: null, scope }));
    return {
      rule: ofRule,
      backends: each.map((requests) => (sameValue(requests, ofRule) ? undefined : requests)),
      layers,
    };
  }

  layersOf(
    route: RouteNode,
    rule: RuleNode,
    { upstream, scope }: Pick<BackendNode, 'upstream'> & { readonly scope: PolicyScope },
  ): readonly PolicyLayer[] {
    const found = upstream.ok ? upstream.value : null;
    return this.hierarchy.requestLayers(route, rule, { upstream: found, scope });
  }

  #lowerRequests(layers: readonly PolicyLayer[]): RequestPolicy {
    const merged = this.hierarchy.merge(layers);
    const requests = this.#requests.get(merged) ?? lowerRequests(merged.spec);
    this.#requests.set(merged, requests);
    return requests;
  }
}

/** What a backend is called where nobody says otherwise: outside of the cluster an XBackend has a name of its own. */
const hostOf = ({ ref, discovery }: Upstream): string =>
  ref.kind === 'XBackend' && discovery.kind === 'dns'
    ? discovery.hostname
    : `${ref.name}.${ref.namespace}.svc`;

/** Whether two parts of a configuration say the same; they are plain data. */
export const sameValue = (a: object, b: object): boolean =>
  samePlain(a as unknown as Plain, b as unknown as Plain);
