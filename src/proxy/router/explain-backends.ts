/** The backends of a rule in an explanation, and the errors that they cause. */
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { EffectiveSetting, Origin } from '../../ir/origin.ts';
import { REASONS, type ReasonCode } from '../../ir/reason.ts';
import type { RuleId } from '../../ir/ids.ts';
import type { WeightedBackend } from '../../ir/route.ts';
import type { DescribedFilter, ExplainedFilters, FilterExplainer, FilterOutcome } from './explain-filters.ts';

export interface ExplainedBackend {
  readonly backend: Origin;
  readonly weight: number;
  /** Share of the requests, in percent. */
  readonly share: number;
  /** Why it gives a 500 or 503; null if it does not. */
  readonly problem: string | null;
  /** Filters of the backendRef, in execution order. */
  readonly filters: readonly DescribedFilter[];
  /** Effective settings of requests to it and of its connection pool; empty if not known. */
  readonly settings: readonly EffectiveSetting[];
  /** `address` and port, and `state`: `ready` or `draining`. */
  readonly endpoints: readonly { readonly address: string; readonly state: string }[];
}

/** Additional data of an explanation. */
export interface ExplainContext {
  /** Origins of settings by rule and index of its backend, from the translator. */
  readonly settingsOf: (rule: RuleId, backend: number) => readonly EffectiveSetting[];
  readonly filters: FilterExplainer;
}

/** The response to requests for the backend. */
export interface BackendProblem {
  readonly status: number;
  readonly reason: ReasonCode;
  readonly message: string;
}

/** With the source of `ExplainedBackend.problem`. */
export interface BackendFacts {
  readonly explained: ExplainedBackend;
  /** Of a filter of the backend; null: none responds. */
  readonly answer: FilterOutcome | null;
  readonly problem: BackendProblem | null;
}

export interface BackendsQuestion {
  readonly rule: RuleId;
  readonly backends: readonly WeightedBackend[];
  readonly filtersOf: (backend: WeightedBackend) => ExplainedFilters;
}

export function explainBackends(
  config: GatewayConfig,
  { rule, backends, filtersOf }: BackendsQuestion,
  { settingsOf }: ExplainContext,
): BackendFacts[] {
  const total = backends.reduce((sum, { weight }) => sum + weight, 0);
  return backends.map((backend, index) => {
    const problem = problemOf(config, backend);
    const { filters, beforeChecks, afterChecks } = filtersOf(backend);
    const explained: ExplainedBackend = {
      backend: backend.origin,
      weight: backend.weight,
      share: total === 0 ? 0 : Math.round((backend.weight / total) * 1000) / 10,
      problem: problem === null ? null : describeProblem(problem),
      filters: backend.kind === 'invalid' ? [] : filters,
      settings: settingsOf(rule, index),
      endpoints: endpointsOf(config, backend).map(({ address, port, state }) => ({
        address: `${address}:${String(port)}`,
        state,
      })),
    };
    return { explained, answer: beforeChecks ?? afterChecks, problem };
  });
}

export const describeProblem = ({ status, reason, message }: BackendProblem): string =>
  `${String(status)} ${reason}: ${message}`;

/** `Service default/api:http 50 %`, with a note in parentheses. */
export function describeShare({ backend, share }: ExplainedBackend, note: string | null): string {
  const { kind, namespace, name, section } = backend;
  const port = section === undefined ? '' : `:${section}`;
  return `${kind} ${namespace}/${name}${port} ${String(share)} %${note === null ? '' : ` (${note})`}`;
}

function problemOf(config: GatewayConfig, backend: WeightedBackend): BackendProblem | null {
  if (backend.kind === 'invalid') {
    const { reason, message } = backend;
    return { status: REASONS[reason].status, reason, message };
  }
  const discovery = config.clusters.find(({ id }) => id === backend.cluster)?.discovery;
  if (endpointsOf(config, backend).length > 0 || discovery?.kind === 'dns') return null;
  const { status, text: message } = REASONS.no_endpoints;
  return { status, reason: 'no_endpoints', message };
}

const endpointsOf = (
  config: GatewayConfig,
  backend: WeightedBackend,
): GatewayConfig['endpoints'][number]['endpoints'] =>
  backend.kind === 'invalid'
    ? []
    : (config.endpoints.find(({ cluster }) => cluster === backend.cluster)?.endpoints ?? []);
