/** What a client gets when an auth server that speaks gRPC refuses its request. */
import { isEditable } from '../head-edits.ts';
import { LocalHead } from '../head.ts';
import { httpDate, type LocalAnswer } from '../local-answer.ts';
import type { CheckVerdict } from './check-response.ts';

type Denied = Extract<CheckVerdict, { kind: 'deny' }>;

/** Codes of gRPC for statuses of HTTP (grpc/doc/http-grpc-status-mapping.md); any other is UNKNOWN. */
const GRPC_OF_HTTP: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};
const UNKNOWN = 2;
const NO_BODY = Buffer.alloc(0);
/** What `grpc-message` has as it is; everything else is percent-encoded (gRPC over HTTP/2, "Status-Message"). */
const NOT_PLAIN = /[^\x20-\x24\x26-\x7e]/gu;

export function deniedAnswer(denied: Denied, isGrpc: boolean, isHead: boolean): LocalAnswer {
  const fields = denied.fields.filter(isEditable);
  const names = fields.map(({ name }) => name.toLowerCase());
  const values = fields.map(({ value }) => value);
  if (isGrpc) return { head: grpcHead(denied, names, values), body: NO_BODY };
  const body = Buffer.from(denied.body, 'utf8');
  const hasType = names.includes('content-type');
  const head = new LocalHead(
    denied.status,
    [...names, ...(hasType || body.length === 0 ? [] : ['content-type']), 'content-length', 'date'],
    [
      ...values,
      ...(hasType || body.length === 0 ? [] : ['text/plain; charset=utf-8']),
      String(body.length),
      httpDate(),
    ],
    isHead ? 0 : body.length,
  );
  return { head, body };
}

function grpcHead({ status, body }: Denied, names: readonly string[], values: readonly string[]): LocalHead {
  const code = GRPC_OF_HTTP[status] ?? UNKNOWN;
  return new LocalHead(
    200,
    ['content-type', 'grpc-status', 'grpc-message', ...names.filter(isOther), 'date'],
    [
      'application/grpc',
      String(code),
      body.replaceAll(NOT_PLAIN, (char) => encodeURIComponent(char)),
      ...values.filter((_, index) => isOther(names[index] ?? '')),
      httpDate(),
    ],
  );
}

const isOther = (name: string): boolean => name !== 'content-type' && !name.startsWith('grpc-');
