/**
 * Ejects endpoints of a cluster that fail requests (passive health check). Consecutive errors eject at once. Every interval, success
 * rates are checked, and the ejection count of an endpoint without ejections in that time decreases by one.
 *
 * One detector serves every definition of a cluster that has the same passive check, so that what is known outlives a change of
 * anything else.
 */
import type { PassiveHealthCheck } from '../../../ir/policy.ts';
import { TimerEntry, type TimerWheel } from '../../net/timer-wheel.ts';
import { Outlier, type EjectionCause } from './outlier.ts';

/** A cluster whose endpoints are watched. */
export interface OutlierHost {
  /** False when ejecting the endpoint would leave too few. */
  canEject(name: string, maxEjectionPercent: number): boolean;
  onEjected(name: string, cause: EjectionCause): void;
  onReadmitted(name: string): void;
}

export class OutlierDetector extends TimerEntry {
  /** Key in the registry. */
  readonly key: string;
  readonly policy: PassiveHealthCheck;
  readonly wheel: TimerWheel;
  readonly hosts = new Set<OutlierHost>();
  readonly #outliers = new Map<string, Outlier>();

  constructor(key: string, policy: PassiveHealthCheck, wheel: TimerWheel) {
    super();
    this.key = key;
    this.policy = policy;
    this.wheel = wheel;
  }

  /** Must be returned with `release`. `name`: of the endpoint. */
  take(name: string): Outlier {
    let outlier = this.#outliers.get(name);
    if (outlier === undefined) {
      outlier = new Outlier(name, this);
      this.#outliers.set(name, outlier);
    }
    outlier.uses++;
    if (this.policy.successRateThreshold > 0) this.#watch();
    return outlier;
  }

  release(outlier: Outlier): void {
    outlier.uses--;
    if (outlier.uses > 0) return;
    this.wheel.remove(outlier);
    if (this.#outliers.get(outlier.name) === outlier) this.#outliers.delete(outlier.name);
    if (this.#outliers.size === 0) this.wheel.remove(this);
  }

  /** Ejects the endpoint unless too few would be left. */
  eject(outlier: Outlier, cause: EjectionCause): void {
    const { baseEjectionMs, maxEjectionMs, maxEjectionPercent } = this.policy;
    if (outlier.uses === 0 || baseEjectionMs === 0) return;
    for (const host of this.hosts) if (!host.canEject(outlier.name, maxEjectionPercent)) return;
    const grownMs = baseEjectionMs * (outlier.timesEjected + 1);
    const forMs = maxEjectionMs > 0 ? Math.min(grownMs, Math.max(baseEjectionMs, maxEjectionMs)) : grownMs;
    outlier.timesEjected++;
    outlier.cause = cause;
    outlier.ejectedAtMs = this.wheel.now();
    outlier.returnsAtMs = outlier.ejectedAtMs + forMs;
    this.wheel.schedule(outlier, outlier.returnsAtMs);
    this.#watch();
    for (const host of this.hosts) host.onEjected(outlier.name, cause);
  }

  readmit(outlier: Outlier): void {
    outlier.readmit();
    for (const host of this.hosts) host.onReadmitted(outlier.name);
  }

  #watch(): void {
    const { intervalMs } = this.policy;
    if (intervalMs > 0 && this.deadlineMs === Infinity)
      this.wheel.schedule(this, this.wheel.now() + intervalMs);
  }

  override onTimer(nowMs: number): void {
    const { intervalMs, successRateThreshold } = this.policy;
    let isNeeded = successRateThreshold > 0;
    for (const outlier of this.#outliers.values()) {
      if (outlier.cause === null) {
        if (outlier.timesEjected > 0 && nowMs - outlier.returnsAtMs >= intervalMs) outlier.timesEjected--;
        if (outlier.isBelowSuccessRate(nowMs)) this.eject(outlier, 'success_rate');
      }
      isNeeded ||= outlier.timesEjected > 0;
    }
    if (isNeeded) this.#watch();
  }
}
