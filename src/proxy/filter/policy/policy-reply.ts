/** The reply of a policy that refuses: the usual one of its reason, with the status and body that the policy configures. */
import type { HeaderField } from '../../../ir/filter.ts';
import type { PolicyResponse } from '../../../ir/policy-response.ts';
import type { ReasonCode } from '../../../ir/reason.ts';
import { grpcStatusOf } from '../../message/grpc-status.ts';
import { replyFor, type Reply } from '../../message/local-reply.ts';

/** `response`: null where the policy configures none. `fields`: names in lower case. */
export function policyReply(
  reason: ReasonCode,
  response: PolicyResponse | null,
  fields: readonly HeaderField[] = [],
): Reply {
  const usual = replyFor(reason);
  if (response === null) return { ...usual, fields };
  const { status, body } = response;
  const grpc = usual.grpc === null ? null : { ...usual.grpc, status: grpcStatusOf(status, reason) };
  if (body === null) return { status, fields, body: usual.body, grpc };
  const contentType = { name: 'content-type', value: body.contentType };
  return { status, fields: [contentType, ...fields], body: body.text, grpc };
}
