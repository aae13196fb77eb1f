/** The active check of one endpoint: its schedule and its state. */
import type { ActiveHealthCheck } from '../../../ir/policy.ts';
import { TimerEntry, type TimerWheel } from '../../net/timer-wheel.ts';
import { failed, type CheckResult, type Probe } from './check-result.ts';
import type { CheckSlots, SlotUser } from './check-slots.ts';

/** Minimum interval between checks, regardless of the policy. */
const MIN_INTERVAL_MS = 32;

export interface EndpointCheckDeps {
  readonly wheel: TimerWheel;
  readonly slots: CheckSlots;
  readonly random: () => number;
}

/** A cluster that uses the check. */
export interface CheckHost {
  /** `isNews`: the health of the endpoint has changed. */
  onChecked(name: string, result: CheckResult, isNews: boolean): void;
}

export class EndpointCheck extends TimerEntry implements SlotUser {
  readonly name: string;
  readonly tenant: string;
  readonly hosts = new Set<CheckHost>();
  readonly #policy: ActiveHealthCheck;
  readonly #probe: Probe;
  readonly #deps: EndpointCheckDeps;
  /** `pending`: it must pass once before it is used. Otherwise it is healthy until it fails often enough. */
  verdict: 'pending' | 'passing' | 'failing';
  /** When the state last changed, by the wheel's clock. */
  sinceMs: number;
  /** Detail of the last failed check; `` if none has failed since the last passed one. */
  detail = '';
  #passedInARow = 0;
  #failedInARow = 0;
  #startedAtMs = 0;
  /** Aborts the running check, if any. */
  #breakOff: (() => void) | null = null;
  #isRunning = false;
  #isStopped = false;
  #onFirst: (() => void)[] | null = [];

  constructor(
    endpoint: { readonly name: string; readonly tenant: string },
    policy: ActiveHealthCheck,
    probe: Probe,
    deps: EndpointCheckDeps,
  ) {
    super();
    this.name = endpoint.name;
    this.tenant = endpoint.tenant;
    this.#policy = policy;
    this.#probe = probe;
    this.#deps = deps;
    this.verdict = policy.requireInitialSuccess ? 'pending' : 'passing';
    this.sinceMs = deps.wheel.now();
  }

  start(): void {
    this.#deps.slots.request(this);
  }

  /** Starts with the state of another check with the same probe. */
  inherit({ verdict, sinceMs, detail }: EndpointCheck): void {
    this.verdict = verdict;
    this.sinceMs = sinceMs;
    this.detail = detail;
  }

  /** Resolves after the first check, regardless of its result. */
  async first(): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#onFirst === null) resolve();
      else this.#onFirst.push(resolve);
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#deps.wheel.remove(this);
    this.#deps.slots.cancel(this);
    if (this.#isRunning) {
      this.#isRunning = false;
      this.#breakOff?.();
      this.#breakOff = null;
      this.#deps.slots.release(this);
    }
    this.#tellFirst();
  }

  #tellFirst(): void {
    const waiting = this.#onFirst ?? [];
    this.#onFirst = null;
    for (const resolve of waiting) resolve();
  }

  onSlot(): void {
    const { wheel } = this.#deps;
    this.#isRunning = true;
    this.#startedAtMs = wheel.now();
    const { timeoutMs, intervalMs } = this.#policy;
    wheel.schedule(this, this.#startedAtMs + (timeoutMs > 0 ? timeoutMs : intervalMs));
    this.#breakOff = this.#probe.start((result) => {
      this.#finish(result);
    });
  }

  override onTimer(): void {
    if (!this.#isRunning) {
      this.#deps.slots.request(this);
      return;
    }
    this.#breakOff?.();
    this.#finish(failed('timeout'));
  }

  #finish(result: CheckResult): void {
    if (!this.#isRunning) return;
    this.#isRunning = false;
    this.#record(result);
    // Hosts may have released it.
    if (!this.#isStopped) this.#scheduleNext();
    this.#deps.slots.release(this);
    this.#tellFirst();
  }

  /** From start to start, with jitter, so that workers and endpoints do not check in step. */
  #scheduleNext(): void {
    const { intervalMs, jitterPercent } = this.#policy;
    const { wheel, random } = this.#deps;
    const delayMs = Math.max(MIN_INTERVAL_MS, intervalMs) * (1 + (random() * jitterPercent) / 100);
    wheel.schedule(this, Math.max(wheel.now(), this.#startedAtMs + delayMs));
  }

  #record(result: CheckResult): void {
    const before = this.verdict;
    if (result.failure === null) this.#passed();
    else this.#failed(result.detail);
    const isNews = before !== this.verdict;
    if (isNews) this.sinceMs = this.#deps.wheel.now();
    for (const host of [...this.hosts]) host.onChecked(this.name, result, isNews);
  }

  #passed(): void {
    this.#failedInARow = 0;
    this.#passedInARow++;
    this.detail = '';
    const needed = this.verdict === 'pending' ? 1 : this.#policy.healthyThreshold;
    if (this.#passedInARow >= needed) this.verdict = 'passing';
  }

  #failed(detail: string): void {
    this.#passedInARow = 0;
    this.#failedInARow++;
    this.detail = detail;
    if (this.verdict === 'passing' && this.#failedInARow >= this.#policy.unhealthyThreshold) {
      this.verdict = 'failing';
    }
  }
}
