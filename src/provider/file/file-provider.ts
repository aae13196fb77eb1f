/**
 * Manifests in files as a provider, with hot reload: an edit is in force a few milliseconds after the last write of a burst. Every event
 * leads to the same thing, a new look at all paths, so no kind of save (rename over, delete and create, link swap) needs a case of
 * its own.
 */
import { readFileSync, watch, type FSWatcher } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { InputFinding, SourceLocation } from '../../gatewayapi/input-finding.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Provider, ProviderListener } from '../provider.ts';
import { STANDARD_INPUT, withoutStandardInput } from './load.ts';
import { Scanner } from './scan.ts';
import { ResourceStore, type LoadedResources } from './store.ts';

export interface FileProviderOptions {
  readonly paths: readonly string[];
  /** false: read once. */
  readonly watch: boolean;
  readonly logger: Logger;
  /** Statuses of the objects, whenever they change. */
  readonly onStatus?: (updates: readonly StatusUpdate[]) => void;
}

/** A burst of writes ends when this long nothing happened, and is cut off after the limit. */
const QUIET_MS = 40;
const BURST_LIMIT_MS = 150;
/** For file systems that report no events (network mounts). */
const POLL_MS = 2_000;

export interface LocatingProvider extends Provider {
  /** Where a field of an object stands; null when unknown. */
  locate(object: ObjectRef, path: string): SourceLocation | null;
}

export function createFileProvider(options: FileProviderOptions): LocatingProvider {
  return new FileProvider(options);
}

class FileProvider implements LocatingProvider {
  readonly #options: FileProviderOptions;
  readonly #store = new ResourceStore();
  readonly #scanner: Scanner;
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #roots: readonly string[];
  #listener: ProviderListener | null = null;
  #loaded: LoadedResources | null = null;
  #quiet: NodeJS.Timeout | null = null;
  #poll: NodeJS.Timeout | null = null;
  #burstStartMs = 0;
  #isClosed = false;

  constructor(options: FileProviderOptions) {
    this.#options = options;
    const paths = withoutStandardInput(options.paths);
    this.#scanner = new Scanner(paths, this.#store);
    // A root may itself be replaced: its folder sees that.
    this.#roots = paths.map((path) => dirname(resolve(path)));
  }

  start(listener: ProviderListener): Promise<void> {
    this.#listener = listener;
    if (this.#options.paths.includes(STANDARD_INPUT)) this.#store.setFile('<stdin>', readFileSync(0, 'utf8'));
    // Watching begins before the first look, or a write in between would be missed.
    if (this.#options.watch) this.#watchFolders(new Set(this.#roots));
    this.#look(true);
    if (this.#options.watch)
      this.#poll = setInterval(() => {
        this.#look(false);
      }, POLL_MS);
    return Promise.resolve();
  }

  writeStatus(updates: readonly StatusUpdate[]): void {
    this.#options.onStatus?.(updates);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#quiet !== null) clearTimeout(this.#quiet);
    if (this.#poll !== null) clearInterval(this.#poll);
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
    return Promise.resolve();
  }

  #look(isFirst: boolean): void {
    if (this.#isClosed) return;
    const { changed, folders, findings } = this.#scanner.scan();
    if (this.#options.watch) {
      // New folders may have been filled before their watch stood: look once more.
      if (this.#watchFolders(new Set([...this.#roots, ...folders]))) this.#schedule();
    }
    if (changed || isFirst) this.#publish(findings);
  }

  #publish(findings: readonly InputFinding[]): void {
    const loaded = this.#store.state(findings);
    this.#loaded = loaded;
    this.#listener?.onFindings(loaded.findings);
    this.#listener?.onSnapshot(loaded.snapshot);
  }

  /** Where a field of an object stands now. */
  locate(object: ObjectRef, path: string): SourceLocation | null {
    return this.#loaded?.locate(object, path) ?? null;
  }

  /** Watches exactly these folders; true when one is new. */
  #watchFolders(folders: ReadonlySet<string>): boolean {
    let isNew = false;
    for (const [folder, watcher] of this.#watchers) {
      if (folders.has(folder)) continue;
      watcher.close();
      this.#watchers.delete(folder);
    }
    for (const folder of folders) {
      if (this.#watchers.has(folder)) continue;
      const watcher = this.#watchFolder(folder);
      if (watcher === null) continue;
      this.#watchers.set(folder, watcher);
      isNew = true;
    }
    return isNew;
  }

  #watchFolder(folder: string): FSWatcher | null {
    try {
      const watcher = watch(folder, (event, name) => {
        // A watched folder that is itself removed or replaced reports its own name: the watch is dead then.
        if (event === 'rename' && (name === null || folder.endsWith(`/${name}`))) this.#drop(folder);
        this.#schedule();
      });
      watcher.on('error', () => {
        this.#drop(folder);
      });
      return watcher;
    } catch (error) {
      this.#options.logger.debug('folder not watched', { folder, error: String(error) });
      return null;
    }
  }

  #drop(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isClosed) return;
    const nowMs = performance.now();
    if (this.#quiet === null) this.#burstStartMs = nowMs;
    else clearTimeout(this.#quiet);
    const waitMs = Math.max(0, Math.min(QUIET_MS, this.#burstStartMs + BURST_LIMIT_MS - nowMs));
    this.#quiet = setTimeout(() => {
      this.#quiet = null;
      this.#look(false);
    }, waitMs);
  }
}
