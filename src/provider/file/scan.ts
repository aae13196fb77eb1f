/** Brings a store up to date with the files, reading only what changed since the last look. */
import { readFileSync } from 'node:fs';
import { inputFinding, type InputFinding } from '../../gatewayapi/input-finding.ts';
import { listFiles } from './list-files.ts';
import type { ResourceStore } from './store.ts';

/**
 * Some programs save by emptying a file, or removing it, and writing it anew. What had objects and is gone or empty counts as being
 * written for so long.
 */
export const SETTLE_MS = 60;

export interface ScanResult {
  readonly isChanged: boolean;
  /** Something is gone that may come back at once: look again after `SETTLE_MS`. */
  readonly isUnsettled: boolean;
  readonly folders: ReadonlySet<string>;
  readonly findings: readonly InputFinding[];
}

export class Scanner {
  readonly #paths: readonly string[];
  readonly #store: ResourceStore;
  /** Files in the store and what they were like when they were read. */
  #known = new Map<string, string>();
  /** When a file was first seen to be gone or empty. */
  readonly #goneSinceMs = new Map<string, number>();
  #problems = '';

  constructor(paths: readonly string[], store: ResourceStore) {
    this.#paths = paths;
    this.#store = store;
  }

  scan(nowMs: number): ScanResult {
    const { files, folders, findings } = listFiles(this.#paths);
    let isChanged = false;
    for (const [file, print] of files) {
      if (this.#known.get(file) === print) continue;
      const text = readText(file);
      if (typeof text !== 'string') findings.push(text);
      else if (isBlank(text) && this.#isWaitedFor(file, nowMs)) continue;
      else {
        this.#goneSinceMs.delete(file);
        this.#store.setFile(file, text);
        this.#known.set(file, print);
        isChanged = true;
      }
    }
    for (const file of this.#known.keys()) {
      if (files.has(file) || this.#isWaitedFor(file, nowMs)) continue;
      this.#goneSinceMs.delete(file);
      this.#known.delete(file);
      this.#store.removeFile(file);
      isChanged = true;
    }
    const problems = findings.map(({ message }) => message).join('\n');
    isChanged ||= problems !== this.#problems;
    this.#problems = problems;
    return { isChanged, isUnsettled: this.#goneSinceMs.size > 0, folders, findings };
  }

  #isWaitedFor(file: string, nowMs: number): boolean {
    if (!this.#store.holdsObjects(file)) return false;
    const sinceMs = this.#goneSinceMs.get(file) ?? nowMs;
    this.#goneSinceMs.set(file, sinceMs);
    return nowMs - sinceMs < SETTLE_MS;
  }
}

const isBlank = (text: string): boolean => text.trim() === '';

function readText(file: string): string | InputFinding {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return inputFinding('unreadable-file', {
      message: `${file} cannot be read: ${reason}`,
      hint: 'what it last held stays in force',
      location: { file, line: 1, column: 1 },
    });
  }
}
