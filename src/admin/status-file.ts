/**
 * `--status FILE`: the statuses of all objects as `kubectl get -o yaml` would show them, in one List. The file is replaced as a whole, and
 * only when something differs.
 */
import { rename, rm, writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import type { ObjectRef } from '../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { AnyStatusUpdate } from '../gatewayapi/status.ts';
import type { JsonObject } from '../gatewayapi/validation/schema.ts';
import { mergeStatus, type WrittenEntry, type WrittenStatus } from '../provider/kubernetes/status-merge.ts';
import type { Logger } from '../telemetry/logger.ts';
import { CONTROLLER_NAME } from '../translator/types.ts';

/** Readable for the owner and group only: the file has names and addresses of everything that is served. */
const MODE = 0o640;

interface StatusObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly generation: number };
  readonly status: WrittenStatus;
}

export class StatusFile {
  readonly #path: string;
  readonly #logger: Logger;
  readonly #writtenStatus: (object: ObjectRef) => JsonObject | null;
  #statuses = new Map<string, WrittenStatus>();
  #written = '';
  #wanted = '';
  #writing: Promise<void> | null = null;

  /** `writtenStatus`: the status in the manifest of an object. */
  constructor(path: string, logger: Logger, writtenStatus: (object: ObjectRef) => JsonObject | null) {
    this.#path = path;
    this.#logger = logger;
    this.#writtenStatus = writtenStatus;
  }

  /** Sets the newest statuses; the file is written later. */
  update(updates: readonly AnyStatusUpdate[], snapshot: ResourceSnapshot): void {
    const context = { controllerName: CONTROLLER_NAME, now: new Date().toISOString().replace(/\.\d+/, '') };
    const objects = objectsOf(snapshot);
    const statuses = new Map<string, WrittenStatus>();
    const items: StatusObject[] = [];
    for (const update of updates) {
      const { kind, namespace, name } = update.object;
      const key = `${kind} ${namespace}/${name}`;
      // As in a cluster, what other controllers wrote into a status stays.
      const before = this.#statuses.get(key) ?? foreignEntries(this.#writtenStatus(update.object));
      const status = mergeStatus(before, update, context);
      statuses.set(key, status);
      const metadata = { name, ...(namespace === '' ? {} : { namespace }), generation: update.generation };
      items.push({ apiVersion: objects.get(key)?.apiVersion ?? update.object.group, kind, metadata, status });
    }
    this.#statuses = statuses;
    const list = { apiVersion: 'v1', kind: 'List', items };
    this.#wanted = /\.ya?ml$/i.test(this.#path)
      ? stringify(list, { aliasDuplicateObjects: false })
      : `${JSON.stringify(list, null, 2)}\n`;
    this.#writing ??= this.#write();
  }

  /** Resolves when all statuses have been written. */
  async close(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    // A status that follows immediately, such as after the first acknowledgment, is part of the same write.
    await Promise.resolve();
    while (this.#wanted !== this.#written) {
      const text = this.#wanted;
      try {
        await replaceFile(this.#path, text);
      } catch (error) {
        this.#logger.error('status file not written', { file: this.#path, error: String(error) });
      }
      this.#written = text;
    }
    this.#writing = null;
  }
}

/** Written beside and renamed. `wx`: a link that another user left under that name is not followed. */
async function replaceFile(path: string, text: string): Promise<void> {
  const beside = `${path}.tmp`;
  await rm(beside, { force: true });
  await writeFile(beside, text, { mode: MODE, flag: 'wx' });
  await rename(beside, path);
}

interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** Entries of other controllers; invalid entries are skipped. */
function foreignEntries(status: JsonObject | null): WrittenStatus {
  const of = (entries: unknown): readonly WrittenEntry[] =>
    Array.isArray(entries) ? entries.filter(isForeignEntry) : [];
  const [parents, ancestors] = [of(status?.['parents']), of(status?.['ancestors'])];
  return {
    ...(parents.length === 0 ? {} : { parents }),
    ...(ancestors.length === 0 ? {} : { ancestors }),
  };
}

const isForeignEntry = (entry: unknown): entry is WrittenEntry =>
  typeof entry === 'object' &&
  entry !== null &&
  'controllerName' in entry &&
  typeof entry.controllerName === 'string' &&
  entry.controllerName !== CONTROLLER_NAME;

function objectsOf(snapshot: ResourceSnapshot): ReadonlyMap<string, AnyObject> {
  const lists = Object.values(snapshot as unknown as Readonly<Record<string, readonly AnyObject[]>>);
  return new Map(
    lists.flat().map((object) => {
      const { namespace = '', name } = object.metadata;
      return [`${object.kind} ${namespace}/${name}`, object];
    }),
  );
}
