/** The limits of a configuration, as the ledger and the leases know them. */
import { originOfDataPlane, type DataPlaneId } from '../../ir/data-plane-id.ts';
import type { RateLimit } from '../../ir/rate-limit.ts';
import type { LimitSpec } from './limit.ts';

/** Policies of two Gateways have nothing in common, even where one object is attached to both. */
export const limitSpec = (
  dataPlane: DataPlaneId,
  { id, name, policy, allowance, maxKeys }: RateLimit,
): LimitSpec => ({
  id: `${dataPlane} ${id}`,
  capacity: allowance.kind === 'rate' ? allowance.burst : allowance.requests,
  refillPerMs: allowance.kind === 'rate' ? allowance.requests / allowance.periodMs : 0,
  maxKeys,
  labels: { gateway: originOfDataPlane(dataPlane), policy, limit: name },
});
