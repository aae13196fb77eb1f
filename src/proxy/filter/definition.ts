/** What a kind of filter consists of: a file (or folder) of this folder exports one definition, and filters.ts lists it. */
import type { FollowedKeySet } from '../../credentials/key-sets.ts';
import type { PasswordChecks } from '../../credentials/password-checks.ts';
import type { HeaderEdit } from '../../ir/filter.ts';
import type { ClusterId, KeySetId, SecretId } from '../../ir/ids.ts';
import type { RateLimit } from '../../ir/rate-limit.ts';
import type { PolicySecret } from '../../ir/secret.ts';
import type { HttpFilter } from '../exchange/http-filter.ts';
import type { RefusalCounter, RefusalLabels } from '../exchange/policy-refusals.ts';
import type { LeasedLimit } from '../limits/leased-limit.ts';
import type { Leases } from '../limits/leases.ts';
import type { ConnectionFilter } from '../net/connection-filter.ts';
import type { ExplainedRequest, FilterOutcome } from '../router/explain-filters.ts';
import type { ExplainedPolicies, ExplainedPolicy } from '../router/explain-policies.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { ConnectionStage, RequestStage, ResponseStage } from './order.ts';

/** What a policy refuses, on the Gateway that it is compiled for. */
export type PolicyRefusal = Omit<RefusalLabels, 'gateway'>;

export interface FilterDeps {
  /** null: the configuration names a cluster that it does not define. */
  readonly clusterOf: (id: ClusterId) => UpstreamCluster | null;
  /** Where a policy counts what it refuses. */
  readonly refusalCounterOf: (labels: PolicyRefusal) => RefusalCounter;
  /** Tokens of limits. */
  readonly leases: Leases;
  /** A limit of the data plane that is compiled. */
  readonly limitOf: (limit: RateLimit) => LeasedLimit;
  /** null: the configuration names a key set that it does not define. */
  readonly keySetOf: (id: KeySetId) => FollowedKeySet | null;
  /** null: the configuration names a secret that it does not have. */
  readonly secretOf: (id: SecretId) => PolicySecret | null;
  readonly passwords: PasswordChecks;
}

/** What a filter does, by where it acts. Edits are merged when the rule is compiled, and cost nothing else per request. */
export interface FilterParts {
  readonly request?: HttpFilter;
  readonly response?: HttpFilter;
  readonly requestEdit?: HeaderEdit;
  readonly responseEdit?: HeaderEdit;
}

/** Which filters of a kind act on a request where both its rule and its backend have some. */
export type Precedence = 'both' | 'rule' | 'backend';

/** A filter in the configuration, or a policy that acts as one: of a kind that the table of filters may or may not have. */
export interface FilterConfig {
  readonly kind: string;
}

/** A kind that acts at several stages has a definition for each; `explain` and the rules of policies ask the first that has the member. */
export interface FilterDefinition<Config extends FilterConfig = FilterConfig> {
  readonly kind: Config['kind'];
  /** Where it acts on requests, and on responses. */
  readonly stages: { readonly request?: RequestStage; readonly response?: ResponseStage };
  readonly precedence: Precedence;
  /** Whether a filter of this configuration acts at these stages; absent: always. */
  actsFor?(config: Config): boolean;
  /**
   * Makes a filter. May throw: the rule then answers 500 and is reported. Called once for a rule, and for stages of forwarding once for
   * each of its backends: what the object keeps, it keeps for these. Of a policy that a listener carries, the response parts act on
   * responses to requests that reach no rule of the listener.
   */
  compile(config: Config, deps: FilterDeps): FilterParts;
  /**
   * What a backend's policy adds to its rule's policy of the same kind, which acts as well. null: nothing. Not called for equal values,
   * which add nothing. Absent: all of the backend's value acts, as `precedence` has it.
   */
  added?(ofBackend: Config, ofRule: Config): Config | null;
  /** For policies of ports, listeners and layer-4 rules. Absent: the kind cannot act there, and what carries it is closed. */
  readonly connection?: ConnectionDefinition<Config>;
  /**
   * Of a kind that answers CORS preflights: what does so, compiled from the filter that `FilterTable.preflightOf` names for a rule, which may
   * be one of its backends'.
   */
  compilePreflight?(config: Config, deps: FilterDeps): FilterParts;
  /** Of filters and policies that protect: where `explain` lists them, and what each policy in the configuration does. */
  readonly protection?: {
    readonly line: keyof ExplainedPolicies;
    explain(config: Config): readonly ExplainedPolicy[];
    /** It never refuses a request without credentials: it is optional, or only notes what it would refuse. Absent: it does. */
    admitsAnonymous?(config: Config): boolean;
  };
  /** In a few words, for people. */
  describe(config: Config): string;
  /** Its response to a request, for explanations; null: the request goes on. Absent: it has none, or nothing tells beforehand. */
  outcome?(config: Config, request: ExplainedRequest): FilterOutcome | null;
}

/** How a kind of policy acts on connections and flows. */
export interface ConnectionDefinition<Config extends FilterConfig = FilterConfig> {
  readonly stage: ConnectionStage;
  /**
   * Makes a filter for one port, rule or backend of layer 4. May throw: what carries the policy then refuses its connections. `before`:
   * the filter of this kind that was there under the configuration before, whose counts of open connections may be taken over; null for
   * none. While the policy stays the same, so does its filter.
   */
  compile(config: Config, deps: FilterDeps, before: ConnectionFilter | null): ConnectionFilter;
}
