/** The question to a rule's or a backend's auth server (HTTPExternalAuthFilter, GEP-1494), in the protocol that it speaks. */
import { authTarget, withheldFields } from '../filter/external-auth.ts';
import type { CompiledAuth } from '../runtime/compiled-rule.ts';
import { checkRequest } from './auth-grpc/check-request.ts';
import type { GrpcQuestion } from './auth-grpc/check-call.ts';
import type { Exchange } from './exchange.ts';
import type { AuthPlan } from './external-auth-gate.ts';
import { compileHeadEdits, isEditable } from './head-edits.ts';
import { LocalHead, type RequestHead } from './head.ts';
import type { OutgoingRequest } from './outgoing.ts';
import { formatRequestId } from './request-id.ts';

/** Asks first. `head` is retained: the answer comes later. `outgoing`: the request as it goes on when nothing changes it. */
export function authenticate(
  exchange: Exchange,
  head: RequestHead,
  { filter, cluster }: CompiledAuth,
  { outgoing, proceed }: { readonly outgoing: () => OutgoingRequest; readonly proceed: () => void },
): void {
  if (cluster === null || (filter.protocol.kind === 'grpc' && cluster.config.protocol !== 'h2')) {
    exchange.answer('auth_unavailable');
    return;
  }
  const ask: AuthPlan['ask'] = (body) => {
    const request = outgoing();
    if (filter.protocol.kind === 'grpc') return grpcQuestion(exchange, request, { filter, cluster }, body);
    const prepared = cluster.protocol.prepare({
      ...request,
      target: authTarget(filter, head),
      edits: compileHeadEdits([{ set: [], add: [], remove: withheldFields(filter, head) }]),
      bodyBytes: body.length,
    });
    return { kind: 'http', filter, cluster, prepared, body };
  };
  const bodyLimit = head.hasBody ? filter.forwardBodyBytes : 0;
  if (bodyLimit > 0 && head.contentLength > bodyLimit) {
    exchange.answer('body_too_large');
    return;
  }
  exchange.awaitAuth({
    bodyLimit,
    ask,
    proceed: ({ request, response }) => {
      exchange.authEdits = [...exchange.authEdits, request];
      const added = response.filter(isEditable);
      if (added.length > 0) exchange.extra = [...(exchange.extra ?? []), ...added];
      proceed();
    },
  });
  if (head.expectsContinue && bodyLimit > 0) exchange.stream.sendInformational(new LocalHead(100, [], []));
}

function grpcQuestion(
  exchange: Exchange,
  { head }: OutgoingRequest,
  { filter, cluster }: { readonly filter: CompiledAuth['filter']; readonly cluster: GrpcQuestion['cluster'] },
  body: Buffer,
): GrpcQuestion {
  const { requestNumber, clientRequestId, clientAddress } = exchange;
  const message = checkRequest({
    head,
    connection: exchange.connection.info,
    clientAddress,
    allowedHeaders: filter.protocol.allowedRequestHeaders,
    requestId: requestNumber > 0 ? formatRequestId(requestNumber) : clientRequestId,
    body,
    nowMs: Date.now(),
  });
  const { name, namespace } = filter.origin;
  return {
    kind: 'grpc',
    cluster,
    authority: cluster.config.tls?.hostname ?? `${name}.${namespace}`,
    message,
    has: (field) => head.header(field) !== undefined,
  };
}
