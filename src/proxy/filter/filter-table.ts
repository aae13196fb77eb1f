/** Compiles the filters of rules and backends into what an exchange runs, in the order of order.ts. */
import type { Filter, HeaderEdit } from '../../ir/filter.ts';
import type { RouteRule } from '../../ir/route.ts';
import {
  NO_EDIT_LIST,
  NO_FILTERS,
  type EditList,
  type FilterChain,
  type HttpFilter,
} from '../exchange/http-filter.ts';
import { compileHeadEdits } from '../message/head-edits.ts';
import type { DescribedFilter } from '../router/explain-backends.ts';
import type { FilterConfig, FilterDefinition, FilterDeps, FilterParts } from './definition.ts';
import { actsOnForwarding, rankOf } from './order.ts';

interface CompiledFilter {
  readonly definition: FilterDefinition;
  readonly parts: FilterParts;
}

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
    return { chain: chainOf({ request: all, response: all }), own };
  }

  /**
   * The filters of one backend: its own, and those of its rule that act on forwarding or on responses. The rule edits a request before
   * its backend, and a response after it.
   */
  compileBackend(
    rule: RouteRule,
    filters: readonly FilterConfig[],
    ofRule: RuleFilters,
    deps: FilterDeps,
  ): FilterChain {
    const configs = configsOf(rule);
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
    return chainOf({ request: [...forwarding, ...own], response: [...own, ...forwarding, ...others] });
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
      .filter(({ definition }) => isWanted(definition))
      .map(({ filter, definition }) => ({ definition, parts: definition.compile(filter, deps) }));
  }

  #definitionsOf(kind: string): readonly FilterDefinition[] {
    const definitions = this.#byKind.get(kind);
    if (definitions === undefined) throw new Error(`there is no filter of kind ${kind}`);
    return definitions;
  }
}

/** The filters of a rule or backend, and its policies, which act as filters. */
export const configsOf = ({
  filters = NO_CONFIGS,
  policies,
}: Partial<Pick<RouteRule, 'filters' | 'policies'>>): readonly FilterConfig[] =>
  policies === undefined ? filters : [...filters, ...policies];

const NO_CONFIGS: readonly Filter[] = [];

const isForwarding = ({ stages }: FilterDefinition): boolean => actsOnForwarding(stages.request);

const requestRank = ({ definition }: CompiledFilter): number => rankOf(definition.stages.request);
const responseRank = ({ definition }: CompiledFilter): number => rankOf(definition.stages.response);

/** Sorting is stable: filters of one stage act in the order in which they are given. */
function chainOf(filters: {
  readonly request: readonly CompiledFilter[];
  readonly response: readonly CompiledFilter[];
}): FilterChain {
  const onRequest = filters.request.toSorted((a, b) => requestRank(a) - requestRank(b));
  const onResponse = filters.response.toSorted((a, b) => responseRank(a) - responseRank(b));
  const checks = rankOf('checks');
  const early = onRequest.filter((filter) => requestRank(filter) < checks);
  return {
    request: stepsOf(onRequest.map(({ parts }) => parts.request)),
    beforeChecks: stepsOf(early.map(({ parts }) => parts.request)).length,
    response: stepsOf(onResponse.map(({ parts }) => parts.response)),
    requestEdits: editListOf(onRequest.map(({ parts }) => parts.requestEdit)),
    responseEdits: editListOf(onResponse.map(({ parts }) => parts.responseEdit)),
  };
}

/** A step that several filters share acts once. */
const stepsOf = (steps: readonly (HttpFilter | undefined)[]): HttpFilter[] => [
  ...new Set(steps.filter((step) => step !== undefined)),
];

function editListOf(edits: readonly (HeaderEdit | undefined)[]): EditList {
  const sources = edits.filter((edit) => edit !== undefined);
  return sources.length === 0 ? NO_EDIT_LIST : { sources, merged: compileHeadEdits(sources) };
}
