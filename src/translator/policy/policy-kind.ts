/**
 * What the translator knows about one kind of policy. A new kind is one file that exports a `PolicyKind`, and one entry in
 * policy-kinds.ts: everything else in this folder is the same for all kinds, and no other code names one.
 */
import type { ObjectMeta } from '../../gatewayapi/object-meta.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { SecretId } from '../../ir/ids.ts';
import type { KeySetDefinition } from '../../ir/key-set.ts';
import type { Fault } from '../faults/fault.ts';
import type { ReferenceContext } from '../graph/certificate.ts';
import type { UpstreamTlsNode } from '../graph/nodes.ts';
import type { Use } from './backend-usage.ts';
import type { PolicySettings } from './policy-settings.ts';
import type { TargetKind, TargetRef } from './targets.ts';

export interface PolicyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  /** `targetRefs`: absent only of a kind that `isReferable`. */
  readonly spec: { readonly targetRefs?: readonly TargetRef[] };
}

export interface PolicyKind<Object extends PolicyObject = PolicyObject, Settings extends object = object> {
  readonly group: string;
  readonly kind: string;
  /** All objects of the kind. */
  objects(snapshot: ResourceSnapshot): readonly Object[];
  /** The kinds that `targetRefs` may refer to; targets.ts defines which of these have sections. */
  readonly targets: readonly TargetKind[];
  readonly attachment: PolicyAttachment;
  /**
   * What happens to the targets of a policy with faults or without settings. `closes`: for policies that protect; requests get 500.
   * `ignored`: for policies that improve; the targets are served as if the policy did not exist.
   */
  readonly whenInvalid: 'closes' | 'ignored';
  /** Its status has the condition ResolvedRefs. */
  readonly hasReferences: boolean;
  /** Reads one object. Whether it satisfies its schema is checked for all kinds alike. */
  read(object: Object, context: ReferenceContext): PolicyReading<Settings>;
  /** How policies on different targets are combined; null: they are not. */
  readonly settings: PolicySettings<Settings> | null;
  /** The policies of a `direct` kind decide how the gateway encrypts connections to their targets. */
  upstreamTls?(settings: Settings): UpstreamTlsNode;
  /** Filters of the type ExtensionRef may refer to the policies: they then count at the level of the filter's rule or backendRef. */
  readonly isReferable?: true;
  /**
   * For the same target, a policy of another kind with the same `settings` takes precedence block by block. Such policies are
   * weaker than those of the other kind.
   */
  readonly yieldsBlocks?: true;
}

/** How a policy reaches traffic (GEP-713). */
export type PolicyAttachment =
  /**
   * Only its targets themselves. The oldest policy of the kind applies to a target, alone; one for a section applies to the section instead.
   * `use`: how a route must use the target for the policy to affect its Gateway.
   */
  | { readonly kind: 'direct'; readonly use: Use }
  /** Everything below its targets: hierarchy.ts has the order. */
  | { readonly kind: 'inherited' };

/** A policy without its targets. */
export interface PolicyReading<Settings extends object> {
  /** Null if the policy cannot be applied: it has a fault, or an object that it refers to does not exist. */
  readonly settings: Settings | null;
  /** They turn Accepted False. */
  readonly faults: readonly Fault[];
  /** They turn ResolvedRefs False; only of a kind that `hasReferences`. */
  readonly referenceFaults: readonly Fault[];
  /** Reported; the policy applies. */
  readonly warnings: readonly Fault[];
  /** The policy is tried out (mode Audit): an invalid one closes nothing, whatever its kind. */
  readonly refusesNothing?: boolean;
  /** What its values in the configuration refer to; absent: nothing. */
  readonly resources?: PolicyResources;
}

/** Parts of the configuration that policies need beside their values. */
export interface PolicyResources {
  readonly secrets: readonly PolicySecretNode[];
  readonly keySets: readonly KeySetDefinition[];
}

/** See `PolicySecret`. */
export interface PolicySecretNode {
  readonly id: SecretId;
  readonly text: string;
}

/** A policy, linked to its targets. */
export interface PolicyNode<Settings extends object = object> extends PolicyReading<Settings> {
  readonly kind: PolicyKind;
  readonly object: PolicyObject;
  readonly ref: ObjectRef;
  readonly targets: readonly PolicyTarget[];
  /** Blocks that policies of other kinds set for the same targets; only for a kind that `yieldsBlocks`. */
  readonly conflicts: readonly BlockConflict[];
}

export interface PolicyTarget {
  readonly ref: ObjectRef;
  /** null: all of the target. */
  readonly sectionName: string | null;
  /** Field path of the reference. */
  readonly path: string;
  /** The older policy that applies to the target instead; null: none. */
  readonly lostTo: ObjectRef | null;
  /** Why the target cannot be found; null: it was found. */
  readonly missing: Fault | null;
}

export interface BlockConflict {
  readonly target: ObjectRef;
  readonly fault: Fault;
  /** The other policy applies to the whole target, not only to a section. */
  readonly isWhole: boolean;
}

/** It can be applied. */
export const isValid = ({ faults, settings }: PolicyNode): boolean =>
  settings !== null && faults.length === 0;
