/** Counts requests and retries for /metrics, in the counters of the rule or backend that each request belongs to. */
import type { ExchangeObserver } from './exchange-observer.ts';

export const requestMetrics: ExchangeObserver = {
  attemptEnded(exchange, _outcome, retry) {
    if (retry !== null) exchange.counters.countRetry(retry.reason);
  },
  requestFinished(exchange, nowMs) {
    exchange.counters.add(exchange, nowMs - exchange.startedAtMs);
  },
};
