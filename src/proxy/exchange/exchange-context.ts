/** State that all exchanges of a proxy share. */
import type { ExchangeObserver } from './exchange-observer.ts';
import type { SessionTokens } from '../upstream/session-tokens.ts';
import type { RequestCounters } from './request-counters.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';

/** Mirrored copies of requests. */
export interface MirrorStats {
  sent: number;
  dropped: number;
}

export interface ExchangeContext {
  readonly wheel: TimerWheel;
  /** Receives the events of every exchange: those that count requests at least. */
  readonly observer: ExchangeObserver;
  /** For requests that no listener matches. */
  readonly unrouted: RequestCounters;
  readonly mirrors: MirrorStats;
  readonly sessions: SessionTokens;
  activeRequests: number;
  /** `performance.timeOrigin`: added to the wheel's clock, it gives the time of day. */
  readonly timeOriginMs: number;
}
