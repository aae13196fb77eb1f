/**
 * gRPC of the demo backend: any method of any service echoes each message at once, so that
 * unary calls and every kind of stream work without a schema. Its initial metadata has the name of the backend (`x-echo-name`) and the
 * called method (`x-echo-path`); a call can request a status with the metadata `x-echo-status: NUMBER`.
 */
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

const GRPC_CONTENT = /^application\/grpc(?:[+;]|$)/i;
const LAST_STATUS = 16;

export const isGrpcCall = ({ headers }: Http2ServerRequest): boolean =>
  GRPC_CONTENT.test(headers['content-type'] ?? '');

/** Messages are echoed as framed, without parsing. */
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
