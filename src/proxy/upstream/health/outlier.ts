/** The request results of one endpoint, and whether it is ejected (passive health check). */
import { TimerEntry } from '../../net/timer-wheel.ts';
import { isGatewayError, type OutcomeSink } from './outcome.ts';
import type { OutlierDetector } from './outlier-detector.ts';
import { SuccessWindow } from './success-window.ts';

export type EjectionCause = 'consecutive_5xx' | 'gateway_errors' | 'success_rate';

export class Outlier extends TimerEntry implements OutcomeSink {
  readonly name: string;
  readonly #detector: OutlierDetector;
  readonly #window: SuccessWindow | null;
  /** Clusters that list the endpoint. */
  uses = 0;
  /** Why it is ejected; null while it is not. */
  cause: EjectionCause | null = null;
  /** Time of the last ejection, by the wheel's clock. */
  ejectedAtMs = 0;
  /** Until when. */
  returnsAtMs = 0;
  /** Ejection count: each ejection is longer than the last one. */
  timesEjected = 0;
  #consecutive5xx = 0;
  #consecutiveGatewayErrors = 0;

  constructor(name: string, detector: OutlierDetector) {
    super();
    this.name = name;
    this.#detector = detector;
    const { successRateThreshold, successRateWindowMs } = detector.policy;
    this.#window = successRateThreshold > 0 ? new SuccessWindow(successRateWindowMs) : null;
  }

  answered(status: number): void {
    if (status >= 500) this.#bad(isGatewayError(status));
    else if (this.cause === null) {
      this.#consecutive5xx = 0;
      this.#consecutiveGatewayErrors = 0;
      this.#window?.add(true, this.#detector.wheel.now());
    }
  }

  failed(): void {
    this.#bad(true);
  }

  /** Results during an ejection belong to earlier requests and are ignored. */
  #bad(isGateway: boolean): void {
    if (this.cause !== null) return;
    const { policy, wheel } = this.#detector;
    this.#window?.add(false, wheel.now());
    this.#consecutive5xx++;
    this.#consecutiveGatewayErrors = isGateway ? this.#consecutiveGatewayErrors + 1 : 0;
    if (policy.consecutive5xx > 0 && this.#consecutive5xx >= policy.consecutive5xx) {
      this.#detector.eject(this, 'consecutive_5xx');
    } else if (
      policy.consecutiveGatewayErrors > 0 &&
      this.#consecutiveGatewayErrors >= policy.consecutiveGatewayErrors
    ) {
      this.#detector.eject(this, 'gateway_errors');
    }
  }

  /** The success rate is too low. */
  isBelowSuccessRate(nowMs: number): boolean {
    const { successRateThreshold, successRateMinRequests } = this.#detector.policy;
    const window = this.#window;
    if (window === null || window.total(nowMs) < Math.max(1, successRateMinRequests)) return false;
    return window.successPercent(nowMs) < successRateThreshold;
  }

  /** It returns with reset counters, except for the ejection count. */
  readmit(): void {
    this.cause = null;
    this.#consecutive5xx = 0;
    this.#consecutiveGatewayErrors = 0;
    this.#window?.clear();
  }

  override onTimer(): void {
    this.#detector.readmit(this);
  }
}
