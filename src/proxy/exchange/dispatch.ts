/**
 * From a routed request to its first try: the rule's filters in the order of filter/order.ts, the choice of a backend, and the
 * request to send it.
 */
import type { RedirectFilter } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import type { CompiledCors } from '../filter/cors.ts';
import { redirectLocation } from '../filter/redirect.ts';
import type { RouteEntry } from '../../ir/route.ts';
import { isPreflight } from '../router/preflight.ts';
import type { RouteHit } from '../router/router.ts';
import { isTraceUnasked } from '../router/trace.ts';
import type { CompiledBackend, CompiledRule } from '../runtime/compiled-rule.ts';
import { authenticate } from '../filter/external-auth/authenticate.ts';
import type { Exchange } from './exchange.ts';
import { believe } from '../message/forwarding.ts';
import { WebRequestHead } from '../message/grpc-web-head.ts';
import { hashKeyOf } from './hash-key.ts';
import { NO_EDITS, compileHeadEdits, type HeadEdits } from '../message/head-edits.ts';
import type { RequestHead } from '../message/head.ts';
import { replyFor } from '../message/local-reply.ts';
import { maxForwards, oneForwardLess } from '../message/max-forwards.ts';
import type { OutgoingRequest } from '../message/outgoing.ts';
import { nextRequestNumber } from '../message/request-id.ts';
import { findSession } from './session-persistence.ts';

const ANY_PATH: PathMatch = { kind: 'prefix', value: '/' };

/** Asked only by what rewrites paths: of thousands of entries, each request would otherwise fetch its own from memory. */
const pathOf = (entry: RouteEntry | null): PathMatch => entry?.match.path ?? ANY_PATH;

/** Takes a request to where `hit` says; the exchange may be over when this returns. */
export function dispatch(exchange: Exchange, head: RequestHead, hit: RouteHit<CompiledRule>): void {
  const { rule } = hit;
  if (rule === null) {
    exchange.answer(hit.reason ?? 'no_rule');
    return;
  }
  exchange.rule = rule;
  exchange.counters = rule.counters;
  const { entry } = hit;
  const { cors } = rule.filters;
  if (cors !== null) exchange.cors = cors.responseFields(head);
  if (rule.refusal !== null) exchange.answer(rule.refusal);
  else if (rule.preflight !== null && isPreflight(head)) answerPreflight(exchange, head, rule.preflight);
  else if (isTraceUnasked(head.method, entry)) exchange.answer('not_implemented');
  else if (maxForwards(head) === 0) exchange.answer('max_forwards');
  else if (declaresTooMuch(exchange, head)) exchange.answer('body_too_large');
  else if (rule.auth !== null) askRulesAuth(exchange, head.retain(), entry, rule);
  else redirectOrChoose(exchange, head, entry, rule);
}

/** Here and not in the engines, so that the response is one of the rule; they stop bodies that turn out longer than was known. */
function declaresTooMuch({ connection }: Exchange, head: RequestHead): boolean {
  const { bodyBytes } = connection.info.limits;
  return bodyBytes > 0 && head.contentLength > bodyBytes;
}

/** Functions of their own for what is rare: variables that a closure captures are allocated by every call around it. */
function askRulesAuth(
  exchange: Exchange,
  held: RequestHead,
  entry: RouteEntry | null,
  rule: CompiledRule,
): void {
  if (rule.auth === null) return;
  authenticate(exchange, held, rule.auth, {
    outgoing: () => outgoingRequest(exchange, held, rule),
    proceed: () => {
      redirectOrChoose(exchange, held, entry, rule);
    },
  });
}

function redirectOrChoose(
  exchange: Exchange,
  head: RequestHead,
  entry: RouteEntry | null,
  rule: CompiledRule,
): void {
  const { redirect } = rule.filters;
  if (redirect !== null) redirectTo(exchange, head, entry, redirect);
  else chooseBackend(exchange, head, entry, rule);
}

function answerPreflight(exchange: Exchange, head: RequestHead, cors: CompiledCors): void {
  exchange.cors = cors.preflightFields(head);
  exchange.answer('cors_preflight', { ...replyFor('cors_preflight'), body: '' });
}

function redirectTo(
  exchange: Exchange,
  head: RequestHead,
  entry: RouteEntry | null,
  filter: RedirectFilter,
): void {
  const { scheme, listenerPort } = exchange.connection.info;
  const location = redirectLocation(filter, head, pathOf(entry), { scheme, listenerPort });
  if (location === null) exchange.answer('bad_request');
  else {
    const reply = replyFor('redirect');
    exchange.answer('redirect', {
      status: filter.status,
      fields: [{ name: 'location', value: location }],
      body: '',
      // Browsers follow redirects of gRPC-Web calls; gRPC clients follow none.
      grpc: head instanceof WebRequestHead ? null : reply.grpc,
    });
  }
}

