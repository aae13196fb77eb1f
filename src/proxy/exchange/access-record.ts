/** What one finished exchange reports to the access log. Built only when a log is on and the sample hits. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { RequestLabels } from './request-counters.ts';

/** Milliseconds since the request's head was complete; null = it did not come to that. */
export interface AccessTimings {
  /** A connection to the backend was there (of the last try). */
  readonly connectedMs: number | null;
  /** First byte of the backend's answer. */
  readonly responseHeadMs: number | null;
  readonly totalMs: number;
}

export interface AccessRecord {
  /** Milliseconds since the epoch, when the request's head was complete. */
  readonly startedAtMs: number;
  /** What the request belongs to. The same object for all requests of which the same is to be said. */
  readonly labels: RequestLabels;
  /** `address:port` of the last try. */
  readonly endpoint: string | null;
  readonly status: number;
  /** null: the backend's answer was passed on. */
  readonly reason: ReasonCode | null;
  /** Payload bytes, without heads and framing. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly timings: AccessTimings;
  /** Tries after the first. */
  readonly retries: number;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  readonly method: string;
  /** Normalised, without query. */
  readonly path: string;
  readonly host: string;
  readonly clientIp: string;
  readonly requestId: string;
  /** From `traceparent`; null without one. */
  readonly traceId: string | null;
}

export interface AccessLogSink {
  /** Decides whether the exchange that has just finished is written; called before the record is built. */
  sample(): boolean;
  write(record: AccessRecord): void;
}
