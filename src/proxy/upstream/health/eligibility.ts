/**
 * Which endpoints get new requests. Order of precedence: EndpointSlice (ready; draining ones only if nothing is ready, KEP-1672), then
 * active check, then passive ejection, then the panic threshold. Pure.
 */
import type { Endpoint } from '../../../ir/cluster.ts';

export interface EndpointState {
  readonly name: string;
  readonly state: Endpoint['state'];
  readonly health: {
    /** It must pass a check first. Until then it counts as not ready, even in panic mode. */
    readonly isPending: boolean;
    /** Its checks fail. */
    readonly isFailing: boolean;
    /** It is ejected. */
    readonly isEjected: boolean;
    /** No cause: it is healthy. */
    readonly isGood: boolean;
  };
}

export interface Eligibility<E> {
  readonly eligible: readonly E[];
  /** Too few are healthy: health is ignored. */
  readonly isPanicking: boolean;
}

/** `panicThresholdPercent`: health is ignored while a smaller share than this is healthy; 0 = never. */
export function selectEligible<E extends EndpointState>(
  endpoints: readonly E[],
  panicThresholdPercent: number,
): Eligibility<E> {
  const candidates = candidatesOf(endpoints);
  const good = candidates.filter(({ health }) => health.isGood);
  if (good.length === candidates.length) return { eligible: candidates, isPanicking: false };
  if (good.length * 100 < panicThresholdPercent * candidates.length) {
    return { eligible: candidates, isPanicking: true };
  }
  if (good.length > 0) return { eligible: good, isPanicking: false };
  // Ejection alone never takes the last one: others may have been removed since.
  return { eligible: candidates.filter(({ health }) => !health.isFailing), isPanicking: false };
}

/**
 * Whether one more may be ejected: another healthy one must remain, and at most `maxEjectionPercent` may be out; of
 * a few endpoints one may always be ejected, since otherwise the check would have no effect.
 */
export function canEject(
  endpoints: readonly EndpointState[],
  name: string,
  maxEjectionPercent: number,
): boolean {
  const candidates = candidatesOf(endpoints);
  const ejected = candidates.filter(({ health }) => health.isEjected).length;
  const allowed = Math.max(1, Math.floor((candidates.length * maxEjectionPercent) / 100));
  if (maxEjectionPercent === 0 || ejected >= allowed) return false;
  return candidates.some((endpoint) => endpoint.name !== name && endpoint.health.isGood);
}

function candidatesOf<E extends EndpointState>(endpoints: readonly E[]): readonly E[] {
  const known = endpoints.filter(({ health }) => !health.isPending);
  const ready = known.filter(({ state }) => state === 'ready');
  return ready.length > 0 ? ready : known;
}
