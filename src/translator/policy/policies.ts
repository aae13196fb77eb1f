/** All policies of a snapshot: read, linked to their targets, and found by target. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { PolicyLevel } from '../../ir/policy-value.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import { contain } from '../contain.ts';
import { joinMessages, type Fault } from '../faults/fault.ts';
import { internalError, schemaFaults } from '../faults/object-faults.ts';
import { byAge, reuseNodes, refOf } from '../graph/object-key.ts';
import type { Lookup } from '../graph/snapshot-index.ts';
import type { TranslateOptions } from '../types.ts';
import { findBlockConflicts } from './block-conflicts.ts';
import {
  isValid,
  type PolicyKind,
  type PolicyNode,
  type PolicyObject,
  type PolicyReading,
  type PolicyTarget,
} from './policy-kind.ts';
import type { PolicyLayer } from './policy-settings.ts';
import { levelOf, linkTargets, placeKey, TargetClaims, TargetIndex } from './targets.ts';

export interface PolicyContext {
  readonly lookup: Lookup;
  readonly options: TranslateOptions;
}

/** By kind in the order of the table, of each kind the oldest first. Nodes that are equal to those of `before` are reused. */
export function readPolicies(
  kinds: readonly PolicyKind[],
  {
    snapshot,
    context,
    before,
  }: {
    readonly snapshot: ResourceSnapshot;
    readonly context: PolicyContext;
    readonly before: Policies | null;
  },
): Policies {
  const index = new TargetIndex(snapshot, context.lookup, namesOfTargets(kinds, snapshot));
  const read = kinds.flatMap((kind) => {
    const claims = kind.attachment.kind === 'direct' ? new TargetClaims() : null;
    return kind
      .objects(snapshot)
      .toSorted(byAge)
      .map((object) => readPolicy(object, kind, { ...context, index, claims }));
  });
  const nodes = reuseNodes(before?.nodes ?? [], findBlockConflicts(read));
  return before !== null && reuseIfSameItems(before.nodes, nodes) === before.nodes
    ? before
    : new Policies(nodes, kinds, before);
}

const namesOfTargets = (kinds: readonly PolicyKind[], snapshot: ResourceSnapshot): ReadonlySet<string> =>
  new Set(
    kinds.flatMap((kind) =>
      kind.objects(snapshot).flatMap((object) =>
        contain(
          () => (object.spec.targetRefs ?? []).map(({ name }) => name),
          () => [],
        ),
      ),
    ),
  );

interface LinkContext extends PolicyContext {
  readonly index: TargetIndex;
  readonly claims: TargetClaims | null;
}

function readPolicy(object: PolicyObject, kind: PolicyKind, context: LinkContext): PolicyNode {
  const { lookup, options, index, claims } = context;
  const ref = refOf(object, kind.group);
  const link = (): readonly PolicyTarget[] =>
    linkTargets(ref, object.spec.targetRefs ?? [], { index, claims, allowed: kind.targets });
  const node = { kind, object, ref, conflicts: [] };
  return contain(
    () => {
      const from = { group: kind.group, kind: kind.kind, namespace: ref.namespace };
      const violations = schemaFaults(object, 'Invalid');
      const reading =
        violations.length > 0 ? unreadable(violations) : kind.read(object, { lookup, options, from });
      return { ...node, ...reading, targets: link() };
    },
    (error) => {
      // A policy that protects keeps its readable targets and closes them.
      const targets = kind.whenInvalid === 'closes' ? contain(link, () => []) : [];
      return { ...node, ...unreadable([internalError('', error, 'Invalid')]), targets };
    },
  );
}

const unreadable = (faults: readonly Fault[]): PolicyReading<object> => ({
  settings: null,
  faults,
  referenceFaults: [],
  warnings: [],
});

const NONE: readonly PolicyNode[] = [];

export class Policies {
  /** By kind in the order of the table, of each kind the oldest first. */
  readonly nodes: readonly PolicyNode[];
  /** Policies that are inherited; the same object until one of them changes. */
  readonly inherited: InheritedPolicies;
  /** Direct policies, by object and section. */
  readonly #direct = new Map<string, PolicyNode[]>();
  readonly #kinds: readonly PolicyKind[];
  /** Policies of kinds that `isReferable`. */
  readonly #referable: ReadonlyMap<string, PolicyNode>;

