/** What becomes of each field that inherited policies set, for one use. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import { compareText } from '../../lib/compare.ts';
import type { Upstream } from '../graph/nodes.ts';
import { deciderOf, pathsOf, refuserOf, type Combined } from './combine.ts';
import type { FieldOutcome } from './faults.ts';
import { layersWith, type Hierarchy } from './hierarchy.ts';
import { appliesTo, problemOnLayer4 } from './lowering.ts';
import { blockOf, valueAt, winnerOf } from './merge.ts';
import type { PolicyLayer, PolicySettings, SettingField } from './policy-settings.ts';
import type { PolicyUse } from './uses.ts';

export interface UseOutcomes {
  /** Inherited policies that apply, by kind and name. */
  readonly policies: readonly ObjectRef[];
  readonly fields: readonly UseOutcome[];
}

interface UseOutcome {
  readonly policy: ObjectRef;
  /** Below `spec`. */
  readonly path: string;
  readonly outcome: FieldOutcome;
}

export function outcomesOf(use: PolicyUse, hierarchy: Hierarchy): UseOutcomes {
  const settings = hierarchy.settings.filter(
    (one) => one.carriers.includes(use.carrier) && appliesTo(one, use.traffic),
  );
  const inherited = settings.map((one) => layersWith(one, use.layers).filter(isInherited));
  return {
    policies: sortedSources(inherited.flat()),
    fields: settings.flatMap((one, at) => {
      const combined = hierarchy.combine(one, use.layers);
      return (inherited[at] ?? [])
        .filter(({ closed }) => closed === null)
        .flatMap((layer) =>
          pathsOf(one, layer.spec).map((path) => ({
            policy: layer.source,
            path,
            outcome: outcomeOf(use, combined, { layer, path }),
          })),
        );
    }),
  };
}

export const isInherited = ({ kind }: PolicyLayer): boolean => kind?.attachment.kind === 'inherited';

/** Without duplicates, by kind and name. */
export function sortedSources(layers: readonly PolicyLayer[]): readonly ObjectRef[] {
  const sources = new Set(layers.map(({ source }) => source));
  return [...sources].sort((a, b) => compareText(nameOf(a), nameOf(b)));
}

export const nameOf = ({ kind, namespace, name }: ObjectRef): string => `${kind}/${namespace}/${name}`;

const EFFECTIVE: FieldOutcome = { kind: 'effective' };

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
  if (field === null) return EFFECTIVE;
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
  return why === null ? EFFECTIVE : { kind: 'unserved', why };
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
