/** Compiles the filters of rules and backends into what an exchange runs, in the order of order.ts. */
import type { Filter } from '../../ir/filter.ts';
import type { PolicyValue } from '../../ir/policy-value.ts';
import type { RouteRule } from '../../ir/route.ts';
import { samePlain, type Plain } from '../../lib/structural-patch.ts';
import { NO_FILTERS, type FilterChain } from '../exchange/http-filter.ts';
import { ConnectionFilters, type ConnectionFilter } from '../net/connection-filter.ts';
import type { DescribedFilter } from '../router/explain-backends.ts';
import type { ConnectionDefinition, FilterConfig, FilterDefinition, FilterDeps } from './definition.ts';
import { chainOf, type CompiledFilter } from './filter-chain.ts';
import { actsOnForwarding, rankOf } from './order.ts';

/** The filters of a rule, but for those of forwarding, which are compiled for each of its backends. */
export interface RuleFilters {
  /** For an exchange until a backend is chosen. */
  readonly chain: FilterChain;
  readonly own: readonly CompiledFilter[];
}

const NO_RULE_FILTERS: RuleFilters = { chain: NO_FILTERS, own: [] };

export class FilterTable {
  readonly #definitions: readonly FilterDefinition[];
  /** A kind that acts at several stages has one definition for each. */
  readonly #byKind: ReadonlyMap<string, readonly FilterDefinition[]>;

  constructor(definitions: readonly FilterDefinition[]) {
    this.#definitions = definitions;
    this.#byKind = Map.groupBy(definitions, ({ kind }) => kind);
  }

