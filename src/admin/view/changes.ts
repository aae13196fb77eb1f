/** The most recent changes: enough for a client that reconnects, and bounded. */
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import { reuseIfEqual } from '../../lib/reuse.ts';
import { diffByIdentity, type ListDiff } from '../../lib/list-diff.ts';
import type { ChangeItem } from '../api/resources.ts';
import { idOf, listsOf, objectId, type SnapshotObject } from './objects.ts';

export type ChangedObject = ChangeItem['objects'][number];

/** Revisions that are kept. */
export const MAX_CHANGES = 256;
/** Objects that are listed for each. */
export const MAX_OBJECTS = 50;

export class ChangeLog {
  /** Oldest first. */
  #changes: ChangeItem[] = [];
  /** Revisions whose configuration some proxy does not serve yet. */
  #unserved = new Set<number>();

  /** `isPublished`: proxies get a new configuration. */
  add(change: Omit<ChangeItem, 'id'>, isPublished: boolean): ChangeItem {
    const item = { id: String(change.revision), ...change };
    this.#changes.push(item);
    if (isPublished && change.servedAt === null) this.#unserved.add(change.revision);
    if (this.#changes.length > MAX_CHANGES) {
      const [dropped] = this.#changes.splice(0, 1);
      if (dropped !== undefined) this.#unserved.delete(dropped.revision);
    }
    return item;
  }

  /** Every proxy serves everything that has been published; true if that is new for any change. */
  servedAll(at: string): boolean {
    if (this.#unserved.size === 0) return false;
    this.#changes = this.#changes.map((change) =>
      this.#unserved.has(change.revision) ? { ...change, servedAt: at } : change,
    );
    this.#unserved.clear();
    return true;
  }

  /** Newest first. */
  get newestFirst(): readonly ChangeItem[] {
    return this.#changes.toReversed();
  }

  /** Oldest first; null when older ones than these have been dropped. */
  after(revision: number): readonly ChangeItem[] | null {
    const [oldest] = this.#changes;
    if (oldest !== undefined && revision < oldest.revision - 1) return null;
    return this.#changes.filter((change) => change.revision > revision);
  }
}

/** Unchanged objects are the same in both. */
export function changedObjects(
  before: ResourceSnapshot | null,
  after: ResourceSnapshot,
): readonly ChangedObject[] {
  const known = before === null ? {} : listsOf(before);
  return Object.entries(listsOf(after)).flatMap(([name, list]) =>
    list === known[name] ? [] : changedItems(known[name] ?? [], list),
  );
}

function changedItems(
  before: readonly SnapshotObject[],
  after: readonly SnapshotObject[],
): readonly ChangedObject[] {
  const { removed, added } = diffByIdentity(before, after);
  // Objects that the newer version does not have were removed.
  const old = new Map(removed.map((object) => [idOf(object), object]));
  const changes = added.flatMap((object) => {
    const id = idOf(object);
    const known = old.get(id);
    old.delete(id);
    if (known !== undefined && reuseIfEqual(known, object) === known) return [];
    return [changeOf(object, known === undefined ? 'added' : 'updated')];
  });
  return [...changes, ...[...old.values()].map((object) => changeOf(object, 'removed'))];
}

const changeOf = (
  { kind, metadata: { namespace = '', name } }: SnapshotObject,
  change: ChangedObject['change'],
): ChangedObject => ({ kind, namespace, name, change });

/** Objects whose status differs, except for those that `changed` names already. */
export function changedStatuses(
  { added }: ListDiff<StatusUpdate>,
  changed: readonly ChangedObject[],
): readonly ChangedObject[] {
  const named = new Set(changed.map(objectId));
  return added
    .filter((update) => !named.has(objectId(update.object)))
    .map(({ object: { kind, namespace, name } }) => ({ kind, namespace, name, change: 'status' }));
}