function chooseBackend(
  exchange: Exchange,
  head: RequestHead,
  entry: RouteEntry | null,
  rule: CompiledRule,
): void {
  const persistence = rule.config.sessionPersistence;
  if (persistence !== null) {
    const { sessions: tokens } = exchange.context;
    exchange.session = findSession(persistence, head, rule.backends, { tokens, nowMs: Date.now() });
  }
  const backend = exchange.session?.backend ?? rule.backends[rule.choice.next()];
  if (backend === undefined) {
    exchange.answer('no_backend');
    return;
  }
  exchange.backend = backend;
  exchange.counters = backend.counters;
  const { cors } = backend.filters;
  if (cors !== null && rule.filters.cors === null) exchange.cors = cors.responseFields(head);
  if (backend.cluster === null) exchange.answer(backend.refusal);
  else if (backend.auth !== null) askBackendsAuth(exchange, head.retain(), entry, backend);
  else redirectOrForward(exchange, head, entry, backend);
}

function askBackendsAuth(
  exchange: Exchange,
  held: RequestHead,
  entry: RouteEntry | null,
  backend: CompiledBackend,
): void {
  const { rule } = exchange;
  if (backend.auth === null || rule === null) return;
  authenticate(exchange, held, backend.auth, {
    outgoing: () => outgoingRequest(exchange, held, rule),
    proceed: () => {
      redirectOrForward(exchange, held, entry, backend);
    },
  });
}

function redirectOrForward(
  exchange: Exchange,
  head: RequestHead,
  entry: RouteEntry | null,
  backend: CompiledBackend,
): void {
  const { redirect } = backend.filters;
  if (redirect !== null) redirectTo(exchange, head, entry, redirect);
  else forwardTo(exchange, head, entry, backend);
}

function forwardTo(
  exchange: Exchange,
  head: RequestHead,
  entry: RouteEntry | null,
  backend: CompiledBackend,
): void {
  const { rule } = exchange;
  const { cluster, filters, mirrors } = backend;
  if (rule === null || cluster === null) return;
  const request = outgoingRequest(exchange, head, rule);
  request.edits = requestEditsFor(exchange, head, backend);
  exchange.requestEdits = request.edits;
  if (filters.rewrite !== null) {
    request.target = filters.rewrite.target(head, pathOf(entry));
    request.authority = filters.rewrite.authority;
  }
  for (const mirror of mirrors) if (mirror.share.take()) exchange.mirror(request, mirror.cluster);
  const { hashSource } = cluster;
  if (hashSource !== null) exchange.hashKey = hashKeyOf(hashSource, head, exchange.clientAddress);
  exchange.forward(cluster.protocol.prepare(request), cluster);
}

function requestEditsFor(exchange: Exchange, head: RequestHead, backend: CompiledBackend): HeadEdits {
  const hops = maxForwards(head);
  if (hops === null && exchange.authEdits.length === 0) return backend.filters.requestEdits;
  const counted = hops === null ? [] : [oneForwardLess(hops)];
  return compileHeadEdits([...counted, ...exchange.authEdits, ...backend.requestEditSources]);
}

type MutableRequest = { -readonly [Key in keyof OutgoingRequest]: OutgoingRequest[Key] };

/** The request as it goes on when no filter changes it. */
function outgoingRequest(exchange: Exchange, head: RequestHead, rule: CompiledRule): MutableRequest {
  const { connection } = exchange;
  const { settings } = rule.gateway;
  const claims = connection.isTrustedBy(settings) ? believe(head, connection, settings) : null;
  if (claims !== null) {
    exchange.clientAddress = claims.clientAddress;
    exchange.isSecure = claims.scheme === 'https';
  }
  if (exchange.requestNumber === 0) {
    exchange.clientRequestId = claims?.requestId ?? '';
    exchange.requestNumber = exchange.clientRequestId === '' ? nextRequestNumber() : -1;
  }
  return {
    head,
    method: head.method,
    target: null,
    authority: null,
    scheme: connection.info.scheme,
    edits: NO_EDITS,
    forwarding: claims?.forwarding ?? connection.forwarding,
    forwardedHost: claims?.forwardedHost ?? head.authority,
    requestNumber: exchange.requestNumber,
    bodyBytes: null,
    upgrade: head.upgrade,
    sendsExpect: !exchange.hasSentContinue,
  };
}
