/** Explains filters by their definitions: the order in which they act, what they do in words, and which of them responds. */
import type { PolicyValue } from '../../ir/policy-value.ts';
import { REASONS } from '../../ir/reason.ts';
import type { RouteRule, WeightedBackend } from '../../ir/route.ts';
import type {
  DescribedFilter,
  ExplainedFilters,
  ExplainedRequest,
  FilterExplainer,
  FilterOutcome,
} from '../router/explain-filters.ts';
import type { ExplainedPolicies } from '../router/explain-policies.ts';
import type { FilterConfig, FilterDefinition } from './definition.ts';
import { configsOf, type FilterTable } from './filter-table.ts';
import { rankOf } from './order.ts';

interface Placed {
  readonly config: FilterConfig;
  readonly rank: number;
  readonly definition: FilterDefinition | undefined;
  /** Absent: it acts. */
  readonly overridden: string | undefined;
}

/** What a filter does at one of its stages. */
interface Step {
  readonly config: FilterConfig;
  readonly definition: FilterDefinition;
  readonly rank: number;
}

const CHECKS = rankOf('checks');

const PREFLIGHT: FilterOutcome = {
  outcome: 'answer',
  status: REASONS.cors_preflight.status,
  reason: 'cors_preflight',
  summary: `${String(REASONS.cors_preflight.status)} cors_preflight: ${REASONS.cors_preflight.text}`,
};

type ProtectedRule = Parameters<FilterExplainer['protecting']>[0];

interface FoundProtection {
  readonly protection: NonNullable<FilterDefinition['protection']>;
  readonly config: FilterConfig;
}

export class TableExplainer implements FilterExplainer {
  readonly #table: FilterTable;

  constructor(table: FilterTable) {
    this.#table = table;
  }

  answersPreflights(rule: RouteRule): boolean {
    return this.#table.preflightOf(rule) !== null;
  }

  ofRule(rule: RouteRule, request: ExplainedRequest): ExplainedFilters {
    const explained = this.#explain(configsOf(rule), request, (config) => this.#byBackends(rule, config));
    const preflight = rule.action.kind === 'fail' ? null : this.#table.preflightOf(rule);
    if (preflight === null || !request.isPreflight) return explained;
    return { ...explained, beforeChecks: PREFLIGHT };
  }

  ofBackend(rule: RouteRule, backend: WeightedBackend, request: ExplainedRequest): ExplainedFilters {
    const ofRule = configsOf(rule);
    const added = this.#table.addedBy(backend, rule);
    return this.#explain(configsOf(backend), request, (config) => {
      if (isPolicy(config) && !added.some(({ kind }) => kind === config.kind)) return 'the rule has the same';
      const { definition } = this.#place(config);
      const isOverridden =
        definition?.precedence === 'rule' && ofRule.some(({ kind }) => kind === config.kind);
      return isOverridden ? 'overridden by the rule' : undefined;
    });
  }

  protecting(rule: ProtectedRule): ExplainedPolicies {
    const found = this.#protectionsOf(rule);
    const on = (line: keyof ExplainedPolicies): ExplainedPolicies[typeof line] =>
      found.flatMap(({ protection, config }) => (protection.line === line ? protection.explain(config) : []));
    return { access: on('access'), auth: on('auth'), limits: on('limits') };
  }

  /** Requests without credentials get a response of the rule. */
  isPublic(rule: ProtectedRule): boolean {
    return this.#protectionsOf(rule).every(
      ({ protection, config }) => protection.line !== 'auth' || protection.admitsAnonymous?.(config) === true,
    );
  }

  #protectionsOf(rule: ProtectedRule): readonly FoundProtection[] {
    return configsOf(rule).flatMap((config) => {
      const definition = this.#table.actingFor(config).find((one) => one.protection !== undefined);
      return definition?.protection === undefined ? [] : [{ protection: definition.protection, config }];
    });
  }

  ofPolicies(policies: readonly PolicyValue[] = []): readonly DescribedFilter[] {
    return this.#sorted(policies, () => undefined).map(described);
  }

  /** Why a filter of a rule does not act on requests to any of its backends. */
  #byBackends(rule: RouteRule, config: FilterConfig): string | undefined {
    const { action } = rule;
    const { definition } = this.#place(config);
    if (definition?.precedence !== 'backend' || action.kind === 'fail') return undefined;
    const backends = action.backends.filter(({ weight }) => weight > 0);
    // A policy that is the same for a backend is the rule's.
    const overriding = backends.filter((one) =>
      configsOf({ ...one, policies: this.#table.addedBy(one, rule) }).some(
        ({ kind }) => kind === config.kind,
      ),
    );
    if (overriding.length === 0) return undefined;
    if (overriding.length === backends.length) return 'overridden by the backends';
    return `overridden by ${overriding.map(({ origin }) => origin.name).join(', ')}`;
  }

  #explain(
    configs: readonly FilterConfig[],
    request: ExplainedRequest,
    overriddenBy: (config: FilterConfig) => string | undefined,
  ): ExplainedFilters {
    const sorted = this.#sorted(configs, overriddenBy);
    const steps = sorted
      .filter(({ overridden }) => overridden === undefined)
      .flatMap(({ config }) => this.#stepsOf(config))
      .toSorted((a, b) => a.rank - b.rank);
    const firstOutcome = (among: readonly Step[]): FilterOutcome | null =>
      among.map((step) => outcomeOf(step, request)).find((outcome) => outcome !== null) ?? null;
    return {
      filters: sorted.map(described),
      beforeChecks: firstOutcome(steps.filter(({ rank }) => rank < CHECKS)),
      afterChecks: firstOutcome(steps.filter(({ rank }) => rank > CHECKS)),
    };
  }

  #sorted(
    configs: readonly FilterConfig[],
    overriddenBy: (config: FilterConfig) => string | undefined,
  ): readonly Placed[] {
    return configs
      .map((config) => ({ ...this.#place(config), overridden: overriddenBy(config) }))
      .toSorted((a, b) => a.rank - b.rank);
  }

  /** A kind with several stages stands at the first at which this filter acts. */
  #place(config: FilterConfig): Placed {
    const [first] = this.#stepsOf(config).toSorted((a, b) => a.rank - b.rank);
    return { config, rank: first?.rank ?? 0, definition: first?.definition, overridden: undefined };
  }

  #stepsOf(config: FilterConfig): readonly Step[] {
    return this.#table
      .actingFor(config)
      .map((definition) => ({ config, definition, rank: firstRank(definition) }));
  }
}

const firstRank = ({ stages, connection }: FilterDefinition): number =>
  Math.min(rankOf(stages.request), rankOf(stages.response), rankOf(connection?.stage));

const isPolicy = (config: FilterConfig): boolean => 'settings' in config && 'from' in config;

const outcomeOf = ({ config, definition }: Step, request: ExplainedRequest): FilterOutcome | null =>
  definition.outcome?.(config, request) ?? null;

const described = ({ config, definition, overridden }: Placed): DescribedFilter => ({
  ...config,
  description: definition?.describe(config) ?? `${config.kind}: unknown to this version`,
  ...(overridden === undefined ? {} : { overridden }),
});
