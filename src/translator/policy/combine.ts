/** Combines the layers of one kind of settings: the layers either override each other or add up. */
import { fieldsOf, mergeLayers, winnerOf, type Merged } from './merge.ts';
import type { PolicyItem, PolicyLayer, PolicySettings } from './policy-settings.ts';

export interface Combined {
  /** Of settings that override each other, with the layer that each field comes from; empty for those that add up. */
  readonly merged: Merged<object, PolicyLayer>;
  /** Of settings that add up: what applies, of the weakest layer first. */
  readonly items: readonly PlacedItem[];
  /** Of settings that add up: by layer and path, the closer layer that replaces a default. */
  readonly replaced: ReadonlyMap<PolicyLayer, ReadonlyMap<string, PolicyLayer>>;
  /** The layers that some setting comes from, weakest first. */
  readonly contributors: readonly PolicyLayer[];
}

export interface PlacedItem {
  readonly item: PolicyItem;
  readonly layer: PolicyLayer;
}

const NOTHING: Combined = {
  merged: { spec: {}, from: new Map() },
  items: [],
  replaced: new Map(),
  contributors: [],
};

/** `layers`: all of `settings`, weakest first. Those of policies that close what they govern contribute nothing. */
export function combineLayers(settings: PolicySettings, layers: readonly PolicyLayer[]): Combined {
  const applied = layers.filter(({ closed }) => closed === null);
  if (applied.length === 0) return NOTHING;
  if (settings.merge === 'add-up') return addUp(placedItems(settings, applied));
  const merged = mergeLayers(applied);
  const winners = new Set(merged.from.values());
  return { ...NOTHING, merged, contributors: applied.filter((layer) => winners.has(layer)) };
}

const placedItems = (
  settings: Extract<PolicySettings, { merge: 'add-up' }>,
  layers: readonly PolicyLayer[],
): readonly PlacedItem[] =>
  layers.flatMap((layer) => settings.itemsOf(layer.spec).map((item) => ({ item, layer })));

function addUp(all: readonly PlacedItem[]): Combined {
  const replaced = new Map<PolicyLayer, Map<string, PolicyLayer>>();
  const items = all.filter(({ item, layer }, at) => {
    const closer = item.isDefault
      ? all.slice(at + 1).findLast((other) => other.layer !== layer && other.item.name === item.name)
      : undefined;
    if (closer === undefined) return true;
    const paths = replaced.get(layer) ?? new Map<string, PolicyLayer>();
    replaced.set(layer, paths.set(item.path, closer.layer));
    return false;
  });
  return { ...NOTHING, items, replaced, contributors: [...new Set(items.map(({ layer }) => layer))] };
}

/** Paths of all that a policy sets. */
export function pathsOf(settings: PolicySettings, spec: object): readonly string[] {
  return settings.merge === 'add-up'
    ? settings.itemsOf(spec).map(({ path }) => path)
    : fieldsOf(spec).map(([path]) => path);
}

/** The layer that decides a field that `layer` sets: `layer` itself unless a stronger one overrides or replaces it. */
export const deciderOf = ({ merged, replaced }: Combined, layer: PolicyLayer, path: string): PolicyLayer =>
  replaced.get(layer)?.get(path) ?? winnerOf(merged, path) ?? layer;
