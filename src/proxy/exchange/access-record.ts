/** The summary of a finished exchange, as an access log shows it. Built only for exchanges that are logged. */
import type { ReasonCode } from '../../ir/reason.ts';
import { requestIdOf } from './exchange-request-id.ts';
import type { Exchange } from './exchange.ts';
import type { RefusalCounter } from './policy-refusals.ts';
import { PRINCIPAL, principalName } from './principal.ts';
import type { RequestLabels } from './request-counters.ts';

/** Milliseconds since the request's head was complete; null = not reached. */
export interface AccessTimings {
  /** The last attempt had a connection to the backend. */
  readonly connectedMs: number | null;
  /** First byte of the backend's response. */
  readonly responseHeadMs: number | null;
  readonly totalMs: number;
}

export interface AccessRecord {
  /** Milliseconds since the epoch, when the request's head was complete. */
  readonly startedAtMs: number;
  /** Labels of the request. Requests with equal labels share one object. */
  readonly labels: RequestLabels;
  /** `address:port` of the last attempt. */
  readonly endpoint: string | null;
  readonly status: number;
  /** null: the response is the backend's. */
  readonly reason: ReasonCode | null;
  /** The policy that refused the request. */
  readonly refusedBy: RefusalCounter | null;
  /** Policies in mode Audit that would have refused it. */
  readonly wouldRefuse: readonly RefusalCounter[];
  /** Who was authenticated; `` for no one. */
  readonly user: string;
  /** Payload bytes, without heads and framing. */
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly timings: AccessTimings;
  /** Attempts after the first. */
  readonly retries: number;
  readonly protocol: 'HTTP/1.0' | 'HTTP/1.1' | 'HTTP/2';
  readonly method: string;
  /** Normalized, without query. */
  readonly path: string;
  readonly host: string;
  readonly clientIp: string;
  readonly requestId: string;
  /** From `traceparent`; null without one. */
  readonly traceId: string | null;
}

const NO_REFUSALS: readonly RefusalCounter[] = [];
const TRACE_ID = /^[0-9a-f]{2}-([0-9a-f]{32})-/;

/** `nowMs`: when the exchange finished, as `requestFinished` passes it. */
export function accessRecord(exchange: Exchange, nowMs: number): AccessRecord {
  const { startedAtMs, traceparent, run } = exchange;
  const principal = run?.kept(PRINCIPAL) ?? null;
  const since = (atMs: number): number | null => (atMs === 0 ? null : atMs - startedAtMs);
  return {
    startedAtMs: exchange.context.timeOriginMs + startedAtMs,
    labels: exchange.counters.labels,
    endpoint: exchange.endpoint?.name ?? null,
    status: exchange.status,
    reason: exchange.reason,
    refusedBy: run?.refusedBy ?? null,
    wouldRefuse: run?.wouldRefuse ?? NO_REFUSALS,
    user: principal === null ? '' : principalName(principal),
    requestBytes: exchange.requestBytes,
    responseBytes: exchange.responseBytes,
    timings: {
      connectedMs: since(exchange.connectedAtMs),
      responseHeadMs: since(exchange.responseHeadAtMs),
      totalMs: nowMs - startedAtMs,
    },
    retries: exchange.retries,
    protocol: exchange.version,
    method: exchange.method,
    path: exchange.path,
    host: exchange.host,
    clientIp: exchange.clientAddress,
    requestId: requestIdOf(exchange),
    traceId: traceparent === '' ? null : (TRACE_ID.exec(traceparent)?.[1] ?? null),
  };
}
