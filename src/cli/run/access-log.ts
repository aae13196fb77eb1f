/** Access log records as JSON lines. Fields: docs/reference/access-log.md, held to this file by a test. */
import type { Origin, RuleOrigin } from '../../ir/origin.ts';
import type { AccessLogSink, AccessRecord } from '../../proxy/http/access-record.ts';
import type { LineWriter } from '../../telemetry/line-writer.ts';

/** Everything a line may hold, in this order; null fields are left out. */
export interface AccessLine {
  readonly time: string;
  readonly client: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly protocol: string;
  readonly status: number;
  readonly reason: string | null;
  readonly gateway: string | null;
  readonly listener: string | null;
  readonly route: string | null;
  readonly rule: string | null;
  readonly backend: string | null;
  readonly endpoint: string | null;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly durationMs: number;
  readonly connectMs: number | null;
  readonly responseMs: number | null;
  readonly retries: number;
  readonly requestId: string;
  readonly traceId: string | null;
}

/** `samplePercent` of the exchanges are written, evenly spread. */
export function createAccessLog(writer: LineWriter, samplePercent: number): AccessLogSink {
  let credit = 0;
  return {
    sample: () => {
      credit += samplePercent;
      if (credit < 100) return false;
      credit -= 100;
      return true;
    },
    write: (record) => {
      writer.write(formatRecord(record));
    },
  };
}

export function formatRecord(record: AccessRecord): string {
  return JSON.stringify(lineOf(record), (_key, value: unknown) => (value === null ? undefined : value));
}

function lineOf(record: AccessRecord): AccessLine {
  const { timings, route } = record;
  return {
    time: new Date(record.startedAtMs).toISOString(),
    client: record.clientIp,
    method: record.method,
    host: record.host,
    path: record.path,
    protocol: record.protocol,
    status: record.status,
    reason: record.reason,
    gateway: nameOf(record.gateway),
    listener: record.listener?.section ?? null,
    route: route === null ? null : `${route.kind}/${route.namespace}/${route.name}`,
    rule: route === null ? null : ruleName(route),
    backend: backendName(record.backend),
    endpoint: record.endpoint,
    requestBytes: record.requestBytes,
    responseBytes: record.responseBytes,
    durationMs: round(timings.totalMs),
    connectMs: timings.connectedMs === null ? null : round(timings.connectedMs),
    responseMs: timings.responseHeadMs === null ? null : round(timings.responseHeadMs),
    retries: record.retries,
    requestId: record.requestId,
    traceId: record.traceId,
  };
}

const round = (valueMs: number): number => Math.round(valueMs * 1000) / 1000;

const nameOf = (origin: Origin | null): string | null =>
  origin === null ? null : `${origin.namespace}/${origin.name}`;

/** The rule's name where it has one, else its index. */
export const ruleName = ({ section, index }: RuleOrigin): string => section ?? String(index);

/** `Service/ns/name:port`. */
export function backendName(origin: Origin | null): string | null {
  if (origin === null) return null;
  const { kind, namespace, name, section } = origin;
  return `${kind}/${namespace}/${name}${section === undefined ? '' : `:${section}`}`;
}
