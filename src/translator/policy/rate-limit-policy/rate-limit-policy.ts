/** RateLimitPolicy: how many requests a key may send. policy/combine.ts says which limits apply, proxy/filter/rate-limit what they do. */
import type { RateLimitPolicy } from '../../../gatewayapi/generated/types.ts';
import { SLUICE_GROUP } from '../../../gatewayapi/ref.ts';
import type { RateLimit, RateLimits } from '../../../ir/rate-limit.ts';
import type { PolicyKind } from '../policy-kind.ts';
import type { AddingSettings, AppliedItem, PolicyItem } from '../policy-settings.ts';
import { limitFaults, readLimit, type LimitSettings } from './limit.ts';

export interface RateLimitPolicySettings {
  readonly precedence: 'Override' | 'Default';
  /** null: an exemption from farther limits of this name. */
  readonly limits: readonly { readonly name: string; readonly settings: LimitSettings | null }[];
}

const RATE_LIMIT_SETTINGS: AddingSettings<RateLimitPolicySettings> = {
  merge: 'add-up',
  name: 'rate-limit',
  carriers: ['rule', 'backend'],
  fields: {},
  itemsOf: ({ precedence, limits }) =>
    limits.map(({ name, settings }, index): PolicyItem => {
      const path = `limits[${String(index)}]`;
      return settings === null
        ? { path, name, precedence, isExemption: true, value: {} }
        : { path, name, precedence, value: settings };
    }),
  // A policy that is attached at two levels has each limit once.
  lower(items): RateLimits {
    const limits = new Map(items.map(lowerLimit).map((limit) => [limit.id, limit]));
    return { limits: [...limits.values()] };
  },
};

export const RATE_LIMIT_POLICY: PolicyKind<RateLimitPolicy, RateLimitPolicySettings> = {
  group: SLUICE_GROUP,
  kind: 'RateLimitPolicy',
  objects: ({ rateLimitPolicies }) => rateLimitPolicies,
  targets: ['Gateway', 'ListenerSet', 'HTTPRoute', 'GRPCRoute'],
  attachment: { kind: 'inherited' },
  whenInvalid: 'closes',
  hasReferences: false,
  isReferable: true,
  settings: RATE_LIMIT_SETTINGS,
  read({ spec }, { options }) {
    const { precedence = 'Override', limits } = spec;
    const faults = limits.flatMap((limit, index) =>
      limitFaults(limit, `spec.limits[${String(index)}]`, options.measureRegex),
    );
    const read = limits.map((limit) => ({ name: limit.name, settings: readLimit(limit, spec) }));
    return {
      settings: faults.length > 0 ? null : { precedence, limits: read },
      faults,
      referenceFaults: [],
      warnings: [],
    };
  },
};

function lowerLimit({ value, policy }: AppliedItem): RateLimit {
  const settings = value as LimitSettings;
  return { id: `${policy.namespace}/${policy.name}/${settings.name}`, policy, ...settings };
}
