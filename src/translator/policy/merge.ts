/**
 * What several policies amount to: one merge, field by field, the stronger over the weaker (RFC 7386; GEP-713 "Patch defaults").
 * Lists are fields. `null` is a value, "unlimited", and not a removal, which makes the merge associative.
 */
import type { BackendPolicySpec } from '../../gatewayapi/generated/types.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';

/** What a policy says, whatever it is attached to. */
export type PolicySpec = Omit<BackendPolicySpec, 'targetRefs'>;

/** What one object says at one place of the hierarchy. */
export interface PolicyLayer {
  /** A BackendPolicy, an XBackendTrafficPolicy, a Service (`trafficDistribution`) or the route itself. */
  readonly source: ObjectRef;
  /** What it is attached to; layers of one place compete by age. */
  readonly place: string;
  readonly spec: PolicySpec;
  /** Blocks that weaker layers have no part in. */
  readonly whole?: readonly (keyof PolicySpec)[];
}

export interface Merged {
  readonly spec: PolicySpec;
  /** By path of a field, or of a block that is taken whole: the layer it comes from. */
  readonly from: ReadonlyMap<string, PolicyLayer>;
}

type Plain = Readonly<Record<string, unknown>>;

const isBlock = (value: unknown): value is Plain =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** `layers`: weakest first. */
export function mergeLayers(layers: readonly PolicyLayer[]): Merged {
  let spec: Plain = {};
  const from = new Map<string, PolicyLayer>();
  for (const layer of layers) {
    for (const block of layer.whole ?? []) {
      spec = { ...spec, [block]: undefined };
      for (const path of [...from.keys()]) if (blockOf(path) === block) from.delete(path);
      from.set(block, layer);
    }
    spec = patch(spec, layer.spec);
    for (const [path] of fieldsOf(layer.spec)) from.set(path, layer);
  }
  return { spec: spec, from };
}

/** `over` laid over `base`; neither is changed. */
function patch(base: Plain, over: Plain): Plain {
  const merged: Record<string, unknown> = { ...base };
  for (const [name, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = merged[name];
    merged[name] = isBlock(value) ? patch(isBlock(below) ? below : {}, value) : value;
  }
  return merged;
}

/** Path and value of every field that is set; a block without fields is one, for it says something by being there. */
export function fieldsOf(spec: PolicySpec): readonly (readonly [path: string, value: unknown])[] {
  return collect(spec, '');
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

/** The layer that decides what a field is, if any does. */
export const winnerOf = ({ from }: Merged, path: string): PolicyLayer | undefined =>
  from.get(path) ?? from.get(blockOf(path));
