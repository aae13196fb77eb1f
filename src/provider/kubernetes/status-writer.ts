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
/** Somebody who keeps writing over our part is not fought faster than this. */
const MEND_INTERVAL_MS = 1_000;

/** What was found to stand, or was written: the same wish over the same object needs no look. */
interface Settled {
  readonly update: StatusUpdate;
  readonly resourceVersion: string | undefined;
  /** The version that was written over: while it is still the one that is seen, the watch is only late. */
  readonly basedOn: string | undefined;
}

/**
 * Level-triggered: a key is looked at whenever its wish or its object changed, and what is looked at is the wish and the object of that
 * moment. So nothing hangs on how wishes, writes and watch events follow each other.
 */
export class StatusWriter {
  readonly #options: StatusWriterOptions;
  /** All wishes there are, as they were given last. */
  #all: readonly StatusUpdate[] = [];
  /** The same by key. */
  readonly #wishes = new Map<string, StatusUpdate>();
  /** Keys of what must be looked at. */
  readonly #unseen = new Set<string>();
  readonly #settled = new Map<string, Settled>();
  /** What is being written, or waits for another try. */
  readonly #busy = new Map<string, Promise<void>>();
  /** What was mended a moment ago: not again before the timer is out. */
  readonly #mended = new Map<string, NodeJS.Timeout>();
  readonly #stop = new AbortController();

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Takes the newest statuses, all there are: what no longer stands there is no longer written. */
  write(updates: readonly StatusUpdate[]): void {
    const { removed, added } = diffByIdentity(this.#all, updates);
    this.#all = updates;
    for (const update of removed) this.#wishes.delete(keyOf(update));
    for (const update of added) {
      const key = keyOf(update);
      this.#wishes.set(key, update);
      this.#unseen.add(key);
    }
    for (const update of removed) {
      const key = keyOf(update);
      if (!this.#wishes.has(key)) this.#settled.delete(key);
    }
    this.#pump();
  }

  /** The object was seen in another version; null: any may have been. What others wrote over our part is mended. */
  seen(object: { readonly kind: string; readonly namespace: string; readonly name: string } | null): void {
    if (object !== null) this.#unseen.add(`${object.kind} ${object.namespace}/${object.name}`);
    else for (const key of this.#wishes.keys()) this.#unseen.add(key);
    this.#pump();
  }

  /** Nothing that waits is written any more: somebody else writes from here on. */
  forget(): void {
    this.#settled.clear();
    this.#all = [];
    this.#wishes.clear();
    this.#unseen.clear();
    for (const timer of this.#mended.values()) clearTimeout(timer);
    this.#mended.clear();
  }

  /** Resolves when what is being written has been. */
  async close(): Promise<void> {
    this.#stop.abort();
    this.forget();
    await Promise.all(this.#busy.values());
  }

  #pump(): void {
    for (const key of this.#unseen) {
      if (this.#stop.signal.aborted || this.#busy.size >= PARALLEL_WRITES) return;
      if (this.#busy.has(key)) continue;
      this.#unseen.delete(key);
      const wish = this.#wishes.get(key);
      if (wish === undefined) continue;
      const state = this.#stateOf(key, wish);
      if (state === 'settled' || (state === 'overwritten' && !this.#mayMend(key))) continue;
      const writing = this.#writeOne(key, wish).finally(() => {
        this.#busy.delete(key);
        this.#pump();
      });
      this.#busy.set(key, writing);
    }
  }

  #stateOf(key: string, wish: StatusUpdate): 'settled' | 'overwritten' | 'new' {
    const settled = this.#settled.get(key);
    if (settled === undefined) return 'new';
    if (settled.update !== wish && !samePlain(settled.update as unknown as Plain, wish as unknown as Plain)) {
      return 'new';
    }
    const seen = this.#options.version(wish);
    return seen === settled.resourceVersion || seen === settled.basedOn ? 'settled' : 'overwritten';
  }

  /** At once the first time; what is overwritten again and again is looked at when the interval is over. */
  #mayMend(key: string): boolean {
    if (this.#mended.has(key)) return false;
    const timer = setTimeout(() => {
      this.#mended.delete(key);
      this.#unseen.add(key);
      this.#pump();
    }, MEND_INTERVAL_MS);
    this.#mended.set(key, timer);
    return true;
  }

  /** Leaves an object that is gone: when it is there again, it will be seen. */
  async #writeOne(key: string, update: StatusUpdate): Promise<void> {
    try {
      let object: ObjectWithStatus | undefined = this.#options.current(update);
      for (let conflicts = 0; object !== undefined; conflicts += 1) {
        const settled = await this.#bring(object, update, conflicts < MAX_CONFLICTS);
        if (settled !== null) {
          this.#settled.set(key, settled);
          return;
        }
        object = await this.#fetch(update);
      }
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) await this.#tryAgain(key, error);
    }
  }

  /** Writes where something differs. null: somebody wrote meanwhile; a conflict that is not `bearable` is thrown, like any failure. */
  async #bring(object: ObjectWithStatus, update: StatusUpdate, bearable: boolean): Promise<Settled | null> {
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

  /** After a moment, with what is wished then. */
  async #tryAgain(key: string, error: unknown): Promise<void> {
    this.#options.logger.warn('status not written, trying again', { object: key, error: String(error) });
    const waitMs = RETRY_MS * (0.5 + Math.random());
    await delay(waitMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    this.#unseen.add(key);
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
