/** Finds blocks that policies of several kinds set for one target: those of a kind with `yieldsBlocks` do not apply. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import { policyBlockConflicted } from './faults.ts';
import { isValid, type BlockConflict, type PolicyNode } from './policy-kind.ts';
import type { PolicySettings } from './policy-settings.ts';
import { placeKey } from './targets.ts';

/** The nodes, with their conflicts. */
export function findBlockConflicts(nodes: readonly PolicyNode[]): readonly PolicyNode[] {
  if (!nodes.some(({ kind }) => kind.yieldsBlocks)) return nodes;
  const claims = indexClaims(nodes.filter((node) => !node.kind.yieldsBlocks && isValid(node)));
  return nodes.map((node) => {
    const { settings, yieldsBlocks } = node.kind;
    return yieldsBlocks && settings !== null
      ? { ...node, conflicts: conflictsOf(node, settings, claims) }
      : node;
  });
}

interface Claim {
  readonly by: ObjectRef;
  /** null: all of the target. */
  readonly section: string | null;
  readonly settings: PolicySettings | null;
  readonly blocks: readonly string[];
}

/** Blocks that a policy sets. */
export const blocksOf = (settings: object | null): readonly string[] =>
  Object.entries(settings ?? {}).flatMap(([block, value]) => (value === undefined ? [] : [block]));

/** By target, regardless of the section. */
function indexClaims(nodes: readonly PolicyNode[]): ReadonlyMap<string, readonly Claim[]> {
  const claims = nodes.flatMap(({ ref, kind, settings, targets }) =>
    targets
      .filter(({ missing }) => missing === null)
      .map((target): readonly [string, Claim] => [
        placeKey(target.ref, null),
        { by: ref, section: target.sectionName, settings: kind.settings, blocks: blocksOf(settings) },
      ]),
  );
  const grouped = Map.groupBy(claims, ([place]) => place);
  return new Map([...grouped].map(([place, list]) => [place, list.map(([, claim]) => claim)]));
}

function conflictsOf(
  node: PolicyNode,
  settings: PolicySettings,
  claims: ReadonlyMap<string, readonly Claim[]>,
): readonly BlockConflict[] {
  return node.targets.flatMap(({ ref, path }) =>
    blocksOf(node.settings).flatMap((block): readonly BlockConflict[] => {
      const found = (claims.get(placeKey(ref, null)) ?? []).filter(
        (claim) => claim.settings === settings && claim.blocks.includes(block),
      );
      const claim = found.find(({ section }) => section === null) ?? found[0];
      if (claim === undefined) return [];
      const { by, section } = claim;
      const fault = policyBlockConflicted(path, block, { target: ref, by, section, loser: node.ref.kind });
      return [{ target: ref, fault, isWhole: section === null }];
    }),
  );
}
