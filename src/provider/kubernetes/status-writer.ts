/**
 * Writes statuses by server-side apply: only what differs, only the newest wanted one of each object, a bounded number at once.
 * A conflict (somebody wrote meanwhile) is merged anew over what then stands; what cannot be written now is tried again.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import { diffByIdentity } from '../../lib/list-diff.ts';
import { samePlain, type Plain } from '../../lib/structural-patch.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { ApiError, type KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { apiVersionOf, objectPath, type KindInfo } from '../../kubeapi/kind-info.ts';
import { mergeStatus, type WrittenStatus } from './status-merge.ts';

const FIELD_MANAGER = 'sluice-controller';

interface ObjectWithStatus extends KubeObject {
  readonly status?: WrittenStatus;
}

export interface StatusWriterOptions {
  readonly client: KubeClient;
  readonly controllerName: string;
  readonly kindOf: (update: StatusUpdate) => KindInfo;
  /** The object as last seen, or undefined when it is gone. */
  readonly current: (update: StatusUpdate) => KubeObject | undefined;
  /** Its resource version as last seen. */
  readonly version: (update: StatusUpdate) => string | undefined;
  readonly now: () => Date;
  readonly logger: Logger;
}

const PARALLEL_WRITES = 16;
const MAX_CONFLICTS = 6;
const RETRY_MS = 1_000;

/** What was found to stand, or was written: the same wish over the same object needs no look. */
interface Settled {
  readonly update: StatusUpdate;
  readonly resourceVersion: string | undefined;
  /** The version that was written over: while it is still the one that is seen, the watch is only late. */
  readonly basedOn: string | undefined;
}

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  /** All there are. */
  #all: readonly StatusUpdate[] = [];
  /** The same by key. */
  readonly #updates = new Map<string, StatusUpdate>();
  /** Keys of those to be looked at with the next `write`. */
  readonly #touched = new Set<string>();
  readonly #wanted = new Map<string, StatusUpdate>();
  readonly #settled = new Map<string, Settled>();
  readonly #busy = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /**
   * Takes the newest statuses, all there are; an older wanted one of the same object is forgotten. One that is the same object as before
   * is looked at only where its object was seen to change since.
   */
  write(updates: readonly StatusUpdate[]): void {
    const { removed, added } = diffByIdentity(this.#all, updates);
    this.#all = updates;
    for (const update of removed) this.#updates.delete(keyOf(update));
    for (const update of added) {
      const key = keyOf(update);
      this.#updates.set(key, update);
      this.#touched.add(key);
    }
    for (const update of removed) {
      const key = keyOf(update);
      if (!this.#updates.has(key)) this.#settled.delete(key);
    }
    for (const key of this.#touched) {
      const update = this.#updates.get(key);
      if (update !== undefined && !this.#isSettled(key, update)) this.#wanted.set(key, update);
    }
    this.#touched.clear();
    this.#pump();
  }

  /** The object was seen in another version; null: any may have been. What others wrote is mended with the next `write`. */
  seen(object: { readonly kind: string; readonly namespace: string; readonly name: string } | null): void {
    if (object !== null) this.#touched.add(`${object.kind} ${object.namespace}/${object.name}`);
    else for (const key of this.#updates.keys()) this.#touched.add(key);
  }

  /** Nothing that waits is written any more: somebody else writes from here on. */
  forget(): void {
    this.#wanted.clear();
    this.#settled.clear();
    this.#all = [];
    this.#updates.clear();
    this.#touched.clear();
  }

  /** Resolves when what is being written has been. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.forget();
    await Promise.all(this.#busy.values());
  }

  #isSettled(key: string, update: StatusUpdate): boolean {
    const settled = this.#settled.get(key);
    if (settled === undefined) return false;
    const isSame =
      settled.update === update || samePlain(settled.update as unknown as Plain, update as unknown as Plain);
    const seen = this.#options.version(update);
    return isSame && (seen === settled.resourceVersion || seen === settled.basedOn);
  }

  #pump(): void {
    for (const [key, update] of this.#wanted) {
      if (this.#stop.signal.aborted || this.#busy.size >= PARALLEL_WRITES) return;
      if (this.#busy.has(key)) continue;
      this.#wanted.delete(key);
      const writing = this.#writeOne(key, update).finally(() => {
        this.#busy.delete(key);
        // What could not be written now is looked at again.
        if (!this.#settled.has(key)) this.#touched.add(key);
        this.#pump();
      });
      this.#busy.set(key, writing);
    }
  }

  async #writeOne(key: string, update: StatusUpdate): Promise<void> {
    let object: ObjectWithStatus | undefined = this.#options.current(update);
    for (let conflicts = 0; conflicts < MAX_CONFLICTS && object !== undefined; conflicts += 1) {
      const body = this.#patchFor(object, update);
      if (body === null) {
        const { resourceVersion } = object.metadata;
        this.#settled.set(key, { update, resourceVersion, basedOn: resourceVersion });
        return;
      }
      try {
        const { metadata } = await this.#apply(update, body);
        const { resourceVersion } = metadata;
        this.#settled.set(key, { update, resourceVersion, basedOn: object.metadata.resourceVersion });
        return;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return;
        if (!(error instanceof ApiError) || error.status !== 409) {
          await this.#tryAgain(key, update, error);
          return;
        }
        object = await this.#fetch(update).catch(() => undefined);
      }
    }
  }

  /** After a moment, unless something newer is wanted by then. */
  async #tryAgain(key: string, update: StatusUpdate, error: unknown): Promise<void> {
    this.#options.logger.warn('status not written, trying again', { object: key, error: String(error) });
    const waitMs = RETRY_MS * (0.5 + Math.random());
    await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    if (!this.#stop.signal.aborted && !this.#wanted.has(key)) this.#wanted.set(key, update);
  }

  /** null when nothing differs, or when the object has moved on and a newer status is on its way. */
  #patchFor(object: ObjectWithStatus, update: StatusUpdate): object | null {
    if ((object.metadata.generation ?? 0) > update.generation) return null;
    const { controllerName, now } = this.#options;
    const current = object.status ?? {};
    const status = mergeStatus(current, update, {
      controllerName,
      now: now()
        .toISOString()
        .replace(/\.\d+Z$/, 'Z'),
    });
    if (canonicalJson(status) === canonicalJson(current)) return null;
    const kind = this.#options.kindOf(update);
    const { name, namespace, resourceVersion } = object.metadata;
    return {
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      // The version makes the write conditional: lists such as `parents` are atomic, and others write there too.
      metadata: { name, ...(namespace === undefined ? {} : { namespace }), resourceVersion },
      status,
    };
  }

  async #apply(update: StatusUpdate, body: object): Promise<KubeObject> {
    const { object } = update;
    return (await this.#options.client.call({
      method: 'PATCH',
      path: `${objectPath(this.#options.kindOf(update), object.namespace, object.name)}/status`,
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body,
    })) as KubeObject;
  }

  async #fetch(update: StatusUpdate): Promise<ObjectWithStatus> {
    const { namespace, name } = update.object;
    const path = objectPath(this.#options.kindOf(update), namespace, name);
    return (await this.#options.client.call({ method: 'GET', path })) as ObjectWithStatus;
  }
}

const keyOf = ({ kind, object }: StatusUpdate): string => `${kind} ${object.namespace}/${object.name}`;
