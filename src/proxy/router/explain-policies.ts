/** Policies and filters that protect a rule, as an explanation lists them. */
import type { Origin } from '../../ir/origin.ts';

export interface ExplainedPolicy {
  /** The policy; null: a filter of the route. */
  readonly policy: Origin | null;
  /** What it is attached to: `Gateway`, `ListenerSet`, `listener`, `route`, `rule` or `backendRef`; empty if not known. */
  readonly level: string;
  /** What it does, in words. */
  readonly effect: string;
}

export interface ExplainedPolicies {
  /** Policies that decide who may send requests to the rule. */
  readonly access: readonly ExplainedPolicy[];
  /** What authenticates requests to the rule; empty for a public one. */
  readonly auth: readonly ExplainedPolicy[];
  /** Rate limits of the rule. */
  readonly limits: readonly ExplainedPolicy[];
}

export const NO_POLICIES: ExplainedPolicies = { access: [], auth: [], limits: [] };
