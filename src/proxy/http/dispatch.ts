/** From a routed request to its first try: the rule's filters in their order, the choice of a backend, and the request to send it. */
import type { RouteHit } from '../router/router.ts';
import type { CompiledBackend, CompiledRule } from '../runtime/compiled-rule.ts';
import type { Exchange } from './exchange.ts';
import { believe, traceparentOf } from './forwarding.ts';
import type { RequestHead } from './head.ts';
import type { OutgoingRequest } from './outgoing.ts';
import { nextRequestNumber } from './request-id.ts';

/** Takes a request to where `hit` says; the exchange may be over when this returns. */
export function dispatch(exchange: Exchange, head: RequestHead, hit: RouteHit<CompiledRule>): void {
  if (exchange.context.accessLog !== null) exchange.traceparent = traceparentOf(head);
  exchange.listener = hit.listener?.origin ?? null;
  const { rule } = hit;
  if (rule === null) {
    exchange.answer(hit.reason ?? 'no_rule');
    return;
  }
  exchange.rule = rule;
  exchange.counters = rule.counters;
  if (rule.refusal !== null) {
    exchange.answer(rule.refusal);
    return;
  }
  const backend = rule.backends[rule.choice.next()];
  if (backend === undefined) exchange.answer('no_backend');
  else forwardTo(exchange, head, rule, backend);
}

function forwardTo(
  exchange: Exchange,
  head: RequestHead,
  rule: CompiledRule,
  backend: CompiledBackend,
): void {
  exchange.backend = backend;
  exchange.counters = backend.counters;
  const { cluster } = backend;
  if (cluster === null) {
    exchange.answer(backend.refusal);
    return;
  }
  const request = outgoingRequest(exchange, head, rule, backend);
  exchange.forward(cluster.protocol.prepare(request), cluster, null);
}

function outgoingRequest(
  exchange: Exchange,
  head: RequestHead,
  rule: CompiledRule,
  backend: CompiledBackend,
): OutgoingRequest {
  const { connection } = exchange;
  const { settings } = rule.gateway;
  const claims = connection.isTrustedBy(settings) ? believe(head, connection, settings) : null;
  if (claims !== null) exchange.clientAddress = claims.clientAddress;
  const clientRequestId = claims?.requestId ?? null;
  exchange.clientRequestId = clientRequestId ?? '';
  exchange.requestNumber = clientRequestId === null ? nextRequestNumber() : -1;
  return {
    head,
    method: head.method,
    target: null,
    authority: null,
    scheme: connection.info.scheme,
    edits: backend.requestEdits,
    forwarding: claims?.forwarding ?? connection.forwarding,
    forwardedHost: claims?.forwardedHost ?? head.authority,
    requestNumber: exchange.requestNumber,
    extra: null,
  };
}
