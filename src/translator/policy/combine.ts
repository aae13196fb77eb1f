/** Combines the layers of one kind of settings: the layers either override each other or add up. */
import { fieldsOf, mergeLayers, winnerOf, type Merged } from './merge.ts';
import type { PolicyItem, PolicyLayer, PolicySettings } from './policy-settings.ts';

export interface Combined {
  /** For settings that override each other, with the layer that each field comes from; empty for those that add up. */
  readonly merged: Merged<object, PolicyLayer>;
  /** For settings that add up: the items that apply, weakest layer first. */
  readonly items: readonly PlacedItem[];
  /** Of settings that add up: exemptions in place of items, of the weakest layer first. */
  readonly exemptions: readonly PlacedItem[];
  /** Of settings that add up: the closer layers that replace defaults. */
  readonly replaced: LayersByField;
  /** Of settings that add up: the layers whose `Override` keeps an exemption from having an effect. */
  readonly refused: LayersByField;
  /** The layers that some setting comes from, weakest first. */
  readonly contributors: readonly PolicyLayer[];
}

/** By layer and path of a field that it sets. */
type LayersByField = ReadonlyMap<PolicyLayer, ReadonlyMap<string, PolicyLayer>>;

export interface PlacedItem {
  readonly item: PolicyItem;
  readonly layer: PolicyLayer;
}

const NOTHING: Combined = {
  merged: { spec: {}, from: new Map() },
  items: [],
  exemptions: [],
  replaced: new Map(),
  refused: new Map(),
  contributors: [],
};

/** `layers`: all of `settings`, weakest first. Policies that close their targets contribute nothing. */
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
  const { kept, lost: refused } = separate(all, ({ item }) =>
    item.isExemption === true ? all.find((other) => isOverrideOf(item, other.item)) : undefined,
  );
  const { kept: applied, lost: replaced } = separate(kept, (placed, at) =>
    placed.item.precedence === 'Default' ? closestInstead(placed, kept.slice(at + 1)) : undefined,
  );
  const items = applied.filter(({ item }) => item.isExemption !== true);
  return {
    ...NOTHING,
    items,
    exemptions: applied.filter(({ item }) => item.isExemption === true),
    replaced,
    refused,
    contributors: [...new Set(items.map(({ layer }) => layer))],
  };
}

const isOverrideOf = ({ name }: PolicyItem, other: PolicyItem): boolean =>
  other.name === name && other.precedence === 'Override';

const closestInstead = ({ item, layer }: PlacedItem, closer: readonly PlacedItem[]): PlacedItem | undefined =>
  closer.findLast((other) => other.layer !== layer && other.item.name === item.name);

/** Separates the items that have no effect from the others, and notes which layer each loses to. */
function separate(
  all: readonly PlacedItem[],
  winnerOver: (placed: PlacedItem, at: number) => PlacedItem | undefined,
): { readonly kept: readonly PlacedItem[]; readonly lost: LayersByField } {
  const lost = new Map<PolicyLayer, Map<string, PolicyLayer>>();
  const kept = all.filter((placed, at) => {
    const winner = winnerOver(placed, at);
    if (winner === undefined) return true;
    const paths = lost.get(placed.layer) ?? new Map<string, PolicyLayer>();
    lost.set(placed.layer, paths.set(placed.item.path, winner.layer));
    return false;
  });
  return { kept, lost };
}

/** Paths of all fields that a policy sets. */
export function pathsOf(settings: PolicySettings, spec: object): readonly string[] {
  return settings.merge === 'add-up'
    ? settings.itemsOf(spec).map(({ path }) => path)
    : fieldsOf(spec).map(([path]) => path);
}

/** The layer whose `Override` keeps an exemption that `layer` sets from having an effect; undefined: none does. */
export const refuserOf = ({ refused }: Combined, layer: PolicyLayer, path: string): PolicyLayer | undefined =>
  refused.get(layer)?.get(path);

/** The layer that decides a field that `layer` sets: `layer` itself unless another one overrides, replaces or refuses it. */
export const deciderOf = (combined: Combined, layer: PolicyLayer, path: string): PolicyLayer =>
  refuserOf(combined, layer, path) ??
  combined.replaced.get(layer)?.get(path) ??
  winnerOf(combined.merged, path) ??
  layer;
