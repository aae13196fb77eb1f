/** Objects of a fake cluster, with versions, generations, finalizers, owners, field managers, and a log of events to watch. */
import { randomUUID } from 'node:crypto';
import {
  leafPaths,
  omit,
  serverSideApply,
  type ApplyRequest,
  type Json,
  type JsonObject,
  type ManagedField,
} from './server-side-apply.ts';

export interface Metadata extends JsonObject {
  name: string;
  namespace?: string;
  resourceVersion: string;
}

export interface StoredObject extends JsonObject {
  apiVersion: string;
  kind: string;
  metadata: Metadata;
}

export interface StoredEvent {
  readonly version: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: StoredObject;
  /** What the object was before: an object that no longer fits a selector is DELETED for its watchers. */
  readonly before: StoredObject | null;
}

export class StoreError extends Error {
  readonly status: number;
  readonly reason: string;
  constructor(status: number, reason: string, message: string) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

interface Entry {
  object: StoredObject;
  managers: readonly ManagedField[];
}

/** A resource: `group/plural`. */
export type ResourceId = string;
const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

export class FakeStore {
  readonly #objects = new Map<ResourceId, Map<string, Entry>>();
  readonly #events = new Map<ResourceId, StoredEvent[]>();
  readonly #watchers = new Map<ResourceId, Set<(event: StoredEvent) => void>>();
  readonly #compacted = new Map<ResourceId, number>();
  #version = 1;

  get version(): number {
    return this.#version;
  }

  list(resource: ResourceId): StoredObject[] {
    return [...(this.#objects.get(resource)?.values() ?? [])].map(({ object }) => object);
  }

  get(resource: ResourceId, namespace: string, name: string): StoredObject | null {
    return this.#entry(resource, namespace, name)?.object ?? null;
  }

  /** Who owns which fields. */
  managers(resource: ResourceId, namespace: string, name: string): readonly ManagedField[] {
    return this.#entry(resource, namespace, name)?.managers ?? [];
  }

  create(resource: ResourceId, wanted: JsonObject, manager: string): StoredObject {
    const metadata = wanted['metadata'] as Metadata;
    const namespace = metadata.namespace ?? '';
    if (this.get(resource, namespace, metadata.name) !== null) {
      throw new StoreError(409, 'AlreadyExists', `${resource} ${metadata.name} already exists`);
    }
    const object = {
      ...structuredClone(wanted),
      metadata: {
        ...structuredClone(metadata),
        uid: randomUUID(),
        creationTimestamp: '2026-01-01T00:00:00Z',
        generation: 1,
        resourceVersion: '',
      },
    } as unknown as StoredObject;
    const paths = leafPaths(contentOf(wanted));
    return this.#put(resource, object, [{ manager, operation: 'Update', subresource: '', paths }]);
  }

  /** PUT of the whole object, or of its status; conditional if it has a resourceVersion. */
  update(resource: ResourceId, wanted: JsonObject, subresource: string): StoredObject {
    const metadata = wanted['metadata'] as Metadata;
    const entry = this.#existing(resource, metadata.namespace ?? '', metadata.name);
    this.#checkVersion(entry, metadata);
    const next =
      subresource === 'status'
        ? { ...entry.object, status: wanted['status'] ?? {} }
        : {
            ...wanted,
            status: entry.object['status'] ?? null,
            metadata: { ...entry.object.metadata, ...metadata },
          };
    return this.#replace(resource, entry, next as StoredObject, entry.managers);
  }

  apply(resource: ResourceId, applied: JsonObject, request: ApplyRequest): StoredObject {
    const metadata = applied['metadata'] as Metadata;
    const namespace = metadata.namespace ?? '';
    const entry = this.#entry(resource, namespace, metadata.name);
    const isStatus = request.subresource === 'status';
    if (entry === null) {
      if (isStatus) throw new StoreError(404, 'NotFound', `${resource} ${metadata.name} not found`);
      const content = contentOf(applied);
      const made = this.create(resource, applied, request.manager);
      const paths = leafPaths(content);
      const { manager } = request;
      return this.#put(resource, made, [{ manager, operation: 'Apply', subresource: '', paths }], true);
    }
    this.#checkVersion(entry, metadata);
    const content = isStatus ? { status: applied['status'] ?? {} } : contentOf(applied);
    const { object, managers } = serverSideApply(entry.object, entry.managers, content, request);
    return this.#replace(resource, entry, object as StoredObject, managers);
  }

  /** Merge patch, as other clients write: field managers are not kept of it. */
  merge(resource: ResourceId, namespace: string, name: string, patch: JsonObject): StoredObject {
    const entry = this.#existing(resource, namespace, name);
    return this.#replace(resource, entry, mergePatch(entry.object, patch) as StoredObject, entry.managers);
  }

  delete(resource: ResourceId, namespace: string, name: string): void {
    const entry = this.#existing(resource, namespace, name);
    const finalizers = entry.object.metadata['finalizers'];
    if (Array.isArray(finalizers) && finalizers.length > 0) {
      const metadata = { ...entry.object.metadata, deletionTimestamp: '2026-01-01T00:00:01Z' };
      this.#replace(resource, entry, { ...entry.object, metadata }, entry.managers);
      return;
    }
    this.#remove(resource, entry);
  }

  /** Events after `version`; null when they are no longer known. */
  since(resource: ResourceId, version: number): readonly StoredEvent[] | null {
    if (version < (this.#compacted.get(resource) ?? 0)) return null;
    return (this.#events.get(resource) ?? []).filter((event) => event.version > version);
  }

  watch(resource: ResourceId, watcher: (event: StoredEvent) => void): () => void {
    const watchers = this.#watchers.get(resource) ?? new Set();
    this.#watchers.set(resource, watchers);
    watchers.add(watcher);
    return () => watchers.delete(watcher);
  }

  /** Forgets all events so far, as etcd's compaction does. */
  compact(): void {
    this.#version += 1;
    for (const resource of this.#events.keys()) {
      this.#events.set(resource, []);
      this.#compacted.set(resource, this.#version);
    }
  }

  #entry(resource: ResourceId, namespace: string, name: string): Entry | null {
    return this.#objects.get(resource)?.get(keyOf(namespace, name)) ?? null;
  }

  #existing(resource: ResourceId, namespace: string, name: string): Entry {
    const entry = this.#entry(resource, namespace, name);
    if (entry === null) throw new StoreError(404, 'NotFound', `${resource} "${name}" not found`);
    return entry;
  }

  #checkVersion({ object }: Entry, { resourceVersion }: Metadata): void {
    // A client may leave it out.
    const wanted = resourceVersion as string | undefined;
    if (wanted !== undefined && wanted !== object.metadata.resourceVersion) {
      throw new StoreError(409, 'Conflict', 'the object has been modified');
    }
  }

  #replace(
    resource: ResourceId,
    before: Entry,
    next: StoredObject,
    managers: readonly ManagedField[],
  ): StoredObject {
    const { resourceVersion, generation } = before.object.metadata;
    const sameSpec = JSON.stringify(specOf(before.object)) === JSON.stringify(specOf(next));
    next.metadata = {
      ...next.metadata,
      resourceVersion,
      generation: Number(generation) + (sameSpec ? 0 : 1),
    };
    if (JSON.stringify(next) === JSON.stringify(before.object)) {
      before.managers = managers;
      return before.object;
    }
    const { deletionTimestamp, finalizers } = next.metadata;
    if (deletionTimestamp !== undefined && (!Array.isArray(finalizers) || finalizers.length === 0)) {
      this.#remove(resource, before);
      return next;
    }
    return this.#put(resource, next, managers);
  }

  #put(
    resource: ResourceId,
    object: StoredObject,
    managers: readonly ManagedField[],
    isSilent = false,
  ): StoredObject {
    const objects = this.#objects.get(resource) ?? new Map<string, Entry>();
    this.#objects.set(resource, objects);
    const key = keyOf(object.metadata.namespace ?? '', object.metadata.name);
    const before = objects.get(key)?.object ?? null;
    if (isSilent) {
      objects.set(key, { object, managers });
      return object;
    }
    this.#version += 1;
    const stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    objects.set(key, { object: stored, managers });
    this.#emit(resource, { type: before === null ? 'ADDED' : 'MODIFIED', object: stored, before });
    return stored;
  }

