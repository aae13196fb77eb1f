/** Policies in the configuration of the data plane, except settings with their own members (timeouts, retries, sessions, pools). */
import type { Origin } from './origin.ts';
import type { RateLimits } from './rate-limit.ts';

/** What a policy is attached to. */
export type PolicyLevel =
  'Gateway' | 'ListenerSet' | 'listener' | 'backend' | 'route' | 'rule' | 'backendRef';

/** The combined value of the policies of one kind for a rule, backend, listener or port. */
export interface PolicyValueOf<Kind extends string, Settings> {
  readonly kind: Kind;
  readonly settings: Settings;
  /** The policies that it comes from, weakest first: for logs, metrics and explanations. */
  readonly from: readonly Origin[];
}

/**
 * A new kind of policy adds one member. The last member covers kinds of a newer controller that this version does not know: a
 * rule must not be served without a policy that may protect it.
 */
export type PolicyValue = RateLimitValue | PolicyValueOf<string, object>;

/** RateLimitPolicy. */
export type RateLimitValue = PolicyValueOf<'rate-limit', RateLimits>;
