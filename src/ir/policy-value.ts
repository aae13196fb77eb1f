/** Policies as the data plane carries them, beside the settings that have members of their own (timeouts, retries, sessions, pools). */
import type { Origin } from './origin.ts';

/** What the policies of one kind amount to for the rule, backend, listener or port that carries the value. */
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
export type PolicyValue = PolicyValueOf<string, object>;
