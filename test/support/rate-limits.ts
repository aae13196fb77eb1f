/** Limits of RateLimitPolicies, for tests: what is not said is as plain as it can be. */
import type { RateLimitValue } from '../../src/ir/policy-value.ts';
import type { Allowance, RateLimit } from '../../src/ir/rate-limit.ts';

export const perMinute = (requests: number, burst = requests): Allowance => ({
  kind: 'rate',
  requests,
  periodMs: 60_000,
  burst,
});
export const inFlight = (requests: number): Allowance => ({ kind: 'in-flight', requests });

/** By client address. */
export const testLimit = (allowance: Allowance, overrides: Partial<RateLimit> = {}): RateLimit => {
  const name = overrides.name ?? 'per-client';
  return {
    id: `test/limits/${name}`,
    name,
    policy: { kind: 'RateLimitPolicy', namespace: 'test', name: 'limits' },
    mode: 'enforce',
    allowance,
    scope: 'gateway',
    key: [{ kind: 'client-ip', v4: 32, v6: 64 }],
    match: { methods: [], headers: [], notCidrs: [] },
    status: 429,
    headers: 'standard',
    maxKeys: 1_000,
    ...overrides,
  };
};

export const rateLimits = (...limits: readonly RateLimit[]): RateLimitValue => ({
  kind: 'rate-limit',
  settings: { limits },
  from: limits.map(({ policy }) => policy),
});
