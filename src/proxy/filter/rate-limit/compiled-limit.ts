/** One limit of a rule, compiled. */
import type { LimitMatch, RateLimit } from '../../../ir/rate-limit.ts';
import type { CidrSet } from '../../../lib/cidr-set.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { FilterRun } from '../../exchange/filter-run.ts';
import type { LeasedLimit } from '../../limits/leased-limit.ts';
import type { Slot } from '../../limits/slot.ts';
import { MatchState } from '../../router/match-state.ts';
import type { FilterDeps } from '../definition.ts';
import { policyReply } from '../policy/policy-reply.ts';
import { Refusal } from '../policy/refusal.ts';
import { cidrSetOf, CompiledConditions } from '../policy/request-conditions.ts';
import { compileKey, type LimitKey } from './limit-key.ts';

export class CompiledLimit {
  readonly config: RateLimit;
  readonly leased: LeasedLimit;
  readonly refusal: Refusal;
  readonly isAudit: boolean;
  /** Fields that clients get. */
  readonly tells: RateLimit['headers'];
  /** In `RateLimit-Policy`. */
  readonly policyItem: string;
  readonly #keyOf: LimitKey;
  readonly #match: CompiledMatch | null;

  constructor(config: RateLimit, { limitOf, refusalCounterOf }: FilterDeps) {
    const { name, policy, mode, status, key, match } = config;
    this.config = config;
    this.leased = limitOf(config);
    this.refusal = new Refusal(
      refusalCounterOf({ policy, rule: name, reason: 'rate_limited', mode }),
      policyReply('rate_limited', { status, body: null }),
    );
    this.isAudit = mode === 'audit';
    this.tells = this.isAudit ? 'none' : config.headers;
    this.policyItem = policyItem(config);
    this.#keyOf = compileKey(key);
    const isForAll = match.methods.length + match.headers.length + match.notCidrs.length === 0;
    this.#match = isForAll ? null : new CompiledMatch(match);
  }

  counts(exchange: Exchange): boolean {
    return this.#match === null || this.#match.holds(exchange);
  }

  slotFor(exchange: Exchange, run: FilterRun): Slot {
    return this.leased.slotOf(this.#keyOf(exchange, run));
  }
}

const SECOND_MS = 1_000;

/** An item of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10): the quota, and its window in seconds. */
function policyItem({ name, allowance }: RateLimit): string {
  if (allowance.kind === 'in-flight') {
    return `"${name}";q=${String(allowance.requests)};qu="concurrent-requests"`;
  }
  const { requests, periodMs } = allowance;
  const seconds = Math.ceil(periodMs / SECOND_MS);
  const quota = Math.max(1, Math.floor((requests * seconds * SECOND_MS) / periodMs));
  return `"${name}";q=${String(quota)};w=${String(seconds)}`;
}

/** Of the limit at work. */
const state = new MatchState();

class CompiledMatch {
  readonly #conditions: CompiledConditions;
  readonly #exempt: CidrSet | null;

  constructor({ methods, headers, notCidrs }: LimitMatch) {
    this.#conditions = new CompiledConditions({
      clientCidrs: null,
      methods: methods.length === 0 ? null : methods,
      headers,
    });
    this.#exempt = notCidrs.length === 0 ? null : cidrSetOf(notCidrs);
  }

  holds(exchange: Exchange): boolean {
    if (this.#exempt?.has(exchange.clientAddress) === true) return false;
    state.start('');
    // A header that cannot be matched must not lead around the limit.
    return this.#conditions.meets(exchange, state) || state.refusal !== null;
  }
}
