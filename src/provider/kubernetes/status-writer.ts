/**
 * Writes statuses by server-side apply: only what differs, only the newest wanted one of each object, a bounded number at once.
 * A conflict (somebody wrote meanwhile) is merged anew over what then stands.
 */
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
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
  readonly now: () => Date;
  readonly logger: Logger;
}

const PARALLEL_WRITES = 16;
const MAX_TRIES = 6;

export class StatusWriter {
  readonly #options: StatusWriterOptions;
  readonly #wanted = new Map<string, StatusUpdate>();
  readonly #busy = new Set<string>();
  #stopped = false;

  constructor(options: StatusWriterOptions) {
    this.#options = options;
  }

  /** Takes the newest statuses; an older wanted one of the same object is forgotten. */
  write(updates: readonly StatusUpdate[]): void {
    for (const update of updates) this.#wanted.set(keyOf(update), update);
    this.#pump();
  }

  stop(): void {
    this.#stopped = true;
    this.#wanted.clear();
  }

  #pump(): void {
    for (const [key, update] of this.#wanted) {
      if (this.#stopped || this.#busy.size >= PARALLEL_WRITES) return;
      if (this.#busy.has(key)) continue;
      this.#wanted.delete(key);
      this.#busy.add(key);
      void this.#writeOne(update).finally(() => {
        this.#busy.delete(key);
        this.#pump();
      });
    }
  }

  async #writeOne(update: StatusUpdate): Promise<void> {
    const { logger } = this.#options;
    let object: ObjectWithStatus | undefined = this.#options.current(update);
    for (let tries = 0; tries < MAX_TRIES && object !== undefined; tries += 1) {
      const body = this.#patchFor(object, update);
      if (body === null) return;
      try {
        await this.#apply(update, body);
        return;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return;
        if (!(error instanceof ApiError) || error.status !== 409) {
          logger.warn('status not written', { object: keyOf(update), error: String(error) });
          return;
        }
        object = await this.#fetch(update);
      }
    }
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

  async #apply(update: StatusUpdate, body: object): Promise<void> {
    const { object } = update;
    await this.#options.client.call({
      method: 'PATCH',
      path: `${objectPath(this.#options.kindOf(update), object.namespace, object.name)}/status`,
      query: { fieldManager: FIELD_MANAGER, force: 'true' },
      contentType: 'application/apply-patch+yaml',
      body,
    });
  }

  async #fetch(update: StatusUpdate): Promise<ObjectWithStatus | undefined> {
    const { namespace, name } = update.object;
    try {
      const path = objectPath(this.#options.kindOf(update), namespace, name);
      return (await this.#options.client.call({ method: 'GET', path })) as ObjectWithStatus;
    } catch {
      return undefined;
    }
  }
}

const keyOf = ({ kind, object }: StatusUpdate): string => `${kind} ${object.namespace}/${object.name}`;
