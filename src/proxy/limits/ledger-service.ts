/** The ledger of a proxy at work: its limits follow the configurations, and it wakes up when there is something to do. */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { PolicyValue, RateLimitValue } from '../../ir/policy-value.ts';
import type { RouteRule } from '../../ir/route.ts';
import type { LimitClock } from './clock.ts';
import { Ledger, type LedgerOptions, type LimitUsage } from './ledger.ts';
import type { LeaseReport, LimitSpec } from './limit.ts';
import { limitSpec, shareOf } from './limit-spec.ts';

/** How late a recall may expire. */
const EXPIRY_CHECK_MS = 25;
const PRUNE_MS = 1_000;

export interface LedgerServiceOptions extends LedgerOptions {
  readonly clock: LimitClock;
}

export class LedgerService {
  readonly #clock: LimitClock;
  readonly #ledger: Ledger;
  readonly #known = new WeakMap<readonly RouteRule[], readonly LimitSpec[]>();
  #specs: readonly LimitSpec[] = [];
  #proxies = 1;
  #isWatching = false;
  #isPruning = false;

  constructor(options: LedgerServiceOptions) {
    this.#clock = options.clock;
    this.#ledger = new Ledger(options);
  }

  get usage(): readonly LimitUsage[] {
    return this.#ledger.usage;
  }

  /** Exactly the limits of these configurations from here on. */
  configure(configs: readonly GatewayConfig[]): void {
    this.#specs = configs.flatMap((config) => this.#specsOf(config));
    this.#update();
  }

  /** So many proxies share the limits that are for a Gateway, this one included. */
  shareAmong(proxies: number): void {
    if (proxies === this.#proxies) return;
    this.#proxies = proxies;
    this.#update();
  }

  #update(): void {
    const specs = this.#proxies === 1 ? this.#specs : this.#specs.map((spec) => shareOf(spec, this.#proxies));
    this.#ledger.configure(specs, this.#clock.now());
  }

  #specsOf({ dataPlane, rules }: GatewayConfig): readonly LimitSpec[] {
    const known = this.#known.get(rules);
    if (known !== undefined) return known;
    const values = new Set(rules.flatMap(valuesOf));
    const specs = new Map<string, LimitSpec>();
    for (const { settings } of values) {
      for (const limit of settings.limits) {
        const spec = limitSpec(dataPlane, limit);
        specs.set(spec.id, spec);
      }
    }
    const found = [...specs.values()];
    this.#known.set(rules, found);
    return found;
  }

  receive(worker: number, reports: readonly LeaseReport[]): void {
    this.#ledger.receive(worker, reports, this.#clock.now());
    if (this.#ledger.isWaiting && !this.#isWatching) this.#watch();
    if (!this.#isPruning) this.#prune();
  }

  /** The process of a worker has ended. */
  workerEnded(worker: number): void {
    this.#ledger.workerEnded(worker, this.#clock.now());
  }

  #watch(): void {
    this.#isWatching = true;
    this.#clock.after(EXPIRY_CHECK_MS, () => {
      this.#isWatching = false;
      this.#ledger.expire(this.#clock.now());
      if (this.#ledger.isWaiting) this.#watch();
    });
  }

  #prune(): void {
    this.#isPruning = true;
    this.#clock.after(PRUNE_MS, () => {
      this.#isPruning = false;
      this.#ledger.prune(this.#clock.now());
      if (this.#ledger.usage.some(({ keys }) => keys > 0)) this.#prune();
    });
  }
}

const NONE: readonly RateLimitValue[] = [];

/** Of a rule and its backends. */
function valuesOf({ policies, action }: RouteRule): readonly RateLimitValue[] {
  const backends = action.kind === 'forward' ? action.backends : [];
  const all = [
    ...(policies ?? NONE),
    ...backends.flatMap((backend) => (backend.kind === 'cluster' ? (backend.policies ?? NONE) : NONE)),
  ];
  return all.filter(isRateLimit);
}

const isRateLimit = (value: PolicyValue): value is RateLimitValue => value.kind === 'rate-limit';
