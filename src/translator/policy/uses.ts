/** Traffic by the policies that apply to it. */
import { filterUpstreams } from '../filter/read-filters.ts';
import type { RouteNode, RuleNode, Upstream } from '../graph/nodes.ts';
import type { Hierarchy, PolicyScope } from './hierarchy.ts';
import type { Traffic } from './lowering.ts';
import { blockOf } from './merge.ts';
import type { PolicyCarrier, PolicyLayer, PolicySettings } from './policy-settings.ts';

/** Traffic with the same layers. */
export interface PolicyUse {
  readonly carrier: PolicyCarrier;
  readonly traffic: Traffic;
  /** null: no upstream in particular. */
  readonly upstream: Upstream | null;
  readonly layers: readonly PolicyLayer[];
  /** For a backend: by `ruleWideBlock`, the layer from which the first backend of the rule takes it. */
  readonly ruleWide: ReadonlyMap<PolicySettings, PolicyLayer>;
}

const NO_DECISIONS: PolicyUse['ruleWide'] = new Map();
const NO_RULE = { traffic: 'http', upstream: null, ruleWide: NO_DECISIONS } as const;

/** The traffic of a Gateway or listener before it has a rule. */
export const useOfScope = (carrier: 'port' | 'listener', { layers }: PolicyScope): PolicyUse => ({
  ...NO_RULE,
  carrier,
  layers,
});

interface UseContext {
  readonly scope: PolicyScope;
  readonly hierarchy: Hierarchy;
}

/** The rule itself, its backends, and the backends of its filters. */
export function usesOf(
  route: RouteNode,
  rule: RuleNode,
  { scope, hierarchy }: UseContext,
): readonly PolicyUse[] {
  const traffic = route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute' ? 'http' : 'layer4';
  const ofRule: PolicyUse = {
    ...NO_RULE,
    carrier: 'rule',
    traffic,
    layers: hierarchy.requestLayers(route, rule, { backend: null, scope }),
  };
  let ruleWide: PolicyUse['ruleWide'] = NO_DECISIONS;
  const backends = rule.backends.flatMap((backend): readonly PolicyUse[] => {
    const { upstream } = backend;
    if (!upstream.ok) return [];
    const layers = hierarchy.requestLayers(route, rule, { backend, scope });
    const decided = ruleWideLayers(layers, hierarchy);
    if (decided.length > 0) ruleWide = new Map([...decided, ...ruleWide]);
    return [{ carrier: 'backend', traffic, upstream: upstream.value, layers, ruleWide }];
  });
  const filters = [...rule.filters, ...rule.backends.flatMap((backend) => backend.filters)];
  const ofFilters = filterUpstreams(filters).flatMap((upstream): readonly PolicyUse[] => {
    if (!upstream.ok) return [];
    const layers = hierarchy.upstreamLayers(upstream.value, scope);
    return [{ ...NO_RULE, carrier: 'backend', upstream: upstream.value, layers }];
  });
  return [ofRule, ...backends, ...ofFilters];
}

function ruleWideLayers(
  layers: readonly PolicyLayer[],
  hierarchy: Hierarchy,
): readonly (readonly [PolicySettings, PolicyLayer])[] {
  return hierarchy.settings.flatMap((settings): readonly (readonly [PolicySettings, PolicyLayer])[] => {
    const { ruleWideBlock } = settings;
    if (ruleWideBlock === undefined) return [];
    const { from } = hierarchy.combine(settings, layers).merged;
    const found = [...from].find(([path]) => blockOf(path) === ruleWideBlock);
    return found === undefined ? [] : [[settings, found[1]]];
  });
}
