/** What a client gets when an auth server refuses its request: the refusal as a reply of the gateway. */
import type { HeaderField } from '../../../../ir/filter.ts';
import { isEditable } from '../../../message/head-edits.ts';
import type { ResponseHead } from '../../../message/head.ts';
import { replyFor, type Reply } from '../../../message/local-reply.ts';
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

const grpcOf = (status: number): number => GRPC_OF_HTTP[status] ?? UNKNOWN;

/** Of an auth server that speaks gRPC: it names all parts of the response. */
export function deniedReply({ status, fields, body }: Denied): Reply {
  return { status, fields: editable(fields), body, grpc: { status: grpcOf(status), message: body } };
}

/** Of an auth server that speaks HTTP, for a client that reads gRPC status: the fields are passed on, the body is not. */
export function deniedCall(head: ResponseHead): Reply {
  const fields = Array.from({ length: head.count }, (_, index) => ({
    name: head.name(index),
    value: Buffer.from(head.value(index), 'latin1').toString('utf8'),
  })).filter(({ name }) => name !== 'date');
  const { grpc, ...reply } = replyFor('auth_denied');
  return {
    ...reply,
    fields: editable(fields),
    grpc: { message: grpc?.message ?? '', status: grpcOf(head.status) },
  };
}

const editable = (fields: readonly HeaderField[]): HeaderField[] =>
  fields.filter(isEditable).map(({ name, value }) => ({ name: name.toLowerCase(), value }));
