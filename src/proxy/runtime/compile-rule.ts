/** Compiles the rules of one Gateway's listener. */
import type { Filter, HeaderEdit } from '../../ir/filter.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { Origin } from '../../ir/origin.ts';
import type { RouteRule, WeightedBackend } from '../../ir/route.ts';
import type { UpstreamCluster } from '../cluster/cluster.ts';
import { compileHeadEdits, type HeadEdits } from '../http/head-edits.ts';
import type { CounterRegistry } from '../http/request-counters.ts';
import type { CompiledBackend, CompiledGateway, CompiledRule } from './compiled-rule.ts';
import { WeightedChoice } from './weighted-choice.ts';

export interface RuleCompilerDeps {
  readonly gateway: CompiledGateway;
  readonly counters: CounterRegistry;
  /** null: the configuration names a cluster that it does not define. */
  readonly clusterOf: (id: ClusterId) => UpstreamCluster | null;
}

/** `listener`: the rule's counters are this listener's own, for one rule may be attached to several. */
export function compileRule(rule: RouteRule, listener: Origin, deps: RuleCompilerDeps): CompiledRule {
  const { gateway, counters } = deps;
  const backends = rule.action.kind === 'forward' ? rule.action.backends : [];
  return {
    config: rule,
    gateway,
    listener,
    counters: counters.get({ gateway: gateway.origin, listener, rule: rule.origin, backend: null }),
    backends: backends.map((backend) => compileBackend(backend, rule, listener, deps)),
    choice: new WeightedChoice(backends.map(({ weight }) => weight)),
    refusal: rule.action.kind === 'fail' ? rule.action.reason : null,
  };
}

function compileBackend(
  backend: WeightedBackend,
  rule: RouteRule,
  listener: Origin,
  { gateway, counters, clusterOf }: RuleCompilerDeps,
): CompiledBackend {
  const { origin } = backend;
  const own = backend.kind === 'cluster' ? backend.filters : [];
  return {
    origin,
    counters: counters.get({ gateway: gateway.origin, listener, rule: rule.origin, backend: origin }),
    cluster: backend.kind === 'cluster' ? clusterOf(backend.cluster) : null,
    refusal: backend.kind === 'invalid' ? backend.reason : 'invalid_ref',
    requestEdits: compileEdits('request-headers', rule.filters, own),
    responseEdits: compileEdits('response-headers', rule.filters, own),
  };
}

/** The rule's edits and then the backend's, as one. */
function compileEdits(
  kind: 'request-headers' | 'response-headers',
  ofRule: readonly Filter[],
  ofBackend: readonly Filter[],
): HeadEdits {
  const edits = [...ofRule, ...ofBackend].flatMap((filter): HeaderEdit[] =>
    filter.kind === kind ? [filter.edit] : [],
  );
  return compileHeadEdits(edits);
}
