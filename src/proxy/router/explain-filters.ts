/** What an explanation asks about filters. Their table answers (proxy/filter), so that explanations keep no rules of their own. */
import type { PolicyValue } from '../../ir/policy-value.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { RouteRule, WeightedBackend } from '../../ir/route.ts';
import type { ExplainedPolicies } from './explain-policies.ts';
import type { RequestView } from './request-view.ts';

/** A filter, or a policy that acts as one, as it is configured, and what it does in words. */
export interface DescribedFilter {
  readonly kind: string;
  readonly description: string;
  /** Why it does not act where it stands; absent: it acts. */
  readonly overridden?: string;
}

/** As explanations know a request. */
export interface ExplainedRequest {
  readonly view: RequestView;
  /** It is a CORS preflight. */
  readonly isPreflight: boolean;
}

/** The response of a filter, in place of that of a backend. */
export interface FilterOutcome {
  readonly outcome: 'redirect' | 'answer' | 'refuse';
  readonly status: number;
  readonly reason: ReasonCode;
  readonly summary: string;
}

export interface ExplainedFilters {
  /** In the order in which they act. */
  readonly filters: readonly DescribedFilter[];
  /** Of the first that responds before the gateway's own checks, and so to requests that these refuse; null: none does. */
  readonly beforeChecks: FilterOutcome | null;
  /** Of the first that responds after them. */
  readonly afterChecks: FilterOutcome | null;
}

export interface FilterExplainer {
  /** Whether a filter of the rule answers CORS preflights. */
  answersPreflights(rule: RouteRule): boolean;
  ofRule(rule: RouteRule, request: ExplainedRequest): ExplainedFilters;
  /** Of a backend of the rule, once it is chosen. */
  ofBackend(rule: RouteRule, backend: WeightedBackend, request: ExplainedRequest): ExplainedFilters;
  /** The policies and filters that protect a rule, weakest first. */
  protecting(rule: Pick<RouteRule, 'policies'> & Partial<Pick<RouteRule, 'filters'>>): ExplainedPolicies;
  /** Of a listener, or of a layer-4 rule or one of its backends. */
  ofPolicies(policies: readonly PolicyValue[] | undefined): readonly DescribedFilter[];
}