  #remove(resource: ResourceId, { object }: Entry): void {
    this.#version += 1;
    const { name, uid } = object.metadata;
    this.#objects.get(resource)?.delete(keyOf(object.metadata.namespace ?? '', name));
    const metadata = { ...object.metadata, resourceVersion: String(this.#version) };
    this.#emit(resource, { type: 'DELETED', object: { ...object, metadata }, before: object });
    this.#collect(uid ?? null);
  }

  /** What only a removed object owned goes with it. */
  #collect(owner: Json): void {
    for (const [resource, objects] of this.#objects) {
      for (const entry of [...objects.values()]) {
        const owners = (entry.object.metadata['ownerReferences'] ?? []) as JsonObject[];
        if (owners.some(({ uid }) => uid === owner)) this.#remove(resource, entry);
      }
    }
  }

  #emit(resource: ResourceId, event: Omit<StoredEvent, 'version'>): void {
    const events = this.#events.get(resource) ?? [];
    this.#events.set(resource, events);
    const full = { ...event, version: this.#version };
    events.push(full);
    for (const watcher of this.#watchers.get(resource) ?? []) watcher(full);
  }
}

/** What fields managers may own: all but what identifies the object. */
function contentOf(object: JsonObject): JsonObject {
  const rest = omit(object, 'apiVersion', 'kind', 'metadata', 'status');
  const metadata = isPlain(object['metadata']) ? object['metadata'] : {};
  const owned = ['labels', 'annotations', 'finalizers', 'ownerReferences'].flatMap(
    (name): [string, Json][] => {
      const value = metadata[name];
      const isEmpty = typeof value !== 'object' || value === null || Object.keys(value).length === 0;
      return isEmpty ? [] : [[name, value]];
    },
  );
  return owned.length === 0 ? rest : { metadata: Object.fromEntries(owned), ...rest };
}

const specOf = (object: JsonObject): JsonObject => omit(object, 'metadata', 'status');

const isPlain = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386. */
function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isPlain(patch)) return patch;
  const result: JsonObject = isPlain(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, name);
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}
