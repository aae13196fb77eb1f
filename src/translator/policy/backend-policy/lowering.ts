/**
 * Lowers backend settings to connection pools and attempt settings.
 *
 * Pools: one for each Service port and Gateway. A listener or ListenerSet whose own policies change the settings of a pool has a pool of
 * its own, named after it; the Gateway's other listeners share theirs.
 */
import { DEFAULT_CLUSTER_POLICY, type ClusterPolicy, type RequestPolicy } from '../../../ir/policy.ts';
import { samePlain, type Plain } from '../../../lib/structural-patch.ts';
import type { Upstream } from '../../graph/nodes.ts';
import type { Combined } from '../combine.ts';
import { layersWith, type Hierarchy, type PolicyScope } from '../hierarchy.ts';
import type { PolicyLayer } from '../policy-settings.ts';
import { BACKEND_SETTINGS, type BackendSettings } from './backend-settings.ts';
import { lowerPool, lowerRequests } from './lower.ts';

export interface Pool {
  readonly policy: ClusterPolicy;
  /** Suffix that makes its cluster distinct from the Gateway's own for the same upstream; `` for the Gateway's. */
  readonly suffix: string;
}

/** Attempt settings of one rule. */
export interface RuleRequests {
  readonly rule: RequestPolicy;
  /** By index of the backend; undefined: as the rule. */
  readonly backends: readonly (RequestPolicy | undefined)[];
}

export class BackendSettingsLowering {
  readonly #hierarchy: Hierarchy;
  readonly #pools = new Map<Combined, Map<string, ClusterPolicy>>();
  readonly #requests = new Map<Combined, RequestPolicy>();

  constructor(hierarchy: Hierarchy) {
    this.#hierarchy = hierarchy;
  }

  poolOf(upstream: Upstream, scope: PolicyScope): Pool {
    const policy = this.#poolPolicy(upstream, scope);
    if (scope === scope.base) return { policy, suffix: '' };
    const shared = this.#poolPolicy(upstream, scope.base);
    return sameValue(policy, shared) ? { policy: shared, suffix: '' } : { policy, suffix: `@${scope.id}` };
  }

  #poolPolicy(upstream: Upstream, scope: PolicyScope): ClusterPolicy {
    const layers = layersWith(BACKEND_SETTINGS, this.#hierarchy.upstreamLayers(upstream, scope));
    if (layers.length === 0) return DEFAULT_CLUSTER_POLICY;
    const combined = this.#hierarchy.combine(BACKEND_SETTINGS, layers);
    // Services with the same layers may still differ in the host name of their health checks.
    const known = this.#pools.get(combined) ?? new Map<string, ClusterPolicy>();
    this.#pools.set(combined, known);
    const host = hostOf(upstream);
    const policy = known.get(host) ?? lowerPool(settingsIn(combined), host);
    known.set(host, policy);
    return policy;
  }

  /** Session persistence that policies give a backend. */
  sessionOf(upstream: Upstream, scope: PolicyScope): BackendSettings['sessionPersistence'] {
    const layers = this.#hierarchy.upstreamLayers(upstream, scope);
    return settingsIn(this.#hierarchy.combine(BACKEND_SETTINGS, layers)).sessionPersistence;
  }

  /** `layers`: by index of the backend, since backends of one rule may belong to Services with policies of their own. */
  requestsOf(layers: readonly (readonly PolicyLayer[])[], ofRule: readonly PolicyLayer[]): RuleRequests {
    const each = layers.map((list) => this.#lowerRequests(list));
    const [first] = each;
    const rule =
      first !== undefined && each.every((requests) => sameValue(requests, first))
        ? first
        : this.#lowerRequests(ofRule);
    return { rule, backends: each.map((requests) => (sameValue(requests, rule) ? undefined : requests)) };
  }

  #lowerRequests(layers: readonly PolicyLayer[]): RequestPolicy {
    const combined = this.#hierarchy.combine(BACKEND_SETTINGS, layers);
    const requests = this.#requests.get(combined) ?? lowerRequests(settingsIn(combined));
    this.#requests.set(combined, requests);
    return requests;
  }
}

/** Layers of `BACKEND_SETTINGS` hold nothing else. */
const settingsIn = ({ merged }: Combined): BackendSettings => merged.spec;

/** The `Host` of health checks if no policy sets one. An XBackend outside of the cluster has its own name. */
const hostOf = ({ ref, discovery }: Upstream): string =>
  ref.kind === 'XBackend' && discovery.kind === 'dns'
    ? discovery.hostname
    : `${ref.name}.${ref.namespace}.svc`;

/** Whether two parts of a configuration, which are plain data, are equal. */
export const sameValue = (a: object, b: object): boolean =>
  samePlain(a as unknown as Plain, b as unknown as Plain);
