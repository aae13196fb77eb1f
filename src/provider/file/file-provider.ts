/**
 * A provider of manifests in files, with hot reload: an edit is active a few milliseconds after the last write of a burst. Every event
 * leads to a new scan of all paths, so no kind of save (rename over, delete and create, link swap) needs a case of
 * its own.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import type { InputFinding, SourceLocation } from '../../gatewayapi/input-finding.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { StatusUpdate } from '../../gatewayapi/status.ts';
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Provider, ProviderListener } from '../provider.ts';
import { FolderWatch } from './folder-watch.ts';
import { readStandardInput, withoutStandardInput } from './load.ts';
import { COME_BACK_MS, Scanner } from './scan.ts';
import { ResourceStore, type LoadedResources } from './store.ts';

export interface FileProviderOptions {
  readonly paths: readonly string[];
  /** false: read once. */
  readonly watch: boolean;
  readonly logger: Logger;
  /** Scan interval without events, for file systems that report none (network mounts). Infinity = never. */
  readonly pollMs?: number;
  /** Statuses of the objects, whenever they change. */
  readonly onStatus?: (updates: readonly StatusUpdate[]) => void;
}

/** A burst of writes ends after this time without a write, or after the limit. */
const QUIET_MS = 40;
const BURST_LIMIT_MS = 150;
const DEFAULT_POLL_MS = 2_000;

export interface LocatingProvider extends Provider {
  /** Position of a field of an object; null if unknown. */
  locate(object: ObjectRef, path: string): SourceLocation | null;
  /** See `LoadedResources`. */
  writtenStatus(object: ObjectRef): JsonObject | null;
}

export function createFileProvider(options: FileProviderOptions): LocatingProvider {
  return new FileProvider(options);
}

class FileProvider implements LocatingProvider {
  readonly #options: FileProviderOptions;
  readonly #store = new ResourceStore();
  readonly #scanner: Scanner;
  readonly #watch: FolderWatch;
  readonly #paths: readonly string[];
  #listener: ProviderListener | null = null;
  #loaded: LoadedResources | null = null;
  #timer: NodeJS.Timeout | null = null;
  #poll: NodeJS.Timeout | null = null;
  #burstStartMs = 0;
  #isClosed = false;

  constructor(options: FileProviderOptions) {
    this.#options = options;
    this.#paths = withoutStandardInput(options.paths);
    this.#scanner = new Scanner(this.#paths, this.#store);
    this.#watch = new FolderWatch(() => {
      this.#scheduleAfterBurst();
    }, options.logger);
  }

  start(listener: ProviderListener): Promise<void> {
    this.#listener = listener;
    const { paths, watch, pollMs = DEFAULT_POLL_MS } = this.#options;
    readStandardInput(paths, this.#store);
    // Watching begins before the first scan, or a write in between would be missed.
    if (watch) this.#watch.set(foldersAbove(this.#paths));
    this.#look(true);
    if (watch && Number.isFinite(pollMs)) {
      this.#poll = setInterval(() => {
        this.#look(false);
      }, pollMs);
    }
    return Promise.resolve();
  }

  writeStatus(updates: readonly StatusUpdate[]): void {
    this.#options.onStatus?.(updates);
  }

  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#poll !== null) clearInterval(this.#poll);
    this.#watch.close();
    return Promise.resolve();
  }

  locate(object: ObjectRef, path: string): SourceLocation | null {
    return this.#loaded?.locate(object, path) ?? null;
  }

  writtenStatus(object: ObjectRef): JsonObject | null {
    return this.#loaded?.writtenStatus(object) ?? null;
  }

  #look(isFirst: boolean): void {
    if (this.#isClosed) return;
    const { isChanged, isChanging, folders, findings } = this.#scanner.scan(performance.now());
    if (this.#options.watch) {
      const watched = new Map<string, ReadonlySet<string> | null>(foldersAbove(this.#paths));
      for (const folder of folders) watched.set(folder, null);
      // A new folder may have been filled before its watch existed.
      if (this.#watch.set(watched)) this.#schedule(QUIET_MS);
    }
    if (isChanging) this.#schedule(COME_BACK_MS);
    if (isChanged || isFirst) this.#publish(findings);
  }

  #publish(findings: readonly InputFinding[]): void {
    const loaded = this.#store.state(findings);
    this.#loaded = loaded;
    this.#listener?.onFindings(loaded.findings);
    this.#listener?.onSnapshot(loaded.snapshot);
  }

  /** Delays the next scan while events arrive, up to the limit. */
  #scheduleAfterBurst(): void {
    const leftMs =
      this.#timer === null ? BURST_LIMIT_MS : this.#burstStartMs + BURST_LIMIT_MS - performance.now();
    this.#schedule(Math.max(0, Math.min(QUIET_MS, leftMs)));
  }

  #schedule(delayMs: number): void {
    if (this.#isClosed) return;
    if (this.#timer === null) this.#burstStartMs = performance.now();
    else clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#look(false);
    }, delayMs);
  }
}

/** The nearest existing folder above each path, and its entry for the path: the path itself may be added, removed or replaced. */
function foldersAbove(paths: readonly string[]): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    let entry = resolve(path);
    while (!existsSync(dirname(entry))) entry = dirname(entry);
    const entries = folders.get(dirname(entry)) ?? new Set();
    folders.set(dirname(entry), entries.add(basename(entry)));
  }
  return folders;
}
