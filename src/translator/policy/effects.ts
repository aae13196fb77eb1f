/** The effect of each field that a policy sets: per policy and Gateway, over all traffic that the policy applies to. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { Defects } from '../contain.ts';
import { filterUpstreams } from '../filter/read-filters.ts';
import {
  attachedTo,
  type Attachments,
  type GatewayNode,
  type RouteNode,
  type RuleNode,
  type Upstream,
} from '../graph/nodes.ts';
import { deciderOf, pathsOf, refuserOf, type Combined } from './combine.ts';
import type { FieldOutcome } from './faults.ts';
import { layerKey, layersWith, type Hierarchy, type PolicyScope } from './hierarchy.ts';
import { blockOf, valueAt, winnerOf } from './merge.ts';
import { appliesTo, problemOnLayer4, type Traffic } from './lowering.ts';
import type { PolicyCarrier, PolicyLayer, PolicySettings, SettingField } from './policy-settings.ts';

/** By path of the field. */
export type FieldOutcomes = ReadonlyMap<string, FieldOutcome>;

/** Of several outcomes of a field the one with the highest rank counts: what is refused or closed anywhere is reported. */
const RANK = { unserved: 0, overridden: 1, effective: 2, refused: 3, closes: 4 } as const;

const keyOf = ({ kind, namespace, name }: ObjectRef): string => `${kind}/${namespace}/${name}`;

export class PolicyEffects {
  readonly #fields = new Map<string, Map<string, FieldOutcome>>();
  readonly #affecting = new Map<string, Map<string, ObjectRef>>();

  /** No policy applies to anything. */
  get isEmpty(): boolean {
    return this.#affecting.size === 0;
  }

  /** By path of the field; empty if the policy applies to nothing of the Gateway. */
  of(policy: ObjectRef, gateway: ObjectRef): FieldOutcomes {
    return this.#fields.get(`${keyOf(policy)} ${keyOf(gateway)}`) ?? new Map<string, FieldOutcome>();
  }

  /** Inherited policies that apply to an object as `gateway` serves it, by kind and name. */
  affecting(object: ObjectRef, gateway: ObjectRef): readonly ObjectRef[] {
    const found = this.#affecting.get(`${keyOf(object)} ${keyOf(gateway)}`);
    return [...(found ?? [])].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, ref]) => ref);
  }

  affect(object: ObjectRef, gateway: ObjectRef, layers: readonly PolicyLayer[]): void {
    const inherited = layers.filter(isInherited);
    if (inherited.length === 0) return;
    const key = `${keyOf(object)} ${keyOf(gateway)}`;
    const known = this.#affecting.get(key) ?? new Map<string, ObjectRef>();
    this.#affecting.set(key, known);
    for (const { source } of inherited) known.set(keyOf(source), source);
  }

  note(policy: ObjectRef, gateway: ObjectRef, path: string, outcome: FieldOutcome): void {
    const key = `${keyOf(policy)} ${keyOf(gateway)}`;
    const fields = this.#fields.get(key) ?? new Map<string, FieldOutcome>();
    this.#fields.set(key, fields);
    const known = fields.get(path);
    if (known === undefined || RANK[known.kind] < RANK[outcome.kind]) fields.set(path, outcome);
  }
}

const isInherited = ({ kind }: PolicyLayer): boolean => kind?.attachment.kind === 'inherited';

export function findPolicyEffects(
  gateways: readonly GatewayNode[],
  hierarchy: Hierarchy,
  {
    attachments,
    hasPolicies,
    defects,
  }: { readonly attachments: Attachments; readonly hasPolicies: boolean; readonly defects: Defects },
): PolicyEffects {
  const effects = new PolicyEffects();
  if (!hasPolicies) return effects;
  for (const gateway of gateways) {
    defects.contain(
      [gateway.object, 'policy effects'],
      () => {
        new GatewayEffects(gateway, { hierarchy, attachments, effects }).find();
      },
      () => undefined,
    );
  }
  return effects;
}

/** Traffic with the same layers. */
interface PolicyUse {
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

interface EffectsContext {
  readonly hierarchy: Hierarchy;
  readonly attachments: Attachments;
  /** Where effects are recorded. */
  readonly effects: PolicyEffects;
}

class GatewayEffects {
  readonly #gateway: GatewayNode;
  readonly #hierarchy: Hierarchy;
  readonly #attachments: Attachments;
  readonly #effects: PolicyEffects;
  readonly #seen = new Set<string>();

  constructor(gateway: GatewayNode, { hierarchy, attachments, effects }: EffectsContext) {
    this.#gateway = gateway;
    this.#hierarchy = hierarchy;
    this.#attachments = attachments;
    this.#effects = effects;
  }

