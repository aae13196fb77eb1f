/** Reports the end of an attempt to the passive health checks of its endpoint. */
import type { OutcomeSink } from '../upstream/health/outcome.ts';
import type { FieldList, ResponseHead } from '../message/head.ts';
import { HeaderId } from '../message/header-id.ts';
import type { Failure } from './retry.ts';
import type { ResetCause } from '../message/stream.ts';

const SWITCHING_PROTOCOLS = 101;

/**
 * gRPC statuses that are failures of the server (google.golang.org/grpc/codes), and their HTTP equivalents. DEADLINE_EXCEEDED is the
 * client's own limit, and UNIMPLEMENTED its own mistake.
 */
const GRPC_AS_HTTP: Readonly<Record<string, number>> = { '2': 500, '13': 500, '14': 503, '15': 500 };
const SAYS_NOTHING: readonly string[] = ['4', '12'];

/** A response has begun: errors and tunnels count now, everything else when it is complete. */
export function responseBegan(sink: OutcomeSink, head: ResponseHead, isGrpc: boolean): void {
  const { status } = head;
  if (status >= 500 || status === SWITCHING_PROTOCOLS) sink.answered(status);
  else if (isGrpc && !head.hasBody) grpcAnswered(sink, head);
}

/** The response that began with `status` is complete. */
export function responseEnded(
  sink: OutcomeSink,
  status: number,
  trailers: FieldList | null,
  isGrpc: boolean,
): void {
  if (status >= 500 || status === SWITCHING_PROTOCOLS) return;
  if (!isGrpc) sink.answered(status);
  else if (trailers !== null) grpcAnswered(sink, trailers);
}

function grpcAnswered(sink: OutcomeSink, fields: FieldList): void {
  for (let index = 0; index < fields.count; index++) {
    if (fields.id(index) !== HeaderId.grpcStatus) continue;
    const value = fields.value(index);
    if (!SAYS_NOTHING.includes(value)) sink.answered(GRPC_AS_HTTP[value] ?? 200);
    return;
  }
}

/**
 * An attempt has failed. Not counted against the endpoint: limits of the gateway, a stream that it refused while draining, and a connection
 * that it had closed because it was idle.
 */
export function attemptFailed(sink: OutcomeSink, failure: Failure): void {
  switch (failure.kind) {
    case 'connect':
      // `connectFailed` reports it.
      return;
    case 'refused':
    case 'status':
    case 'grpc':
      return;
    case 'reset':
      if (!failure.wasReused) sink.failed();
      return;
    case 'invalid':
    case 'timeout':
      sink.failed();
  }
}

/** An interrupted attempt, as a failure. `wasReused`: its connection had served earlier requests, and had not responded to this one. */
export function failureOf(cause: ResetCause, wasReused: boolean): Failure {
  if (cause === 'refused' || cause === 'invalid') return { kind: cause };
  return { kind: 'reset', wasReused };
}
