/**
 * The merge of policies that override each other: field by field, the stronger over the weaker (RFC 7386; GEP-713 "Patch defaults").
 * Lists are fields. `null` is a value, "unlimited", and not a removal, which makes the merge associative.
 */
import type { SettingsLayer } from './policy-settings.ts';

export interface Merged<Settings extends object = object, Layer = SettingsLayer<Settings>> {
  readonly spec: Settings;
  /** By path of a field, or of a block that is taken whole: the layer it comes from. */
  readonly from: ReadonlyMap<string, Layer>;
}

type Plain = Readonly<Record<string, unknown>>;

const isBlock = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `layers`: weakest first. */
export function mergeLayers<Layer extends SettingsLayer>(
  layers: readonly Layer[],
): Merged<Layer['spec'], Layer> {
  let spec: Plain = {};
  const from = new Map<string, Layer>();
  for (const layer of layers) {
    for (const block of layer.whole ?? []) {
      spec = { ...spec, [block]: undefined };
      for (const path of [...from.keys()]) if (blockOf(path) === block) from.delete(path);
      from.set(block, layer);
    }
    spec = patch(spec, layer.spec as Plain);
    for (const [path] of fieldsOf(layer.spec)) from.set(path, layer);
  }
  return { spec, from };
}

/** `base` overridden by `over`; neither is changed. */
function patch(base: Plain, over: Plain): Plain {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = merged[name];
    merged[name] = isBlock(value) ? patch(isBlock(below) ? below : {}, value) : value;
  }
  return merged;
}

/** Path and value of every field that is set; a block without fields is one, because its presence has a meaning. */
export function fieldsOf(spec: object): readonly (readonly [path: string, value: unknown])[] {
  return collect(spec as Plain, '');
}

function collect(block: Plain, prefix: string): readonly (readonly [string, unknown])[] {
  return Object.entries(block).flatMap(([name, value]): readonly (readonly [string, unknown])[] => {
    if (value === undefined) return [];
    const path = `${prefix}${name}`;
    const fields = isBlock(value) ? collect(value, `${path}.`) : [];
    return fields.length > 0 ? fields : [[path, value]];
  });
}

export const blockOf = (path: string): string => path.split('.', 1)[0] ?? path;

/** The layer that sets a field, if any does. */
export const winnerOf = <Layer>(
  { from }: Pick<Merged<object, Layer>, 'from'>,
  path: string,
): Layer | undefined => from.get(path) ?? from.get(blockOf(path));

/** A field as the user wrote it; undefined where `layer` does not set it. */
export const writtenAt = (layer: Pick<SettingsLayer, 'written'> | undefined, path: string): unknown =>
  layer === undefined ? undefined : valueAt(layer.written, path);

/** The value at a path of names; undefined if there is none. */
export function valueAt(spec: object, path: string): unknown {
  let value: unknown = spec;
  for (const name of path.split('.')) {
    value = (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  }
  return value;
}
