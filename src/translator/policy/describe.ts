/** Describes policies for users: the settings of requests to a backend, with their origins. */
import type { EffectiveSetting, Origin } from '../../ir/origin.ts';
import { combineLayers } from './combine.ts';
import { layersWith, settingsOf } from './hierarchy.ts';
import { fieldsOf, winnerOf, writtenAt } from './merge.ts';
import type { PolicyKind } from './policy-kind.ts';
import type { DescribedBackend, PolicyLayer, PolicySettings } from './policy-settings.ts';

/** `layers`: of the rule's backends, by index, weakest first. */
export const describePolicies = (
  layers: readonly (readonly PolicyLayer[])[],
  backend: DescribedBackend,
  kinds: readonly PolicyKind[],
): readonly EffectiveSetting[] =>
  settingsOf(kinds).flatMap((settings) => {
    const own = layers.map((list) => layersWith(settings, list));
    const applied = own.map((list) => list.filter(({ closed }) => closed === null));
    const described =
      settings.describe?.(applied, backend) ?? describeSet(settings, applied[backend.index] ?? []);
    return [...described, ...describeClosed(settings, own[backend.index] ?? [])];
  });

/** The settings of policies, without defaults. */
function describeSet(settings: PolicySettings, layers: readonly PolicyLayer[]): readonly EffectiveSetting[] {
  const { merged, items, exemptions } = combineLayers(settings, layers);
  const one = (path: string, value: unknown, layer: PolicyLayer | undefined): EffectiveSetting => ({
    field: `${settings.name}.${path}`,
    value: typeof value === 'string' ? value : JSON.stringify(value),
    from: layer === undefined ? null : originOf(layer),
  });
  return [
    ...fieldsOf(merged.spec).map(([path, value]) => {
      const layer = winnerOf(merged, path);
      return one(path, writtenAt(layer, path) ?? value, layer);
    }),
    ...items.map(({ item, layer }) => one(item.path, item.value, layer)),
    ...exemptions.map(({ item, layer }) => one(item.path, 'exempt', layer)),
  ];
}

const describeClosed = (
  { name }: PolicySettings,
  layers: readonly PolicyLayer[],
): readonly EffectiveSetting[] =>
  layers.flatMap((layer) =>
    layer.closed === null ? [] : [{ field: name, value: `closed: ${layer.closed}`, from: originOf(layer) }],
  );

const originOf = ({ source: { kind, namespace, name } }: PolicyLayer): Origin => ({ kind, namespace, name });
