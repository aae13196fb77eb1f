/** From a routed request to its first attempt: the filters of its rule, the choice of a backend, and the filters of that backend. */
import type { ReasonCode } from '../../ir/reason.ts';
import type { RequestHead } from '../message/head.ts';
import { maxForwards } from '../message/max-forwards.ts';
import type { RouteHit } from '../router/router.ts';
import { isTraceUnasked } from '../router/trace.ts';
import type { CompiledBackend, CompiledRule } from './compiled-rule.ts';
import type { Exchange } from './exchange.ts';
import { hashKeyOf } from './hash-key.ts';
import { outgoingRequest } from './outgoing-request.ts';
import { findSession } from './session-persistence.ts';

/** Dispatches a request to the rule of `hit`; the exchange may be over when this returns. */
export function dispatch(exchange: Exchange, head: RequestHead, hit: RouteHit<CompiledRule>): void {
  const { rule, entry } = hit;
  if (rule === null) {
    exchange.answer(hit.reason ?? 'no_rule');
    return;
  }
  exchange.rule = rule;
  exchange.entry = entry;
  exchange.counters = rule.counters;
  exchange.refusal = rule.refusal ?? refusalOf(exchange, hit);
  exchange.enter(rule.filters);
  runRequestFilters(exchange);
}

/** The gateway's own checks (stage `checks` of the filters); null for a request that goes on. */
function refusalOf({ head, connection }: Exchange, { entry }: RouteHit<CompiledRule>): ReasonCode | null {
  if (isTraceUnasked(head.method, entry)) return 'not_implemented';
  if (maxForwards(head) === 0) return 'max_forwards';
  // Checked here and not in the engines, so that the response filters of the rule apply. The engines stop bodies of unknown length.
  const { bodyBytes } = connection.info.limits;
  return bodyBytes > 0 && head.contentLength > bodyBytes ? 'body_too_large' : null;
}

/** Runs the filters of the rule, then those of its backend, from where they stopped; when all have acted the request is forwarded. */
export function runRequestFilters(exchange: Exchange): void {
  for (;;) {
    const { refusal, backend } = exchange;
    const { request, beforeChecks } = exchange.filters;
    const end = refusal === null ? request.length : beforeChecks;
    if (end > 0 && !exchange.startRun().run(request, end)) return;
    if (refusal !== null) exchange.answer(refusal);
    else if (backend !== null) forward(exchange, backend);
    else if (chooseBackend(exchange)) continue;
    return;
  }
}

/** False when there is none: the exchange is over. */
function chooseBackend(exchange: Exchange): boolean {
  const { rule, head } = exchange;
  if (rule === null) return false;
  const persistence = rule.config.sessionPersistence;
  if (persistence !== null) {
    const { sessions: tokens } = exchange.context;
    exchange.session = findSession(persistence, head, rule.backends, { tokens, nowMs: Date.now() });
  }
  const backend = exchange.session?.backend ?? rule.backends[rule.choice.next()];
  if (backend === undefined) {
    exchange.answer('no_backend');
    return false;
  }
  exchange.backend = backend;
  exchange.counters = backend.counters;
  if (backend.cluster === null) exchange.refusal = backend.refusal;
  exchange.enter(backend.filters);
  return true;
}

function forward(exchange: Exchange, { cluster }: CompiledBackend): void {
  if (cluster === null) return;
  const request = outgoingRequest(exchange);
  const { hashSource } = cluster;
  if (hashSource !== null) exchange.hashKey = hashKeyOf(hashSource, exchange.head, exchange.clientAddress);
  if (exchange.run !== null) exchange.run.outgoing = null;
  exchange.forward(cluster.protocol.prepare(request), cluster);
}
