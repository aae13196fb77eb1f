/** What all exchanges of a proxy share. */
import type { AccessLogSink } from './access-record.ts';
import type { MirrorStats } from './mirror-request.ts';
import type { SessionTokens } from '../upstream/session-tokens.ts';
import type { RequestCounters } from './request-counters.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';

export interface ExchangeContext {
  readonly wheel: TimerWheel;
  /** null = off. */
  readonly accessLog: AccessLogSink | null;
  /** For requests that no listener takes. */
  readonly unrouted: RequestCounters;
  readonly mirrors: MirrorStats;
  readonly sessions: SessionTokens;
  activeRequests: number;
  /** `performance.timeOrigin`: what turns the wheel's clock into the time of day. */
  readonly timeOriginMs: number;
}
