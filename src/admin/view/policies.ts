/** Policies: their targets, and where their fields apply. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { PolicyStatus, StatusUpdate } from '../../gatewayapi/status.ts';
import { combineLayers, deciderOf } from '../../translator/policy/combine.ts';
import { fieldsOf, writtenAt } from '../../translator/policy/merge.ts';
import type { PolicyLayer, PolicySettings } from '../../translator/policy/policy-settings.ts';
import type { RulePolicies, TranslateResult } from '../../translator/types.ts';
import type { EffectItem, PolicyItem, Reference } from '../api/resources.ts';
import { idOf, listsOf, objectId, objectItem, referenceTo, type ServedSinceOf } from './objects.ts';

type PolicyUpdate = Extract<StatusUpdate, { readonly status: PolicyStatus }>;

const isPolicy = (update: StatusUpdate): update is PolicyUpdate => 'ancestors' in update.status;

export interface PolicyInputs {
  readonly statuses: readonly StatusUpdate[];
  readonly snapshot: ResourceSnapshot;
  readonly result: Pick<TranslateResult, 'policies'>;
  readonly servedSince: ServedSinceOf;
}

export function policyItems({
  statuses,
  snapshot,
  result,
  servedSince,
}: PolicyInputs): readonly PolicyItem[] {
  const updates = statuses.filter(isPolicy);
  if (updates.length === 0) return [];
  const effects = effectsOf(result.policies);
  const targets = targetsByPolicy(snapshot);
  return updates.map((update) => {
    const item = objectItem(update, servedSince);
    return { ...item, targets: targets.get(item.id) ?? [], effects: effects.get(item.id) ?? [] };
  });
}

interface TargetRef {
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

/** Policies of every kind have the same targetRefs (GEP-713), in their own namespace. */
function targetsByPolicy(snapshot: ResourceSnapshot): ReadonlyMap<string, readonly Reference[]> {
  const targets = new Map<string, readonly Reference[]>();
  for (const object of Object.values(listsOf(snapshot)).flat()) {
    const refs = 'spec' in object ? targetRefs(object.spec) : undefined;
    if (refs === undefined) continue;
    const { namespace = '' } = object.metadata;
    targets.set(
      idOf(object),
      refs.map(({ kind, name, sectionName }) => referenceTo({ kind, namespace, name }, sectionName ?? null)),
    );
  }
  return targets;
}

function targetRefs(spec: unknown): readonly TargetRef[] | undefined {
  const isTargeting = typeof spec === 'object' && spec !== null && 'targetRefs' in spec;
  return isTargeting ? (spec.targetRefs as readonly TargetRef[]) : undefined;
}

interface Effect {
  readonly value: string;
  applied: number;
  readonly overridden: Map<string, { readonly by: Reference; backends: number }>;
}

/** By id of the policy. */
function effectsOf(policies: readonly RulePolicies[]): ReadonlyMap<string, readonly EffectItem[]> {
  const effects = new Map<string, Map<string, Effect>>();
  for (const [layers, backends] of countedLayers(policies)) addEffects(effects, layers, backends);
  return new Map(
    [...effects].map(([id, fields]) => [
      id,
      [...fields]
        .toSorted(([a], [b]) => (a < b ? -1 : 1))
        .map(([field, { value, applied, overridden }]) => ({
          field,
          value,
          applied,
          overridden: [...overridden.values()],
        })),
    ]),
  );
}

/** Backends with the same layers are counted together. */
function countedLayers(policies: readonly RulePolicies[]): ReadonlyMap<readonly PolicyLayer[], number> {
  const counts = new Map<readonly PolicyLayer[], number>();
  for (const rules of policies) {
    for (const backends of rules.values()) {
      for (const layers of backends) {
        if (layers.length > 0) counts.set(layers, (counts.get(layers) ?? 0) + 1);
      }
    }
  }
  return counts;
}

function addEffects(
  effects: Map<string, Map<string, Effect>>,
  layers: readonly PolicyLayer[],
  backends: number,
): void {
  for (const [settings, own] of Map.groupBy(layers, (layer) => layer.settings)) {
    const combined = combineLayers(settings, own);
    for (const layer of own) {
      // A policy that closes its targets sets no field.
      if (layer.closed !== null) continue;
      const id = objectId(layer.source);
      const fields = effects.get(id) ?? new Map<string, Effect>();
      effects.set(id, fields);
      for (const [path, value] of valuesOf(settings, layer)) {
        const effect = fields.get(path) ?? { value: asText(value), applied: 0, overridden: new Map() };
        fields.set(path, effect);
        const decider = deciderOf(combined, layer, path).source;
        if (decider === layer.source) effect.applied += backends;
        else countOverride(effect, decider, backends);
      }
    }
  }
}

/** Path and value of all fields that a policy sets. */
const valuesOf = (
  settings: PolicySettings,
  layer: PolicyLayer,
): readonly (readonly [path: string, value: unknown])[] =>
  settings.merge === 'add-up'
    ? settings.itemsOf(layer.spec).map(({ path, value }) => [path, value] as const)
    : fieldsOf(layer.spec).map(([path, value]) => [path, writtenAt(layer, path) ?? value] as const);

function countOverride({ overridden }: Effect, winner: ObjectRef, backends: number): void {
  const key = objectId(winner);
  const known = overridden.get(key) ?? { by: referenceTo(winner), backends: 0 };
  known.backends += backends;
  overridden.set(key, known);
}

const asText = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
