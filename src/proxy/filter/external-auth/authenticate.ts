/** The question to a rule's or a backend's auth server (HTTPExternalAuthFilter, GEP-1494), in the protocol that it speaks. */
import type { HeaderField } from '../../../ir/filter.ts';
import { authTarget, copiedFields } from './external-auth.ts';
import type { CompiledAuth } from '../../runtime/compiled-rule.ts';
import { checkRequest } from './grpc/check-request.ts';
import type { GrpcQuestion } from './grpc/check-call.ts';
import type { Exchange } from '../../exchange/exchange.ts';
import type { AuthPlan } from './external-auth-gate.ts';
import { isEditable } from '../../message/head-edits.ts';
import { LocalHead, type RequestHead } from '../../message/head.ts';
import type { OutgoingRequest } from '../../message/outgoing.ts';
import { ownRequest } from '../../message/own-request.ts';
import { formatRequestId } from '../../message/request-id.ts';

/** Asks first. `head` is retained: the answer comes later. `outgoing`: the request as it goes on when nothing changes it. */
export function authenticate(
  exchange: Exchange,
  head: RequestHead,
  { filter, cluster }: CompiledAuth,
  { outgoing, proceed }: { readonly outgoing: () => OutgoingRequest; readonly proceed: () => void },
): void {
  const isWrongProtocol = filter.protocol.kind === 'grpc' && cluster?.config.protocol !== 'h2';
  if (cluster === null || isWrongProtocol) {
    exchange.answer('auth_unavailable');
    return;
  }
  const ask: AuthPlan['ask'] = (body) => {
    const request = outgoing();
    const facts = vouchedFacts(exchange, request);
    if (filter.protocol.kind === 'grpc')
      return grpcQuestion(exchange, head, { filter, cluster, facts }, body);
    const check = ownRequest({
      method: head.method,
      target: authTarget(filter, head),
      authority: head.authority,
      scheme: request.scheme,
      configured: [],
      copied: [...copiedFields(filter, head), ...facts.ownRequestId],
      client: request,
      body: body.length,
    });
    return { kind: 'http', filter, cluster, prepared: cluster.protocol.prepare(check), body };
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
  if (head.expectsContinue && bodyLimit > 0) {
    exchange.hasSentContinue = true;
    exchange.stream.sendInformational(new LocalHead(100, [], []));
  }
}

/** What the gateway answers for, in a form for both protocols. */
interface Facts {
  readonly requestId: string;
  /** X-Request-Id of a trusted proxy: it is not the gateway's to write. */
  readonly ownRequestId: readonly HeaderField[];
  /** Everything that a backend is told of the client, as fields. */
  readonly fields: readonly HeaderField[];
}

function vouchedFacts(
  { requestNumber, clientRequestId }: Exchange,
  { forwarding, forwardedHost }: OutgoingRequest,
): Facts {
  const requestId = requestNumber > 0 ? formatRequestId(requestNumber) : clientRequestId;
  const idField = { name: 'x-request-id', value: requestId };
  return {
    requestId,
    ownRequestId: requestNumber > 0 ? [] : [idField],
    fields: [
      ...forwarding.fields,
      { name: 'x-forwarded-host', value: forwardedHost },
      { name: 'forwarded', value: forwarding.forwarded(forwardedHost) },
      idField,
    ],
  };
}

interface GrpcAsked {
  readonly filter: CompiledAuth['filter'];
  readonly cluster: GrpcQuestion['cluster'];
  readonly facts: Facts;
}

function grpcQuestion(
  exchange: Exchange,
  head: RequestHead,
  { filter, cluster, facts }: GrpcAsked,
  body: Buffer,
): GrpcQuestion {
  const message = checkRequest({
    head,
    connection: exchange.connection.info,
    clientAddress: exchange.clientAddress,
    allowedHeaders: filter.protocol.allowedRequestHeaders,
    vouched: facts.fields,
    requestId: facts.requestId,
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
