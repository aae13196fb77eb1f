/**
 * Lowers settings to the members of clusters, rules and backends (`MemberLowering`).
 *
 * Pools: one for each Service port and Gateway. A listener or ListenerSet whose own policies change the settings of a pool has a pool of
 * its own, named after it; the Gateway's other listeners share theirs.
 */
import {
  DEFAULT_CLUSTER_POLICY,
  DEFAULT_REQUEST_POLICY,
  type ClusterPolicy,
  type RequestPolicy,
} from '../../ir/policy.ts';
import { isEqualData } from '../../lib/reuse.ts';
import type { Upstream } from '../graph/nodes.ts';
import type { SessionNode } from '../graph/session.ts';
import type { Combined } from './combine.ts';
import type { Hierarchy, PolicyScope } from './hierarchy.ts';
import type { MemberLowering, PolicyLayer } from './policy-settings.ts';

export interface Pool {
  readonly policy: ClusterPolicy;
  /** Suffix that makes its cluster distinct from the Gateway's own for the same upstream; `` for the Gateway's. */
  readonly suffix: string;
}

/** Attempt settings (timeouts and retries) of one rule. */
export interface RuleRequests {
  readonly rule: RequestPolicy;
  /** By index of the backend; undefined: as the rule. */
  readonly backends: readonly (RequestPolicy | undefined)[];
}

export class LoweredMembers {
  readonly #hierarchy: Hierarchy;
  readonly #pools = new PartialMembers<ClusterPolicy>(DEFAULT_CLUSTER_POLICY);
  readonly #requests = new PartialMembers<RequestPolicy>(DEFAULT_REQUEST_POLICY);

  constructor(hierarchy: Hierarchy) {
    this.#hierarchy = hierarchy;
  }

  poolOf(upstream: Upstream, scope: PolicyScope): Pool {
    const policy = this.#poolPolicy(upstream, scope);
    if (scope === scope.base) return { policy, suffix: '' };
    const shared = this.#poolPolicy(upstream, scope.base);
    return isEqualData(policy, shared) ? { policy: shared, suffix: '' } : { policy, suffix: `@${scope.id}` };
  }

  #poolPolicy(upstream: Upstream, scope: PolicyScope): ClusterPolicy {
    const parts = this.#partsOf(this.#hierarchy.upstreamLayers(upstream, scope));
    // Services with the same layers may still differ in the host name of their health checks.
    const host = hostOf(upstream);
    return this.#pools.of(parts, host, ({ members, settings }) => members.pool?.(settings, host));
  }

  /** The sessions that policies set for a backend; null: none. */
  sessionOf(upstream: Upstream, scope: PolicyScope): SessionNode | null {
    for (const { members, settings } of this.#partsOf(this.#hierarchy.upstreamLayers(upstream, scope))) {
      const session = members.session?.(settings) ?? null;
      if (session !== null) return session;
    }
    return null;
  }

  /** `layers`: by index of the backend, since backends of one rule may belong to Services with policies of their own. */
  requestsOf(layers: readonly (readonly PolicyLayer[])[], ofRule: readonly PolicyLayer[]): RuleRequests {
    const each = layers.map((list) => this.#lowerRequests(list));
    const [first] = each;
    const rule =
      first !== undefined && each.every((requests) => isEqualData(requests, first))
        ? first
        : this.#lowerRequests(ofRule);
    return { rule, backends: each.map((requests) => (isEqualData(requests, rule) ? undefined : requests)) };
  }

  #lowerRequests(layers: readonly PolicyLayer[]): RequestPolicy {
    return this.#requests.of(this.#partsOf(layers), '', ({ members, settings }) =>
      members.requests?.(settings),
    );
  }

  /** What the layers set, by settings that have members. */
  #partsOf(layers: readonly PolicyLayer[]): readonly MemberPart[] {
    if (layers.length === 0) return NO_PARTS;
    return this.#hierarchy.settings.flatMap((settings): readonly MemberPart[] => {
      if (settings.merge !== 'override-fields' || settings.members === undefined) return [];
      const combined = this.#hierarchy.combine(settings, layers);
      if (combined.contributors.length === 0) return [];
      return [{ combined, members: settings.members, settings: combined.merged.spec }];
    });
  }
}

interface MemberPart {
  readonly combined: Combined;
  readonly members: MemberLowering;
  readonly settings: object;
}

const NO_PARTS: readonly MemberPart[] = [];

/** Members that several settings contribute to. Those of the same parts are one object. */
class PartialMembers<Members extends object> {
  readonly #defaults: Members;
  readonly #known = new WeakMap<Members, WeakMap<Combined, Map<string, Members>>>();

  constructor(defaults: Members) {
    this.#defaults = defaults;
  }

  /** `variant`: what the members depend on besides the parts. */
  of(
    parts: readonly MemberPart[],
    variant: string,
    lower: (part: MemberPart) => Partial<Members> | undefined,
  ): Members {
    return parts.reduce((base, part) => {
      const known = this.#variants(base, part.combined);
      const members = known.get(variant) ?? { ...base, ...lower(part) };
      known.set(variant, members);
      return members;
    }, this.#defaults);
  }

  #variants(base: Members, combined: Combined): Map<string, Members> {
    const ofBase = this.#known.get(base) ?? new WeakMap<Combined, Map<string, Members>>();
    this.#known.set(base, ofBase);
    const variants = ofBase.get(combined) ?? new Map<string, Members>();
    ofBase.set(combined, variants);
    return variants;
  }
}

/** The `Host` of health checks if no policy sets one. An XBackend outside of the cluster has its own name. */
const hostOf = ({ ref, discovery }: Upstream): string =>
  ref.kind === 'XBackend' && discovery.kind === 'dns'
    ? discovery.hostname
    : `${ref.name}.${ref.namespace}.svc`;
