/**
 * gRPC as the demo backend speaks it: any method of any service answers each message with the same message, when it comes, so that
 * unary calls and every kind of stream work without a schema. Its initial metadata says who answered (`x-echo-name`) and which
 * method was called (`x-echo-path`); a call that asks for a status with the metadata `x-echo-status: NUMBER` gets it.
 */
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

const GRPC_CONTENT = /^application\/grpc(?:[+;]|$)/i;
const LAST_STATUS = 16;

export const isGrpcCall = ({ headers }: Http2ServerRequest): boolean =>
  GRPC_CONTENT.test(headers['content-type'] ?? '');

/** Messages come back as they were framed: what is inside is not looked at. */
export function answerGrpc(name: string, request: Http2ServerRequest, response: Http2ServerResponse): void {
  const { headers, url } = request;
  const status = statusOf(headers['x-echo-status']);
  response.writeHead(200, {
    'content-type': headers['content-type'],
    'x-echo-name': name,
    'x-echo-path': url,
  });
  response.addTrailers({ 'grpc-status': String(status), 'grpc-message': status === 0 ? '' : 'as asked for' });
  if (status === 0) request.pipe(response);
  else response.end();
}

function statusOf(wanted: string | string[] | undefined): number {
  const status = Number(wanted ?? 0);
  return Number.isInteger(status) && status > 0 && status <= LAST_STATUS ? status : 0;
}
