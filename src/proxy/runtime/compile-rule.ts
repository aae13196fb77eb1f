/** Compiles the rules of one Gateway's listener. */
import type { Origin } from '../../ir/origin.ts';
import type { RouteRule, WeightedBackend } from '../../ir/route.ts';
import type { CompiledBackend, CompiledGateway, CompiledRule } from '../exchange/compiled-rule.ts';
import type { CounterRegistry } from '../exchange/request-counters.ts';
import type { FilterDeps } from '../filter/definition.ts';
import type { FilterTable, RuleFilters } from '../filter/filter-table.ts';
import { WeightedChoice } from '../upstream/weighted-choice.ts';

export interface RuleCompilerDeps extends FilterDeps {
  readonly gateway: CompiledGateway;
  readonly counters: CounterRegistry;
  readonly filters: FilterTable;
}

/** A rule on the listener that it is attached to. */
interface Attached {
  readonly rule: RouteRule;
  readonly listener: Origin;
  readonly filters: RuleFilters;
}

/** `listener`: the rule's counters are this listener's own, for one rule may be attached to several. */
export function compileRule(rule: RouteRule, listener: Origin, deps: RuleCompilerDeps): CompiledRule {
  const { gateway, counters } = deps;
  const filters = deps.filters.compileRule(rule, deps);
  const backends = rule.action.kind === 'forward' ? rule.action.backends : [];
  return {
    config: rule,
    gateway,
    listener,
    counters: counters.get({ gateway: gateway.origin, listener, rule: rule.origin, backend: null }),
    backends: backends.map((backend) => compileBackend(backend, { rule, listener, filters }, deps)),
    choice: WeightedChoice.of(backends.map(({ weight }) => weight)),
    filters: filters.chain,
    answersPreflights: deps.filters.preflightOf(rule) !== null,
    refusal: rule.action.kind === 'fail' ? rule.action.reason : null,
  };
}

function compileBackend(
  backend: WeightedBackend,
  { rule, listener, filters }: Attached,
  deps: RuleCompilerDeps,
): CompiledBackend {
  const { gateway, counters, clusterOf } = deps;
  const { origin } = backend;
  const requests = (backend.kind === 'cluster' ? backend.requests : undefined) ?? rule;
  const perTryMs = requests.retry?.perTryTimeoutMs ?? 0;
  return {
    origin,
    counters: counters.get({ gateway: gateway.origin, listener, rule: rule.origin, backend: origin }),
    cluster: backend.kind === 'cluster' ? clusterOf(backend.cluster) : null,
    refusal: backend.kind === 'invalid' ? backend.reason : 'invalid_ref',
    requests,
    attemptTimeoutMs: perTryMs > 0 ? perTryMs : requests.timeouts.backendRequestMs,
    filters: deps.filters.compileBackend(rule, backend, filters, deps),
  };
}
