/** Watches a changing set of folders; reports only that something happened in one. */
import { watch, type FSWatcher } from 'node:fs';
import { basename } from 'node:path';
import type { Logger } from '../../telemetry/logger.ts';

/** Which entries of a folder matter; null = all. */
export type WatchedFolders = ReadonlyMap<string, ReadonlySet<string> | null>;

export class FolderWatch {
  readonly #onEvent: () => void;
  readonly #logger: Logger;
  readonly #watchers = new Map<string, FSWatcher>();
  #folders: WatchedFolders = new Map();

  constructor(onEvent: () => void, logger: Logger) {
    this.#onEvent = onEvent;
    this.#logger = logger;
  }

  /** Watches exactly these folders from now on; true when the watch of one is new. */
  set(folders: WatchedFolders): boolean {
    this.#folders = folders;
    for (const folder of this.#watchers.keys()) if (!folders.has(folder)) this.#drop(folder);
    let isNew = false;
    for (const folder of folders.keys()) {
      if (!this.#watchers.has(folder) && this.#watch(folder)) isNew = true;
    }
    return isNew;
  }

  close(): void {
    for (const folder of this.#watchers.keys()) this.#drop(folder);
  }

  #watch(folder: string): boolean {
    try {
      const watcher = watch(folder, (event, name) => {
        this.#heard(folder, event, name);
      });
      watcher.on('error', () => {
        this.#drop(folder);
        this.#onEvent();
      });
      this.#watchers.set(folder, watcher);
      return true;
    } catch (error) {
      // It does not exist (yet), or the system has no watches left: the regular scan finds changes.
      this.#logger.debug('folder not watched', { folder, error: String(error) });
      return false;
    }
  }

  #heard(folder: string, event: string, name: string | null): void {
    const isSelf = name === basename(folder);
    // A removed or replaced folder reports its own name, and its watch is dead from then on.
    if (event === 'rename' && (name === null || isSelf)) this.#drop(folder);
    const entries = this.#folders.get(folder) ?? null;
    if (entries === null || name === null || isSelf || entries.has(name)) this.#onEvent();
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}
