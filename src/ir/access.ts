/** AccessPolicies that govern a rule. */
import type { Origin } from './origin.ts';
import type { PolicyResponse } from './policy-response.ts';
import type { PolicyLevel, PolicyValueOf } from './policy-value.ts';
import type { RequestConditions } from './request-conditions.ts';

export type AccessValue = PolicyValueOf<'access', AccessSettings>;

/** Every `deny` comes first; then each `allow` must let the request through. */
export interface AccessSettings {
  readonly policies: readonly AccessPolicyIr[];
}

export interface AccessPolicyIr {
  readonly policy: Origin;
  readonly level: PolicyLevel;
  /** `deny` refuses what matches a rule, `allow` what matches none. */
  readonly action: 'allow' | 'deny';
  readonly mode: 'enforce' | 'audit';
  readonly rules: readonly AccessRule[];
  /** null: the usual reply. */
  readonly response: PolicyResponse | null;
}

export interface AccessRule extends RequestConditions {
  readonly name: string;
  /** null: no condition on the principal. */
  readonly principal: PrincipalCondition | null;
}

export interface PrincipalCondition {
  readonly authenticated: boolean;
  /** Users, or clients of API keys; null: any. */
  readonly users: readonly string[] | null;
  /** All of these. */
  readonly claims: readonly { readonly name: string; readonly values: readonly string[] }[];
}
