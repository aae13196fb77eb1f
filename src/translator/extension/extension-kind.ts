/**
 * What the translator knows about one kind that an ExtensionRef filter may refer to. A new kind is one file beside this one and one entry in
 * `extension-kinds.ts`.
 */
import type { ObjectMeta } from '../../gatewayapi/object-meta.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { KindWithStatus } from '../../gatewayapi/kinds.ts';
import type { Fault } from '../faults/fault.ts';
import type { FilterKind } from '../filter/filter-kind.ts';
import type { ReferenceContext } from '../graph/certificate.ts';

export interface ExtensionObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

export interface ExtensionKind<
  Object extends ExtensionObject = ExtensionObject,
  Settings extends object = object,
> {
  readonly group: string;
  readonly kind: KindWithStatus<'conditions'>;
  /** All objects of the kind. */
  objects(snapshot: ResourceSnapshot): readonly Object[];
  /** Reads one object. Whether it satisfies its schema is checked for all kinds alike. */
  read(object: Object, context: ReferenceContext): ExtensionReading<Settings>;
  /** The filter that a reference to an object amounts to; its settings are those of the object. */
  readonly filter: FilterKind<Settings>;
}

export interface ExtensionReading<Settings extends object> {
  /** Null if the object cannot be used: it has a fault, or an object that it refers to does not exist. */
  readonly settings: Settings | null;
  /** They turn Accepted False. */
  readonly faults: readonly Fault[];
  /** They turn ResolvedRefs False. */
  readonly referenceFaults: readonly Fault[];
  /** Reported; the object is used. */
  readonly warnings: readonly Fault[];
}

export interface ExtensionNode extends ExtensionReading<object> {
  readonly kind: ExtensionKind;
  readonly object: ExtensionObject;
  readonly ref: ObjectRef;
}
