/**
 * Which policies apply to what, and in what order. From weak to strong: the Gateway, its listener; or the Gateway, the ListenerSet, its
 * listener; then the Service, its port; then the route, its rule; then what the rule itself sets (GEP-713 hierarchy; that a route is
 * stronger than a Service is GEP-1619's). A policy that a filter refers to has the level of the rule or backendRef that has the filter.
 */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { PolicyLevel } from '../../ir/policy-value.ts';
import type {
  BackendNode,
  FilterNode,
  GatewayNode,
  ListenerNode,
  RouteNode,
  RuleNode,
  Upstream,
} from '../graph/nodes.ts';
import { blocksOf } from './block-conflicts.ts';
import { combineLayers, type Combined } from './combine.ts';
import { layerOf, type InheritedPolicies } from './policies.ts';
import type { PolicyKind } from './policy-kind.ts';
import type { PolicyLayer, PolicySettings } from './policy-settings.ts';
import { placeKey } from './targets.ts';

/** Listeners of a Gateway to which the same policies apply. Most Gateways have one scope for all their listeners. */
export interface PolicyScope {
  /** Unique among the scopes of all Gateways, and stable between hierarchies. `` for all scopes without policies. */
  readonly key: string;
  /** `` for the Gateway's own; else the listener or ListenerSet whose policies differ from it. */
  readonly id: string;
  /** The Gateway's own scope. */
  readonly base: PolicyScope;
  /** Weakest first. */
  readonly layers: readonly PolicyLayer[];
}

function baseScope(key: string, layers: readonly PolicyLayer[]): PolicyScope {
  const scope: Omit<PolicyScope, 'base'> & { base: PolicyScope | null } = {
    key,
    id: '',
    base: null,
    layers,
  };
  scope.base = scope as PolicyScope;
  return scope as PolicyScope;
}

/** The scope of every Gateway without policies: they share their lowered rules. */
const NO_POLICIES = baseScope('', []);

/** All settings of the given policy kinds, without duplicates. */
export const settingsOf = (kinds: readonly PolicyKind[]): readonly PolicySettings[] => [
  ...new Set(kinds.flatMap(({ settings }) => (settings === null ? [] : [settings]))),
];

export class Hierarchy {
  readonly settings: readonly PolicySettings[];
  readonly #policies: InheritedPolicies;
  readonly #scopes = new Map<string, PolicyScope>();
  readonly #combined = new Map<PolicySettings, Map<string, Combined>>();

  constructor(policies: InheritedPolicies, kinds: readonly PolicyKind[]) {
    this.#policies = policies;
    this.settings = settingsOf(kinds);
  }

  /** The Gateway's own scope. */
  gatewayScope({ ref }: Pick<GatewayNode, 'ref'>): PolicyScope {
    const layers = this.#policies.at(ref, null);
    return layers.length === 0 ? NO_POLICIES : this.#scope(refKey(ref), (key) => baseScope(key, layers));
  }

  /** The scope of a listener of `gateway` or of one of its ListenerSets. */
  scopeOf(listener: ListenerNode, gateway: Pick<GatewayNode, 'ref'>): PolicyScope {
    const base = this.gatewayScope(gateway);
    const { owner, spec, id } = listener;
    const isOfSet = owner.kind === 'ListenerSet';
    const ofSet = isOfSet ? this.#policies.at(owner, null) : [];
    const ofListener = this.#policies.at(owner, spec.name);
    if (ofSet.length === 0 && ofListener.length === 0) return base;
    const layers = [...base.layers, ...ofSet, ...ofListener];
    const own = ofListener.length > 0 ? String(id) : [owner.kind, owner.namespace, owner.name].join('/');
    const key = `${refKey(gateway.ref)} ${own}`;
    return this.#scope(key, () => ({ key, id: own, base, layers }));
  }

