/** Compiles the rules of one Gateway's listener. */
import type { ExternalAuthFilter, Filter, HeaderEdit, MirrorFilter } from '../../ir/filter.ts';
import type { ClusterId } from '../../ir/ids.ts';
import type { Origin } from '../../ir/origin.ts';
import type { RouteRule, WeightedBackend } from '../../ir/route.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import { CompiledCors } from '../filter/cors.ts';
import { MirrorShare } from '../filter/mirror-share.ts';
import { compileBackendFilters, compileRuleFilters } from '../filter/order.ts';
import type { CounterRegistry } from '../exchange/request-counters.ts';
import type {
  CompiledAuth,
  CompiledBackend,
  CompiledGateway,
  CompiledMirror,
  CompiledRule,
} from './compiled-rule.ts';
import { preflightFilter } from '../router/preflight.ts';
import { WeightedChoice } from '../upstream/weighted-choice.ts';

export interface RuleCompilerDeps {
  readonly gateway: CompiledGateway;
  readonly counters: CounterRegistry;
  /** null: the configuration names a cluster that it does not define. */
  readonly clusterOf: (id: ClusterId) => UpstreamCluster | null;
}

/** `listener`: the rule's counters are this listener's own, for one rule may be attached to several. */
export function compileRule(rule: RouteRule, listener: Origin, deps: RuleCompilerDeps): CompiledRule {
  const { gateway, counters, clusterOf } = deps;
  const filters = compileRuleFilters(rule.filters);
  const backends = rule.action.kind === 'forward' ? rule.action.backends : [];
  return {
    config: rule,
    gateway,
    listener,
    counters: counters.get({ gateway: gateway.origin, listener, rule: rule.origin, backend: null }),
    backends: backends.map((backend) => compileBackend(backend, rule, listener, deps)),
    filters,
    auth: compileAuth(filters.auth, clusterOf),
    preflight: filters.cors ?? compilePreflight(rule),
    choice: WeightedChoice.of(backends.map(({ weight }) => weight)),
    refusal: rule.action.kind === 'fail' ? rule.action.reason : null,
  };
}

function compilePreflight(rule: RouteRule): CompiledCors | null {
  const filter = preflightFilter(rule);
  return filter === null ? null : new CompiledCors(filter);
}

const NO_FILTERS: readonly Filter[] = [];
const NO_MIRRORS: readonly CompiledMirror[] = [];

function compileBackend(
  backend: WeightedBackend,
  rule: RouteRule,
  listener: Origin,
  { gateway, counters, clusterOf }: RuleCompilerDeps,
): CompiledBackend {
  const { origin } = backend;
  const own = backend.filters ?? NO_FILTERS;
  const filters = compileBackendFilters(rule.filters, own);
  const requests = (backend.kind === 'cluster' ? backend.requests : undefined) ?? rule;
  const perTryMs = requests.retry?.perTryTimeoutMs ?? 0;
  return {
    origin,
    counters: counters.get({ gateway: gateway.origin, listener, rule: rule.origin, backend: origin }),
    cluster: backend.kind === 'cluster' ? clusterOf(backend.cluster) : null,
    refusal: backend.kind === 'invalid' ? backend.reason : 'invalid_ref',
    requests,
    tryTimeoutMs: perTryMs > 0 ? perTryMs : requests.timeouts.backendRequestMs,
    filters,
    requestEditSources: requestEdits([...rule.filters, ...own]),
    mirrors:
      filters.mirrors.length === 0
        ? NO_MIRRORS
        : filters.mirrors.flatMap((mirror) => compileMirror(mirror, clusterOf)),
    auth: compileAuth(filters.auth, clusterOf),
  };
}

function compileAuth(
  filter: ExternalAuthFilter | null,
  clusterOf: RuleCompilerDeps['clusterOf'],
): CompiledAuth | null {
  return filter === null ? null : { filter, cluster: clusterOf(filter.cluster) };
}

const NO_EDIT_SOURCES: readonly HeaderEdit[] = [];

function requestEdits(filters: readonly Filter[]): readonly HeaderEdit[] {
  if (filters.length === 0) return NO_EDIT_SOURCES;
  return filters.flatMap((filter) => (filter.kind === 'request-headers' ? [filter.edit] : []));
}

/** A mirror whose cluster does not exist gets nothing: it must not stand in the way of the request. */
function compileMirror(mirror: MirrorFilter, clusterOf: RuleCompilerDeps['clusterOf']): CompiledMirror[] {
  const cluster = clusterOf(mirror.cluster);
  return cluster === null ? [] : [{ share: new MirrorShare(mirror), cluster }];
}