  /** Throws for a filter or policy of an unknown kind, which the rule must not serve without. */
  compileRule(rule: RouteRule, deps: FilterDeps): RuleFilters {
    const own = this.#compile(configsOf(rule), deps, (definition) => !isForwarding(definition));
    const more = this.#definitions.flatMap((definition): CompiledFilter[] => {
      const parts = definition.compileForRule?.(rule, deps) ?? null;
      return parts === null ? [] : [{ definition, parts }];
    });
    if (own.length === 0 && more.length === 0) return NO_RULE_FILTERS;
    const all = [...more, ...own];
    return { chain: chainOf({ request: all, response: all, requestEdits: [] }), own };
  }

  /**
   * The filters of one backend: its own, and those of its rule that act on forwarding or on responses. The rule edits a request before
   * its backend, and a response after it.
   */
  compileBackend(
    rule: RouteRule,
    backend: FilterCarrier,
    ofRule: RuleFilters,
    deps: FilterDeps,
  ): FilterChain {
    const configs = configsOf(rule);
    const filters = configsOf({ ...backend, policies: this.addedBy(backend, rule) });
    if (configs.length === 0 && filters.length === 0) return NO_FILTERS;
    const kinds = (list: readonly FilterConfig[]): Set<string> => new Set(list.map(({ kind }) => kind));
    const kindsOfRule = kinds(configs);
    const kindsOfBackend = kinds(filters);
    const isOverridden = ({ kind, precedence }: FilterDefinition): boolean =>
      precedence === 'backend' && kindsOfBackend.has(kind);
    const own = this.#compile(
      filters,
      deps,
      ({ kind, precedence }) => precedence !== 'rule' || !kindsOfRule.has(kind),
    );
    const forwarding = this.#compile(
      configs,
      deps,
      (definition) => isForwarding(definition) && !isOverridden(definition),
    );
    const others = ofRule.own.filter(({ definition }) => !isOverridden(definition));
    return chainOf({
      request: [...forwarding, ...own],
      response: [...own, ...forwarding, ...others],
      // Its other filters have acted before the backend was chosen; what they edit is still to be edited.
      requestEdits: others,
    });
  }

  /**
   * The policies of a backend that act besides those of its rule, so that each acts once for a request: the policy of the rule acts, and
   * that of the backend as far as it adds something.
   */
  addedBy(backend: FilterCarrier, rule: Pick<FilterCarrier, 'policies'>): readonly PolicyValue[] {
    return (backend.policies ?? []).flatMap((value) => {
      const ofRule = rule.policies?.find(({ kind }) => kind === value.kind);
      if (ofRule === undefined) return [value];
      if (samePlain(value.settings as Plain, ofRule.settings as Plain)) return [];
      const definition = this.#definitionsOf(value.kind).find((one) => one.added !== undefined);
      if (definition?.added === undefined) return [value];
      return (definition.added(value, ofRule) as PolicyValue | null) ?? [];
    });
  }

  /**
   * What acts on responses to requests that reach a listener with `policies` and none of its rules; null for nothing. Throws for a policy
   * that the listener must not serve without.
   */
  compileListener(policies: readonly PolicyValue[], deps: FilterDeps): FilterChain | null {
    for (const { kind } of policies) this.#checkListenerPolicy(kind);
    const compiled = this.#compile(policies, deps, ({ stages }) => stages.response !== undefined);
    return compiled.length === 0 ? null : chainOf({ request: [], response: compiled, requestEdits: [] });
  }

  #checkListenerPolicy(kind: string): void {
    const canAct = this.#definitionsOf(kind).some(
      ({ stages, connection }) => stages.response !== undefined || connection !== undefined,
    );
    if (!canAct) throw new Error(`a policy of kind ${kind} cannot act on a listener`);
  }

  /**
   * What a port, rule or backend of layer 4 decides about connections with; null for nothing. `before`: what it had in the configuration
   * before. Throws for a policy that it must not serve connections without.
   */
  compileConnections(
    policies: readonly PolicyValue[],
    deps: FilterDeps,
    before: ConnectionFilters | null,
  ): ConnectionFilters | null {
    const filters = policies
      .map((value) => ({ value, definition: this.#connectionOf(value.kind) }))
      .toSorted((a, b) => rankOf(a.definition.stage) - rankOf(b.definition.stage))
      .map(({ value, definition }) => definition.compile(value, deps, filterOfKind(before, value.kind)));
    return ConnectionFilters.of(filters);
  }

  #connectionOf(kind: string): ConnectionDefinition {
    const found = this.#definitionsOf(kind).find(({ connection }) => connection !== undefined)?.connection;
    if (found === undefined) throw new Error(`a policy of kind ${kind} cannot act on connections`);
    return found;
  }

  /** Those of a listener's policies that act on its connections. */
  actingOnConnections(policies: readonly PolicyValue[]): readonly PolicyValue[] {
    return policies.filter(({ kind }) =>
      this.#definitionsOf(kind).some(({ connection }) => connection !== undefined),
    );
  }

  /** In the order in which they act. */
  describe(filters: readonly Filter[]): DescribedFilter[] {
    const rank = ({ kind }: Filter): number => {
      const stages = this.#byKind.get(kind)?.[0]?.stages;
      return rankOf(stages?.request ?? stages?.response);
    };
    return filters
      .toSorted((a, b) => rank(a) - rank(b))
      .map((filter) => ({ ...filter, description: this.#describe(filter) }));
  }

  #describe(filter: Filter): string {
    return this.#byKind.get(filter.kind)?.[0]?.describe(filter) ?? `${filter.kind}: unknown to this version`;
  }

  #compile(
    filters: readonly FilterConfig[],
    deps: FilterDeps,
    isWanted: (definition: FilterDefinition) => boolean,
  ): CompiledFilter[] {
    return filters
      .flatMap((filter) => this.#definitionsOf(filter.kind).map((definition) => ({ filter, definition })))
      .filter(({ filter, definition }) => isWanted(definition) && definition.actsFor?.(filter) !== false)
      .map(({ filter, definition }) => ({ definition, parts: definition.compile(filter, deps) }));
  }

  #definitionsOf(kind: string): readonly FilterDefinition[] {
    const definitions = this.#byKind.get(kind);
    if (definitions === undefined) throw new Error(`there is no filter of kind ${kind}`);
    return definitions;
  }
}

/** A rule or backend: its filters, and its policies, which act as filters. */
export type FilterCarrier = Partial<Pick<RouteRule, 'filters' | 'policies'>>;

const configsOf = ({ filters = NO_CONFIGS, policies }: FilterCarrier): readonly FilterConfig[] =>
  policies === undefined ? filters : [...filters, ...policies];

const filterOfKind = (filters: ConnectionFilters | null, kind: string): ConnectionFilter | null =>
  filters?.filters.find((filter) => filter.kind === kind) ?? null;

const NO_CONFIGS: readonly Filter[] = [];

const isForwarding = ({ stages }: FilterDefinition): boolean => actsOnForwarding(stages.request);
