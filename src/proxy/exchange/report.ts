/** What is left of an exchange when it is over: counters, and a record for the access log. */
import type { AccessRecord } from './access-record.ts';
import type { Exchange } from './exchange.ts';
import { formatRequestId } from '../message/request-id.ts';

const TRACE_ID = /^[0-9a-f]{2}-([0-9a-f]{32})-/;

export function reportExchange(exchange: Exchange): void {
  const nowMs = exchange.context.wheel.now();
  exchange.counters.add(exchange, nowMs - exchange.startedAtMs);
  const { accessLog } = exchange.context;
  if (accessLog?.sample() === true) accessLog.write(recordOf(exchange, nowMs));
}

function recordOf(exchange: Exchange, nowMs: number): AccessRecord {
  const { startedAtMs } = exchange;
  const since = (atMs: number): number | null => (atMs === 0 ? null : atMs - startedAtMs);
  return {
    startedAtMs: exchange.context.timeOriginMs + startedAtMs,
    labels: exchange.counters.labels,
    endpoint: exchange.endpoint?.name ?? null,
    status: exchange.status,
    reason: exchange.reason,
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
    requestId:
      exchange.requestNumber < 0 ? exchange.clientRequestId : formatRequestId(exchange.requestNumber),
    traceId: exchange.traceparent === '' ? null : (TRACE_ID.exec(exchange.traceparent)?.[1] ?? null),
  };
}
