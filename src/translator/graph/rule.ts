/** Reads one rule of a route of any kind: its matches, filters, backends and settings. */
import { GATEWAY_GROUP } from '../../gatewayapi/ref.ts';
import type { RouteKind } from '../../gatewayapi/status.ts';
import { compactArray } from '../../lib/compact-array.ts';
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError } from '../faults/object-faults.ts';
import { answerWithBackends, secondLayer4Rule } from '../faults/route-faults.ts';
import type { FilterKinds } from '../filter/filter-kind.ts';
import { readClosedFilters, readFilters, type FilterContext } from '../filter/read-filters.ts';
import { backendRefOf, resolveBackend, type BackendContext, type Traffic } from './backend.ts';
import {
  matchesOnlyPrefixes,
  pathPatternsOf,
  readMatch,
  type MatchNode,
  type MeasureRegex,
} from './match.ts';
import type { BackendNode, FilterNode, RuleNode } from './nodes.ts';
import { matchAll, type RuleSpec } from './route-adapter.ts';
import { readRuleSettings } from './rule-settings.ts';
import { readSession } from './session.ts';

export interface RuleContext extends Omit<BackendContext, 'found'>, Pick<FilterContext, 'extensions'> {
  readonly kind: RouteKind;
  readonly namespace: string;
  readonly measureRegex: MeasureRegex;
  readonly filterKinds: FilterKinds;
}

const TRAFFIC: Readonly<Record<RouteKind, Traffic>> = {
  HTTPRoute: 'HTTP',
  GRPCRoute: 'gRPC',
  TLSRoute: 'TLS',
  TCPRoute: 'TCP',
  UDPRoute: 'UDP',
};

const isLayer4 = (kind: RouteKind): kind is 'TLSRoute' | 'TCPRoute' | 'UDPRoute' =>
  kind !== 'HTTPRoute' && kind !== 'GRPCRoute';

/** A rule whose evaluation throws is closed. */
export function readRule(spec: RuleSpec, index: number, context: RuleContext): RuleNode {
  if (spec.closed.length > 0) return closedRule(spec, index, spec.closed, context);
  return contain(
    () => evaluateRule(spec, index, context),
    (error) => {
      const fault = internalError(pathOf(index), error, 'UnsupportedValue');
      return closedRule(spec, index, [fault], context);
    },
  );
}

const pathOf = (index: number): string => `spec.rules[${index}]`;

/** A closed rule responds with 500 to requests that it matches, or to all requests of the route if its matches are unreadable. */
function closedRule(
  spec: RuleSpec,
  index: number,
  closed: readonly Fault[],
  { kind, measureRegex, filterKinds }: RuleContext,
): RuleNode {
  const path = pathOf(index);
  return {
    ...NOTHING_READ,
    index,
    name: spec.name,
    path,
    matches: contain(
      () => readMatches(spec, path, measureRegex),
      () => (isLayer4(kind) ? [] : [readMatch(matchAll(kind), `${path}.matches[0]`, measureRegex)]),
    ),
    filters: contain(
      () => readClosedFilters(spec.filters, `${path}.filters`, filterKinds),
      () => [],
    ),
    closed,
  };
}

const NOTHING_READ = {
  filters: [],
  backends: [],
  settings: null,
  session: null,
  invalid: [],
  found: [],
} as const;

function evaluateRule(spec: RuleSpec, index: number, shared: RuleContext): RuleNode {
  const context = { ...shared, found: [] };
  const path = pathOf(index);
  const matches = readMatches(spec, path, shared.measureRegex);
  const from = { group: GATEWAY_GROUP, kind: context.kind, namespace: context.namespace };
  const filterContext: FilterContext = {
    kinds: shared.filterKinds,
    backends: context,
    extensions: shared.extensions,
    from,
    allPrefixes: matchesOnlyPrefixes(spec.matches),
    pathPatterns: pathPatternsOf(spec.matches),
  };
  const { filters, invalid: filterFaults } = readFilters(spec.filters, `${path}.filters`, filterContext);
  const backends = spec.backendRefs.map((ref, at) => {
    const refPath = `${path}.backendRefs[${at}]`;
    const own = readFilters(ref.filters ?? [], `${refPath}.filters`, filterContext);
    const traffic = TRAFFIC[context.kind];
    const node: BackendNode = {
      path: refPath,
      ref: backendRefOf(ref, context.namespace),
      port: ref.port ?? null,
      weight: ref.weight ?? 1,
      upstream: resolveBackend(context, { from, ref, traffic, path: refPath }),
      filters: own.filters,
    };
    return { node, invalid: own.invalid };
  });
  const { settings, faults: settingFaults } = readRuleSettings(spec, path);
  const invalid = [
    ...matches.flatMap(({ faults }) => faults),
    ...filterFaults,
    ...settingFaults,
    // v1 allows one rule. v1alpha2 allowed more, and the API server may still store such routes.
    ...(index > 0 && isLayer4(context.kind) ? [secondLayer4Rule(path, context.kind)] : []),
    ...(backends.length === 0
      ? []
      : answeringFilters(filters).map((type) => answerWithBackends(`${path}.filters`, type))),
    ...backends.flatMap((backend) => backend.invalid),
  ];
  return {
    index,
    name: spec.name,
    path,
    matches,
    filters,
    backends: compactArray(backends.map(({ node }) => node)),
    settings,
    session: settings?.sessionPersistence === undefined ? null : readSession(settings.sessionPersistence),
    invalid: compactArray(invalid),
    closed: spec.closed,
    found: compactArray(context.found),
  };
}

/** Types of the filters that answer every request themselves. */
const answeringFilters = (filters: readonly FilterNode[]): readonly string[] =>
  filters.flatMap(({ kind }) => (kind?.answersRequests === true ? [kind.type] : []));

const readMatches = ({ matches }: RuleSpec, path: string, measureRegex: MeasureRegex): readonly MatchNode[] =>
  compactArray(matches.map((match, at) => readMatch(match, `${path}.matches[${at}]`, measureRegex)));
