/** Objects with a status: what every kind has in common. */
import type { Condition } from '../../gatewayapi/condition.ts';
import type { ObjectMeta } from '../../gatewayapi/object-meta.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { ParentRef, StatusUpdate } from '../../gatewayapi/status.ts';
import { originOfDataPlane, type DataPlaneId } from '../../ir/data-plane-id.ts';
import type { Origin } from '../../ir/origin.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import type { ConditionReport, ObjectItem, Reference } from '../api/resources.ts';

/** Since when every proxy serves the generation of an object; null when it is not served. */
export type ServedSinceOf = (id: string) => string | null;

export interface SnapshotObject {
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

interface Identity {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** `Kind/namespace/name`; `Kind/name` for cluster-scoped kinds. */
export const objectId = ({ kind, namespace = '', name }: Identity): string =>
  namespace === '' ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;

/** `Kind/namespace/name/port`, without a port for kinds that have none. */
export const backendId = ({ section = '', ...object }: Origin): string =>
  section === '' ? objectId(object) : `${objectId(object)}/${section}`;

/** `namespace/name`. */
export const gatewayId = ({ namespace, name }: Pick<ObjectRef, 'namespace' | 'name'>): string =>
  `${namespace}/${name}`;

/** Id of the Gateway that the data plane serves; for a mesh, that of the data plane. */
export function gatewayOf(dataPlane: DataPlaneId): string {
  const origin = originOfDataPlane(dataPlane);
  return origin.kind === 'Gateway' ? gatewayId(origin) : dataPlane;
}

export const idOf = ({ kind, metadata: { namespace, name } }: SnapshotObject): string =>
  objectId({ kind, name, ...(namespace === undefined ? {} : { namespace }) });

export const listsOf = (snapshot: ResourceSnapshot): Readonly<Record<string, readonly SnapshotObject[]>> =>
  snapshot;

/** Every object of a list by its id. */
export const byId: <Item extends SnapshotObject>(list: readonly Item[]) => ReadonlyMap<string, Item> =
  memoizeByKey((list) => new Map(list.map((object) => [idOf(object), object])));

export const plainCondition = ({ type, status, reason, message }: Condition): ConditionReport => ({
  type,
  status,
  reason,
  message,
});

/** Of a route or policy: those of all parents or ancestors. */
export function conditionsOf({ status }: StatusUpdate): readonly Condition[] {
  if ('parents' in status) return status.parents.flatMap(({ conditions }) => conditions);
  if ('ancestors' in status) return status.ancestors.flatMap(({ conditions }) => conditions);
  return status.conditions;
}

export const objectItem = (update: StatusUpdate, servedSince: ServedSinceOf): ObjectItem => ({
  ...objectHead(update, servedSince),
  conditions: conditionsOf(update).map(plainCondition),
});

export type ObjectHead = Omit<ObjectItem, 'conditions'>;

export function objectHead({ object, generation }: StatusUpdate, servedSince: ServedSinceOf): ObjectHead {
  const { kind, namespace, name } = object;
  const id = objectId(object);
  return { id, kind, namespace, name, generation, servedSince: servedSince(id) };
}

export const referenceTo = (
  { kind, namespace, name }: Pick<ObjectRef, 'kind' | 'namespace' | 'name'>,
  section: string | null = null,
): Reference => ({ kind, namespace, name, section });

/** The target of a parentRef, with the defaults of the Gateway API. */
export function parentReference(
  { kind = 'Gateway', namespace, name, sectionName }: ParentRef,
  ownNamespace: string,
): Reference {
  return { kind, namespace: namespace ?? ownNamespace, name, section: sectionName ?? null };
}

/** As `Programmed` or `Accepted`. */
export const isTrue = (conditions: readonly ConditionReport[], type: string): boolean =>
  conditions.some((condition) => condition.type === type && condition.status === 'True');
