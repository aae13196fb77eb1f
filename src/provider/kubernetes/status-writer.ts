/**
 * Writes statuses by server-side apply: only what differs, only the newest wanted one of each object, a bounded number at once.
 * A conflict (another writer was first) is merged again over the newer object; a failed write is retried.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { AnyStatusUpdate } from '../../gatewayapi/status.ts';
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
  readonly kindOf: (update: AnyStatusUpdate) => KindInfo;
  /** The object as last seen, or undefined if it was deleted. */
  readonly current: (update: AnyStatusUpdate) => KubeObject | undefined;
  /** Its resource version as last seen. */
  readonly version: (update: AnyStatusUpdate) => string | undefined;
  readonly now: () => Date;
  readonly logger: Logger;
}

const PARALLEL_WRITES = 16;
const MAX_CONFLICTS = 6;
const RETRY_MS = 1_000;
/** Minimum interval between repairs if another writer keeps overwriting Sluice's part. */
const REPAIR_INTERVAL_MS = 1_000;

/** The last comparison: the same wanted status for the same object need not be compared again. */
interface Written {
  readonly update: AnyStatusUpdate;
  readonly resourceVersion: string | undefined;
  /** The version before the write: while the watch still shows it, the watch is only late. */
  readonly basedOn: string | undefined;
}

/**
 * Level-triggered: a key is checked whenever its wanted status or its object changed, against the newest of both. So the order of wanted
 * statuses, writes and watch events does not matter.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  /** All wanted statuses, as given last. */
  #all: readonly AnyStatusUpdate[] = [];
  /** The same by key. */
  readonly #wanted = new Map<string, AnyStatusUpdate>();
  /** Keys to check. */
  readonly #unchecked = new Set<string>();
  readonly #written = new Map<string, Written>();
  /** Writes in flight, or waiting for another attempt. */
  readonly #busy = new Map<string, Promise<void>>();
  /** Statuses repaired a moment ago: not again before the timer fires. */
  readonly #repaired = new Map<string, NodeJS.Timeout>();
  readonly #stop = new AbortController();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Sets all wanted statuses; a missing one is no longer written. */
  write(updates: readonly AnyStatusUpdate[]): void {
    const { removed, added } = diffByIdentity(this.#all, updates);
    this.#all = updates;
    for (const update of removed) this.#wanted.delete(keyOf(update));
    for (const update of added) {
      const key = keyOf(update);
      this.#wanted.set(key, update);
      this.#unchecked.add(key);
    }
    for (const update of removed) {
      const key = keyOf(update);
      if (!this.#wanted.has(key)) this.#written.delete(key);
    }
    this.#pump();
  }

  /** The object has a new version; null: any object may have. Repairs parts of Sluice that others have overwritten. */
  seen(object: { readonly kind: string; readonly namespace: string; readonly name: string } | null): void {
    if (object !== null) this.#unchecked.add(`${object.kind} ${object.namespace}/${object.name}`);
    else for (const key of this.#wanted.keys()) this.#unchecked.add(key);
    this.#pump();
  }

  /** Drops all waiting writes: another replica writes from now on. */
  forget(): void {
    this.#written.clear();
    this.#all = [];
    this.#wanted.clear();
    this.#unchecked.clear();
    for (const timer of this.#repaired.values()) clearTimeout(timer);
    this.#repaired.clear();
  }

  /** Resolves when the writes in flight have ended. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.forget();
    await Promise.all(this.#busy.values());
  }

  #pump(): void {
    for (const key of this.#unchecked) {
      if (this.#stop.signal.aborted || this.#busy.size >= PARALLEL_WRITES) return;
      if (this.#busy.has(key)) continue;
      this.#unchecked.delete(key);
      const wanted = this.#wanted.get(key);
      if (wanted === undefined) continue;
      const state = this.#stateOf(key, wanted);
      if (state === 'written' || (state === 'overwritten' && !this.#mayRepair(key))) continue;
      const writing = this.#writeOne(key, wanted).finally(() => {
        this.#busy.delete(key);
        this.#pump();
      });
      this.#busy.set(key, writing);
    }
  }

  #stateOf(key: string, wanted: AnyStatusUpdate): 'written' | 'overwritten' | 'new' {
    const written = this.#written.get(key);
    if (written === undefined) return 'new';
    if (
      written.update !== wanted &&
      !samePlain(written.update as unknown as Plain, wanted as unknown as Plain)
    ) {
      return 'new';
    }
    const seen = this.#options.version(wanted);
    return seen === written.resourceVersion || seen === written.basedOn ? 'written' : 'overwritten';
  }

  /** At once the first time; a status that is overwritten repeatedly is checked after the interval. */
  #mayRepair(key: string): boolean {
    if (this.#repaired.has(key)) return false;
    const timer = setTimeout(() => {
      this.#repaired.delete(key);
      this.#unchecked.add(key);
      this.#pump();
    }, REPAIR_INTERVAL_MS);
    this.#repaired.set(key, timer);
    return true;
  }

  /** Skips an object that was deleted: if it is created again, its watch event comes here. */
  async #writeOne(key: string, update: AnyStatusUpdate): Promise<void> {
    try {
      let object: ObjectWithStatus | undefined = this.#options.current(update);
      for (let conflicts = 0; object !== undefined; conflicts += 1) {
        const written = await this.#reconcile(object, update, conflicts < MAX_CONFLICTS);
        if (written !== null) {
          this.#written.set(key, written);
          return;
        }
        object = await this.#fetch(update);
      }
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) await this.#tryAgain(key, error);
    }
  }

  /** Writes if something differs. null on a conflict with another writer, unless it is not `bearable`: then it throws, like any failure. */
  async #reconcile(
    object: ObjectWithStatus,
    update: AnyStatusUpdate,
    bearable: boolean,
  ): Promise<Written | null> {
    const { resourceVersion: basedOn } = object.metadata;
    const body = this.#patchFor(object, update);
    if (body === null) return { update, resourceVersion: basedOn, basedOn };
    try {
      const { metadata } = await this.#apply(update, body);
      return { update, resourceVersion: metadata.resourceVersion, basedOn };
    } catch (error) {
      if (bearable && error instanceof ApiError && error.status === 409) return null;
      throw error;
    }
  }

  /** After a delay, with the status that is wanted then. */
  async #tryAgain(key: string, error: unknown): Promise<void> {
    this.#options.logger.warn('status not written, trying again', { object: key, error: String(error) });
    const waitMs = RETRY_MS * (0.5 + Math.random());
    await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    this.#unchecked.add(key);
  }

  /** null if nothing differs, or if the object has changed and a newer status will follow. */
  #patchFor(object: ObjectWithStatus, update: AnyStatusUpdate): object | null {
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

  async #apply(update: AnyStatusUpdate, body: object): Promise<KubeObject> {
    const { object } = update;
    return (await this.#options.client.call({
      method: 'PATCH',
      path: `${objectPath(this.#options.kindOf(update), object.namespace, object.name)}/status`,
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body,
    })) as KubeObject;
  }

  async #fetch(update: AnyStatusUpdate): Promise<ObjectWithStatus> {
    const { namespace, name } = update.object;
    const path = objectPath(this.#options.kindOf(update), namespace, name);
    return (await this.#options.client.call({ method: 'GET', path })) as ObjectWithStatus;
  }
}

const keyOf = ({ kind, object }: AnyStatusUpdate): string => `${kind} ${object.namespace}/${object.name}`;