  find(): void {
    const { ref, listeners, listenerSets } = this.#gateway;
    const { layers } = this.#hierarchy.gatewayScope(this.#gateway);
    this.#effects.affect(ref, ref, layers);
    this.#noteUse({ ...NO_RULE, carrier: 'port', layers });
    for (const listener of [...listeners, ...listenerSets.flatMap((set) => set.listeners)]) {
      const scope = this.#hierarchy.scopeOf(listener, this.#gateway);
      this.#effects.affect(ref, ref, scope.layers);
      this.#noteUse({ ...NO_RULE, carrier: 'listener', layers: scope.layers });
      for (const { route } of attachedTo(this.#attachments, listener)) {
        for (const rule of route.rules) this.#noteRule(route, rule, scope);
      }
    }
  }

  #noteRule(route: RouteNode, rule: RuleNode, scope: PolicyScope): void {
    for (const use of usesOf(route, rule, { scope, hierarchy: this.#hierarchy })) {
      const settings = this.#settingsFor(use);
      this.#effects.affect(
        route.ref,
        this.#gateway.ref,
        settings.flatMap((one) => layersWith(one, use.layers)),
      );
      this.#noteUse(use);
    }
  }

  #settingsFor({ carrier, traffic }: PolicyUse): readonly PolicySettings[] {
    return this.#hierarchy.settings.filter(
      (settings) => settings.carriers.includes(carrier) && appliesTo(settings, traffic),
    );
  }

  #noteUse(use: PolicyUse): void {
    if (use.layers.length === 0) return;
    const decisions = [...use.ruleWide.values()].map(({ place }) => place).join();
    const of = [use.carrier, use.traffic, use.upstream?.protocol ?? '', decisions];
    const key = [...use.layers.map(layerKey), ...of].join('\n');
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    for (const settings of this.#settingsFor(use)) {
      const combined = this.#hierarchy.combine(settings, use.layers);
      for (const layer of layersWith(settings, use.layers)) {
        if (!isInherited(layer) || layer.closed !== null) continue;
        for (const path of pathsOf(settings, layer.spec)) {
          this.#effects.note(
            layer.source,
            this.#gateway.ref,
            path,
            outcomeOf(use, combined, { layer, path }),
          );
        }
      }
    }
  }
}

interface UseContext {
  readonly scope: PolicyScope;
  readonly hierarchy: Hierarchy;
}

/** The rule itself, its backends, and the backends of its filters. */
function usesOf(route: RouteNode, rule: RuleNode, { scope, hierarchy }: UseContext): readonly PolicyUse[] {
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
    ruleWide = new Map([...ruleWideLayers(layers, hierarchy), ...ruleWide]);
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

function outcomeOf(
  use: PolicyUse,
  combined: Combined,
  { layer, path }: { readonly layer: PolicyLayer; readonly path: string },
): FieldOutcome {
  const overriddenBy = ({ source, place }: PolicyLayer): FieldOutcome => ({
    kind: 'overridden',
    by: source,
    samePlace: place === layer.place,
  });
  const { settings } = layer;
  const refuser = refuserOf(combined, layer, path);
  if (refuser !== undefined) return { kind: 'refused', by: refuser.source };
  const decider = deciderOf(combined, layer, path);
  if (decider !== layer) return overriddenBy(decider);
  const problem = use.traffic === 'layer4' ? problemOnLayer4(layer) : null;
  if (problem !== null) return { kind: 'closes', why: problem };
  const field = fieldAt(settings, path);
  if (field === null) return { kind: 'effective' };
  const { needs } = field;
  if (needs !== undefined && textAt(combined, settings, needs.field) !== needs.value) {
    const decidesNeeds = winnerOf(combined.merged, needs.field);
    return decidesNeeds === undefined || decidesNeeds === layer
      ? { kind: 'unserved', why: `it belongs to ${needs.field} ${needs.value}` }
      : overriddenBy(decidesNeeds);
  }
  const ruleWide = blockOf(path) === settings.ruleWideBlock ? use.ruleWide.get(settings) : undefined;
  // One backend determines the block for all, unless its layer applies to this backend as well.
  if (ruleWide !== undefined && ruleWide !== layer && !use.layers.includes(ruleWide)) {
    return overriddenBy(ruleWide);
  }
  const why = unservedBecause(use.upstream, field);
  return why === null ? { kind: 'effective' } : { kind: 'unserved', why };
}

/** A block without fields applies to the same traffic as its first field. null: there is no such field, so it always applies. */
function fieldAt({ fields }: PolicySettings, path: string): SettingField | null {
  const found = fields[path];
  if (found !== undefined) return found;
  const inside = Object.entries(fields).find(([name]) => name.startsWith(`${path}.`));
  return inside?.[1] ?? null;
}

function textAt({ merged }: Combined, { fields }: PolicySettings, path: string): string {
  const value = valueAt(merged.spec, path);
  return typeof value === 'string' ? value : (fields[path]?.fallback ?? '');
}

const SPOKEN = { http1: 'HTTP/1.1', h2: 'HTTP/2', tcp: 'TCP', udp: 'UDP' } as const;

function unservedBecause(upstream: Upstream | null, { protocols }: SettingField): string | null {
  if (protocols.length === 0) return 'the platform cannot set it';
  if (upstream === null) return null;
  return protocols.includes(upstream.protocol)
    ? null
    : `it has no effect on backends that use ${SPOKEN[upstream.protocol]}`;
}
