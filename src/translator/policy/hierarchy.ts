/**
 * Which policies govern what, and in what order. From weak to strong: the Gateway, its listener; or the Gateway, the ListenerSet, its
 * listener; then the Service, its port; then the route, its rule; then what the HTTPRoute rule itself says (GEP-713 hierarchy; that a
 * route stands above a Service is GEP-1619's). Settings of a pool come from all but routes.
 */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { BackendPolicies } from './backend-policies.ts';
import type {
  GatewayNode,
  ListenerNode,
  RouteNode,
  RuleNode,
  TrafficPolicyNode,
  Upstream,
} from '../graph/nodes.ts';
import { mergeLayers, type Merged, type PolicyLayer, type PolicySpec } from './merge.ts';
import { claimKey } from './targets.ts';

/** Where traffic enters, as far as policies are concerned: most Gateways have one scope for all their listeners. */
export interface PolicyScope {
  /** Tells scopes of all Gateways apart; the same for the same one of the next hierarchy. `` for all without policies. */
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

/** Of every Gateway without policies, so that what is lowered for one is there for all. */
const NO_POLICIES = baseScope('', []);

const NOTHING: Merged = mergeLayers([]);

/** Retried when an HTTPRoute has a `retry` stanza, whatever it says (HTTPRouteRetry). */
const IMPLIED_BY_ROUTE = ['ConnectFailure', 'RefusedStream', 'Reset', 'PerTryTimeout'] as const;

export class Hierarchy {
  readonly #policies: BackendPolicies;
  readonly #scopes = new Map<string, PolicyScope>();
  readonly #merged = new Map<string, Merged>();

  constructor(policies: BackendPolicies) {
    this.#policies = policies;
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

  /** What governs the pool of an upstream. */
  poolLayers(upstream: Upstream, scope: PolicyScope): readonly PolicyLayer[] {
    const service = this.#serviceLayers(upstream);
    const local = upstream.prefersLocal ? [distributionLayer(upstream.ref)] : [];
    if (service.length === 0 && local.length === 0) return scope.layers;
    return [...local, ...scope.layers, ...service];
  }

  #serviceLayers({ ref, portName, traffic }: Upstream): readonly PolicyLayer[] {
    const own = [
      ...this.#policies.at(ref, null),
      ...(portName === '' ? [] : this.#policies.at(ref, portName)),
    ];
    const experimental = traffic === null ? null : experimentalLayer(ref, traffic, own);
    return experimental === null ? own : [experimental, ...own];
  }

  /** What governs requests of a rule: to `upstream`, or to none in particular. */
  requestLayers(
    route: RouteNode,
    rule: RuleNode,
    { upstream, scope }: { readonly upstream: Upstream | null; readonly scope: PolicyScope },
  ): readonly PolicyLayer[] {
    const { name } = rule;
    const own = inlineLayer(route.ref, rule);
    return [
      ...(upstream === null ? scope.layers : this.poolLayers(upstream, scope)),
      ...this.#policies.at(route.ref, null),
      ...(name === null ? [] : this.#policies.at(route.ref, name)),
      ...(own === null ? [] : [own]),
    ];
  }

  /** Merges once for all that have the same layers. */
  merge(layers: readonly PolicyLayer[]): Merged {
    if (layers.length === 0) return NOTHING;
    const key = layers.map(layerKey).join('\n');
    const merged = this.#merged.get(key) ?? mergeLayers(layers);
    this.#merged.set(key, merged);
    return merged;
  }
}

const refKey = ({ kind, namespace, name }: ObjectRef): string => `${kind}/${namespace}/${name}`;

/** An experimental policy has as many forms as it has blocks that it may keep. */
export const layerKey = ({ source, place, spec }: PolicyLayer): string =>
  `${refKey(source)} ${place} ${source.kind === 'XBackendTrafficPolicy' ? Object.keys(spec).join() : ''}`;

/** Any local endpoint is enough, as for kube-proxy. */
function distributionLayer(service: ObjectRef): PolicyLayer {
  const preferLocal = { minEndpointsThreshold: 1 };
  return { source: service, place: 'distribution', spec: { loadBalancer: { zoneAware: { preferLocal } } } };
}

/** XBackendTrafficPolicy of the backend, without blocks of which BackendPolicies of the same backend speak: those win. */
function experimentalLayer(
  target: ObjectRef,
  { ref, object: { spec } }: TrafficPolicyNode,
  own: readonly PolicyLayer[],
): PolicyLayer | null {
  const { retryConstraint, sessionPersistence } = spec;
  const isFree = (block: keyof PolicySpec): boolean => own.every((layer) => layer.spec[block] === undefined);
  const kept: PolicySpec = {
    ...(retryConstraint !== undefined && isFree('retryConstraint') ? { retryConstraint } : {}),
    ...(sessionPersistence !== undefined && isFree('sessionPersistence') ? { sessionPersistence } : {}),
  };
  if (Object.keys(kept).length === 0) return null;
  return { source: ref, place: claimKey(target, null), spec: kept };
}

/** What the rule of the route says itself; persistence of sessions is one decision (GEP-1619). */
function inlineLayer(route: ObjectRef, { settings, index }: RuleNode): PolicyLayer | null {
  const { timeouts, retry, sessionPersistence } = settings;
  if (timeouts === null && retry === null && sessionPersistence === null) return null;
  return {
    source: route,
    place: `${refKey(route)} ${String(index)}`,
    spec: {
      ...(timeouts === null ? {} : { timeouts }),
      ...(retry === null ? {} : { retry: { ...retry, retryOn: IMPLIED_BY_ROUTE } }),
      ...(sessionPersistence === null ? {} : { sessionPersistence }),
    },
    whole: sessionPersistence === null ? [] : ['sessionPersistence'],
  };
}
