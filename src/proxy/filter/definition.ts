/** What a kind of filter consists of: a file (or folder) of this folder exports one definition, and filters.ts lists it. */
import type { HeaderEdit } from '../../ir/filter.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { RouteRule } from '../../ir/route.ts';
import type { HttpFilter } from '../exchange/http-filter.ts';
import type { RefusalCounter, RefusalLabels } from '../exchange/policy-refusals.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import type { RequestStage, ResponseStage } from './order.ts';

/** What a policy refuses, on the Gateway that it is compiled for. */
export type PolicyRefusal = Omit<RefusalLabels, 'gateway'>;

export interface FilterDeps {
  /** null: the configuration names a cluster that it does not define. */
  readonly clusterOf: (id: ClusterId) => UpstreamCluster | null;
  /** Where a policy counts what it refuses. */
  readonly refusalCounterOf: (labels: PolicyRefusal) => RefusalCounter;
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

export interface FilterDefinition<Config extends FilterConfig = FilterConfig> {
  readonly kind: Config['kind'];
  /** Where it acts on requests, and on responses. */
  readonly stages: { readonly request?: RequestStage; readonly response?: ResponseStage };
  readonly precedence: Precedence;
  /**
   * Makes a filter. May throw: the rule then answers 500 and is reported. Called once for a rule, and for stages of forwarding once for
   * each of its backends: what the object keeps, it keeps for these.
   */
  compile(config: Config, deps: FilterDeps): FilterParts;
  /** In a few words, for people. */
  describe(config: Config): string;
  /** What the rule needs of this kind before a backend is chosen, besides its own filters. */
  compileForRule?(rule: RouteRule, deps: FilterDeps): FilterParts | null;
}
