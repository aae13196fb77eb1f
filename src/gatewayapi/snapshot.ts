import type { CoreKinds } from './core-kinds.ts';
import type { CustomKinds } from './generated/types.ts';
import type { Kind, KindTable } from './kind.ts';
import type { Kinds } from './kinds.ts';
import type { ObjectMeta } from './object-meta.ts';

/** Any object of the Kubernetes API. */
export interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

type KindTypes = CoreKinds & CustomKinds;

/** The type of a kind's objects. */
type ObjectOf<Row extends Kind> = Row['kind'] extends keyof KindTypes ? KindTypes[Row['kind']] : AnyObject;

/** One list of objects for each kind of a table. */
export type SnapshotOf<Table extends KindTable> = {
  readonly [List in keyof Table]: readonly ObjectOf<Table[List]>[];
};

/**
 * All resources at one revision, each validated, defaulted and converted to the preferred version of its kind. Order carries no
 * meaning: `translate` returns the same result for any order.
 */
export type ResourceSnapshot = SnapshotOf<Kinds>;

/** A kind that is installed only in versions that Sluice does not read. */
export interface UnreadableKind {
  readonly kind: string;
  readonly versions: readonly string[];
}