  constructor(nodes: readonly PolicyNode[], kinds: readonly PolicyKind[], before: Policies | null) {
    this.nodes = nodes;
    this.#kinds = kinds;
    this.#referable = new Map(
      nodes.filter(({ kind }) => kind.isReferable).map((node) => [placeKey(node.ref, null), node]),
    );
    const inherited = nodes.filter(({ kind }) => kind.attachment.kind === 'inherited');
    const known = before?.inherited;
    this.inherited =
      known !== undefined && reuseIfSameItems(known.nodes, inherited) === known.nodes
        ? known
        : new InheritedPolicies(inherited);
    for (const node of nodes)
      if (node.kind.attachment.kind === 'direct' && isEffective(node)) this.#index(node);
  }

  #index(node: PolicyNode): void {
    for (const { ref, sectionName, missing, lostTo } of node.targets) {
      if (missing !== null || lostTo !== null) continue;
      const place = placeKey(ref, sectionName);
      const known = this.#direct.get(place);
      if (known === undefined) this.#direct.set(place, [node]);
      else known.push(node);
    }
  }

  /** Direct policies of a section of an object, at most one of each kind; `` for one without a name. */
  governing(target: ObjectRef, section: string): readonly PolicyNode[] {
    if (this.#direct.size === 0) return NONE;
    const ofTarget = this.#direct.get(placeKey(target, null)) ?? NONE;
    const ofSection = section === '' ? NONE : (this.#direct.get(placeKey(target, section)) ?? NONE);
    if (ofSection.length === 0) return ofTarget;
    return [...ofSection, ...ofTarget.filter(({ kind }) => !ofSection.some((node) => node.kind === kind))];
  }

  /** Whether filters may refer to policies of a kind. The same for all snapshots. */
  isReferable(group: string, kind: string): boolean {
    return this.#kinds.some((one) => one.isReferable && one.group === group && one.kind === kind);
  }

  /** The policy of a kind that `isReferable`. */
  referable(ref: ObjectRef): PolicyNode | undefined {
    return this.#referable.get(placeKey(ref, null));
  }
}

/** An invalid policy that protects still has an effect: it closes its targets. */
const isEffective = (node: PolicyNode): boolean =>
  isValid(node) || (node.kind.whenInvalid === 'closes' && node.refusesNothing !== true);

/** Settings of inherited policies, by object and section. */
export class InheritedPolicies {
  readonly nodes: readonly PolicyNode[];
  readonly #layers = new Map<string, PolicyLayer[]>();

  constructor(nodes: readonly PolicyNode[]) {
    this.nodes = nodes;
    // Youngest first: of two policies for one target, the older is stronger (GEP-713, conflict resolution).
    for (const node of nodes.toReversed()) {
      for (const target of node.targets) if (target.missing === null) this.#attach(node, target);
    }
  }

  #attach(node: PolicyNode, { ref, sectionName }: PolicyTarget): void {
    const layer = layerOf(node, placeKey(ref, sectionName), levelOf(ref, sectionName));
    if (layer === null) return;
    const known = this.#layers.get(layer.place);
    if (known === undefined) this.#layers.set(layer.place, [layer]);
    else known.push(layer);
  }

  /** Layers attached to exactly this object or section of it, weakest first. */
  at(ref: ObjectRef, sectionName: string | null): readonly PolicyLayer[] {
    return this.#layers.size === 0 ? NO_LAYERS : (this.#layers.get(placeKey(ref, sectionName)) ?? NO_LAYERS);
  }
}

const NO_LAYERS: readonly PolicyLayer[] = [];

/** The settings of a policy for one object or section; null: none. */
export function layerOf(node: PolicyNode, place: string, level: PolicyLevel): PolicyLayer | null {
  const { kind, ref, settings } = node;
  if (kind.settings === null || !isEffective(node)) return null;
  const isOpen = isValid(node) && settings !== null;
  return {
    settings: kind.settings,
    kind,
    source: ref,
    place,
    level,
    spec: isOpen ? settings : {},
    written: isOpen ? node.object.spec : {},
    closed: isOpen ? null : joinMessages([...node.faults, ...node.referenceFaults]),
  };
}
