/** The limits of a configuration, as the ledger and the leases know them. */
import { originOfDataPlane, type DataPlaneId } from '../../ir/data-plane-id.ts';
import type { RateLimit } from '../../ir/rate-limit.ts';
import type { LimitSpec } from './limit.ts';

/** Policies of two Gateways have nothing in common, even where one object is attached to both. */
export const limitSpec = (
  dataPlane: DataPlaneId,
  { id, name, policy, allowance, scope, maxKeys }: RateLimit,
): LimitSpec => ({
  id: `${dataPlane} ${id}`,
  capacity: allowance.kind === 'rate' ? allowance.burst : allowance.requests,
  refillPerMs: allowance.kind === 'rate' ? allowance.requests / allowance.periodMs : 0,
  maxKeys,
  isShared: scope === 'gateway',
  labels: { gateway: originOfDataPlane(dataPlane), policy, limit: name },
});

/**
 * What one of `proxies` may use of a limit, so that all of them together use no more than it has. Every proxy serves some requests: of a
 * limit that is smaller than the number of proxies, each has 1.
 */
export function shareOf(spec: LimitSpec, proxies: number): LimitSpec {
  if (!spec.isShared) return spec;
  const capacity = Math.max(Math.min(1, spec.capacity), Math.floor(spec.capacity / proxies));
  return { ...spec, capacity, refillPerMs: spec.refillPerMs / proxies };
}