  #scope(key: string, make: (key: string) => PolicyScope): PolicyScope {
    const scope = this.#scopes.get(key) ?? make(key);
    this.#scopes.set(key, scope);
    return scope;
  }

  /** The layers of all traffic to an upstream that enters in `scope`, regardless of its route. */
  upstreamLayers(upstream: Upstream, scope: PolicyScope): readonly PolicyLayer[] {
    const own = this.#ownLayers(upstream);
    const weakest = this.settings.flatMap((settings) => settings.layersOfUpstream?.(upstream) ?? []);
    if (own.length === 0 && weakest.length === 0) return scope.layers;
    return [...weakest, ...scope.layers, ...own];
  }

  /** The layers of policies on the upstream itself. */
  #ownLayers({ ref, portName, policies }: Upstream): readonly PolicyLayer[] {
    const inherited = [
      ...this.#policies.at(ref, null),
      ...(portName === '' ? [] : this.#policies.at(ref, portName)),
    ];
    const direct = policies.flatMap((node) => layerOf(node, placeKey(ref, null), 'backend') ?? []);
    if (direct.length === 0) return inherited;
    return [...direct.flatMap((layer) => withoutBlocksOf(inherited, layer) ?? []), ...inherited];
  }

  /** What governs requests of a rule: to `backend`, one of its own, or to none in particular. */
  requestLayers(
    route: RouteNode,
    rule: RuleNode,
    { backend, scope }: { readonly backend: BackendNode | null; readonly scope: PolicyScope },
  ): readonly PolicyLayer[] {
    const { name } = rule;
    return [
      ...(backend?.upstream.ok === true ? this.upstreamLayers(backend.upstream.value, scope) : scope.layers),
      ...this.#policies.at(route.ref, null),
      ...(name === null ? NO_LAYERS : this.#policies.at(route.ref, name)),
      ...referencedLayers(route.ref, rule.filters, 'rule'),
      ...this.settings.flatMap((settings) => settings.layersOfRule?.(route, rule) ?? NO_LAYERS),
      ...(backend === null ? NO_LAYERS : referencedLayers(route.ref, backend.filters, 'backendRef')),
    ];
  }

  /** Combines, of `layers`, those of these settings; once for all that have the same layers. */
  combine(settings: PolicySettings, layers: readonly PolicyLayer[]): Combined {
    const own = layersWith(settings, layers);
    const key = own.map(layerKey).join('\n');
    const known = this.#combined.get(settings) ?? new Map<string, Combined>();
    this.#combined.set(settings, known);
    const combined = known.get(key) ?? combineLayers(settings, own);
    known.set(key, combined);
    return combined;
  }
}

const NO_LAYERS: readonly PolicyLayer[] = [];

/** The layers of policies that filters refer to, the first filter's last: it is the strongest. */
const referencedLayers = (
  route: ObjectRef,
  filters: readonly FilterNode[],
  level: PolicyLevel,
): readonly PolicyLayer[] =>
  filters.some(({ policy }) => policy !== null)
    ? filters
        .toReversed()
        .flatMap(({ policy, path }) =>
          policy === null ? [] : (layerOf(policy, placeKey(route, path), level) ?? []),
        )
    : NO_LAYERS;

/** The layers whose settings are `settings`. */
export const layersWith = (
  settings: PolicySettings,
  layers: readonly PolicyLayer[],
): readonly PolicyLayer[] =>
  layers.every((layer) => layer.settings === settings)
    ? layers
    : layers.filter((layer) => layer.settings === settings);

const refKey = ({ kind, namespace, name }: ObjectRef): string => `${kind}/${namespace}/${name}`;

/** A policy whose blocks yield to others has a separate form for each set of remaining blocks. */
export const layerKey = ({ source, place, spec, kind }: PolicyLayer): string =>
  `${refKey(source)} ${place} ${kind?.yieldsBlocks ? blocksOf(spec).join() : ''}`;

/** The rest of a policy whose blocks yield to those of other kinds for the same object; null: nothing. */
function withoutBlocksOf(others: readonly PolicyLayer[], layer: PolicyLayer): PolicyLayer | null {
  if (!layer.kind?.yieldsBlocks) return layer;
  const taken = new Set(
    others.filter(({ settings }) => settings === layer.settings).flatMap(({ spec }) => blocksOf(spec)),
  );
  const kept = Object.entries(layer.spec).filter(
    ([block, value]) => value !== undefined && !taken.has(block),
  );
  return kept.length === 0 ? null : { ...layer, spec: Object.fromEntries(kept) };
}
