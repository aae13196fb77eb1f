/** Compiles the filters of rules and backends into what an exchange runs, in the order of order.ts. */
import type { Filter } from '../../ir/filter.ts';
import type { PolicyValue } from '../../ir/policy-value.ts';
import type { RouteRule } from '../../ir/route.ts';
import { samePlain, type Plain } from '../../lib/structural-patch.ts';
import { NO_FILTERS, type FilterChain } from '../exchange/http-filter.ts';
import { ConnectionFilters, type ConnectionFilter } from '../net/connection-filter.ts';
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
  /** A kind that acts at several stages has one definition for each. */
  readonly #byKind: ReadonlyMap<string, readonly FilterDefinition[]>;

  constructor(definitions: readonly FilterDefinition[]) {
    this.#byKind = Map.groupBy(definitions, ({ kind }) => kind);
  }

  /** Throws for a filter or policy of an unknown kind, which the rule must not serve without. */
  compileRule(rule: RouteRule, deps: FilterDeps): RuleFilters {
    const own = this.#compile(configsOf(rule), deps, (definition) => !isForwarding(definition));
    const preflight = this.#compilePreflight(rule, deps);
    if (own.length === 0 && preflight.length === 0) return NO_RULE_FILTERS;
    const all = [...preflight, ...own];
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

  /** For explanations: the definitions of a filter, those that do not act for it left out; none for an unknown kind. */
  actingFor(config: FilterConfig): readonly FilterDefinition[] {
    return (this.#byKind.get(config.kind) ?? []).filter((one) => one.actsFor?.(config) !== false);
  }

  /**
   * The filter that answers CORS preflights of a rule: its own, else that of the first backend that has one and takes requests. A preflight
   * is answered before a backend is chosen, so that none of them ever sees it (GEP-1767).
   */
  preflightOf({ filters, action }: RouteRule): FilterConfig | null {
    const answers = ({ kind }: FilterConfig): boolean => this.#preflightDefinition(kind) !== undefined;
    const own = filters.find(answers);
    if (own !== undefined || action.kind === 'fail') return own ?? null;
    for (const { weight, filters: ofBackend = [] } of action.backends) {
      const found = weight > 0 ? ofBackend.find(answers) : undefined;
      if (found !== undefined) return found;
    }
    return null;
  }

  #preflightDefinition(kind: string): FilterDefinition | undefined {
    return this.#byKind.get(kind)?.find((one) => one.compilePreflight !== undefined);
  }

  #compilePreflight(rule: RouteRule, deps: FilterDeps): readonly CompiledFilter[] {
    const config = rule.action.kind === 'fail' ? null : this.preflightOf(rule);
    const definition = config === null ? undefined : this.#preflightDefinition(config.kind);
    if (config === null || definition?.compilePreflight === undefined) return [];
    return [{ definition, parts: definition.compilePreflight(config, deps) }];
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

export const configsOf = ({ filters = NO_CONFIGS, policies }: FilterCarrier): readonly FilterConfig[] =>
  policies === undefined ? filters : [...filters, ...policies];

const filterOfKind = (filters: ConnectionFilters | null, kind: string): ConnectionFilter | null =>
  filters?.filters.find((filter) => filter.kind === kind) ?? null;

const NO_CONFIGS: readonly Filter[] = [];

const isForwarding = ({ stages }: FilterDefinition): boolean => actsOnForwarding(stages.request);
