/**
 * RateLimitPolicy. A request is checked against all limits that count it, and takes a token of each only if all have one: a request that
 * is refused uses up nothing. Limits by identity act after authentication, all others before it.
 */
import { needsPrincipal, type RateLimit } from '../../../ir/rate-limit.ts';
import type { RateLimitValue } from '../../../ir/policy-value.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { ExchangeKey, FilterAnswer, FilterOutcome, HttpFilter } from '../../exchange/http-filter.ts';
import type { Leases } from '../../limits/leases.ts';
import type { Slot } from '../../limits/slot.ts';
import type { FilterDefinition, FilterDeps, FilterParts } from '../definition.ts';
import type { RequestStage } from '../order.ts';
import { CompiledLimit } from './compiled-limit.ts';
import { addLimitFields, type CountedLimit } from './limit-fields.ts';
import { InFlightTokens } from './in-flight-tokens.ts';
import { TokenWait } from './token-wait.ts';

const KIND = 'rate-limit';

/** Tokens that the limits before authentication gave: those after it give them back when they refuse the request. */
const TAKEN_BEFORE: ExchangeKey<readonly CountedLimit[]> = { absent: [] };

const definition = (
  stage: RequestStage,
  isWanted: (limit: RateLimit) => boolean,
): FilterDefinition<RateLimitValue> => ({
  kind: KIND,
  stages: { request: stage },
  precedence: 'both',
  actsFor: ({ settings: { limits } }) => limits.some(isWanted),
  compile: ({ settings: { limits } }, deps): FilterParts => {
    const wanted = limits.filter(isWanted);
    const isSplit = wanted.length < limits.length;
    return { request: new RateLimiting(wanted, { isFirst: isSplit && stage === 'rate-limit' }, deps) };
  },
  // Those of the rule have counted before a backend is chosen.
  added: (ofBackend, { settings }) => {
    const ids = new Set(settings.limits.map(({ id }) => id));
    const limits = ofBackend.settings.limits.filter(({ id }) => !ids.has(id));
    return limits.length === 0 ? null : { ...ofBackend, settings: { limits } };
  },
  protection: {
    line: 'limits',
    explain: ({ settings: { limits } }) =>
      limits.map(({ name, policy, mode }) => ({
        policy,
        level: '',
        effect: mode === 'audit' ? `${name} (audit: refuses nothing)` : name,
      })),
  },
  describe: ({ settings: { limits } }) => `rate limits ${limits.map(({ name }) => name).join(', ')}`,
});

export const RATE_LIMIT = definition('rate-limit', (limit) => !needsPrincipal(limit));
export const CLIENT_RATE_LIMIT = definition('client-rate-limit', needsPrincipal);

export class RateLimiting implements HttpFilter {
  readonly kind = KIND;
  readonly leases: Leases;
  readonly #limits: readonly CompiledLimit[];
  /** Limits by identity follow. */
  readonly #isFirst: boolean;

  constructor(limits: readonly RateLimit[], { isFirst }: { readonly isFirst: boolean }, deps: FilterDeps) {
    this.leases = deps.leases;
    this.#limits = limits.map((limit) => new CompiledLimit(limit, deps));
    this.#isFirst = isFirst;
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    const counted: CountedLimit[] = [];
    for (const limit of this.#limits) {
      if (limit.counts(exchange)) counted.push({ limit, slot: limit.slotFor(exchange, run) });
    }
    if (counted.length === 0) return 'continue';
    for (const { slot } of counted) {
      if (this.leases.hasToken(slot)) continue;
      return this.unknownOf(counted) === null ? this.finish(run, counted) : new TokenWait(this, run, counted);
    }
    this.#pass(run, counted, counted);
    return 'continue';
  }

  /** A slot that the ledger has to be asked for; null: what is known decides. */
  unknownOf(counted: readonly CountedLimit[]): Slot | null {
    let unknown: Slot | null = null;
    for (const { limit, slot } of counted) {
      if (this.leases.hasToken(slot)) continue;
      if (!this.leases.isRefused(slot)) unknown ??= slot;
      else if (!limit.isAudit) return null;
    }
    return unknown;
  }

  /** Takes a token of each limit, or refuses. `counted`: `unknownOf` is null. */
  finish(run: FilterRun, counted: readonly CountedLimit[]): 'continue' | FilterAnswer {
    const { leases } = this;
    const lacking = counted.filter(({ slot }) => !leases.hasToken(slot));
    const refusing = lacking.find(({ limit }) => !limit.isAudit) ?? null;
    if (refusing !== null) {
      addLimitFields(run, counted, refusing, leases.now());
      for (const { slot } of run.kept(TAKEN_BEFORE)) leases.refund(slot);
      return refusing.limit.refusal.apply(run);
    }
    // In mode Audit, which lets the request pass.
    for (const { limit } of lacking) limit.refusal.apply(run);
    this.#pass(
      run,
      counted,
      lacking.length === 0 ? counted : counted.filter((each) => !lacking.includes(each)),
    );
    return 'continue';
  }

  /** Takes a token of each of `available`, which are those of `counted` that have one. */
  #pass(run: FilterRun, counted: readonly CountedLimit[], available: readonly CountedLimit[]): void {
    const { leases } = this;
    let hasInFlight = false;
    for (const { slot } of available) {
      leases.take(slot);
      hasInFlight ||= slot.limit.isInFlight;
    }
    if (hasInFlight) run.observeEnd(new InFlightTokens(leases, available));
    if (this.#isFirst) run.keep(TAKEN_BEFORE, available);
    addLimitFields(run, counted, null, leases.now());
  }
}
