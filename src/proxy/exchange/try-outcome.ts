/** What the end of a try says of its endpoint, for passive health checks. */
import type { OutcomeSink } from '../upstream/health/outcome.ts';
import type { FieldList, ResponseHead } from '../message/head.ts';
import { HeaderId } from '../message/header-id.ts';
import type { Failure } from './retry.ts';
import type { ResetCause } from '../message/stream.ts';

const SWITCHING_PROTOCOLS = 101;

/**
 * Statuses of gRPC that speak of the server (google.golang.org/grpc/codes), as HTTP has them. Of the others DEADLINE_EXCEEDED is the
 * client's own limit and UNIMPLEMENTED its own mistake.
 */
const GRPC_AS_HTTP: Readonly<Record<string, number>> = { '2': 500, '13': 500, '14': 503, '15': 500 };
const SAYS_NOTHING: readonly string[] = ['4', '12'];

/** An answer has begun: errors and tunnels count now, everything else when it is complete. */
export function answerBegan(sink: OutcomeSink, head: ResponseHead, isGrpc: boolean): void {
  const { status } = head;
  if (status >= 500 || status === SWITCHING_PROTOCOLS) sink.answered(status);
  else if (isGrpc && !head.hasBody) grpcAnswered(sink, head);
}

/** The answer that began with `status` is complete. */
export function answerEnded(
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
 * A try came to nothing. Not the endpoint's fault: our own limits, a stream that it refused while it was leaving, and a connection
 * that it had closed for being idle.
 */
export function tryFailed(sink: OutcomeSink, failure: Failure): void {
  switch (failure.kind) {
    case 'connect':
      // Told by `connectFailed`.
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

/** A try that was cut off, as a failure. `wasReused`: on a connection that had served before, and had not answered yet. */
export function failureOf(cause: ResetCause, wasReused: boolean): Failure {
  if (cause === 'refused' || cause === 'invalid') return { kind: cause };
  return { kind: 'reset', wasReused };
}
