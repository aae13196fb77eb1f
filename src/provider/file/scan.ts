/** Brings a store up to date with the files, reading only what changed since the last look. */
import { readFileSync } from 'node:fs';
import { inputFinding, type InputFinding } from '../../gatewayapi/input-finding.ts';
import { listFiles, type ListedFile } from './list-files.ts';
import type { ResourceStore } from './store.ts';

/** A file that was written this recently may still be being written. */
const FRESH_MS = 25;
/** A file that never stops changing is read anyway after this time. */
const RESTLESS_MS = 1_000;
/**
 * Some programs save by emptying a file, or removing it, and writing it again. A file that had objects and is now empty or missing has
 * this long to come back.
 */
export const COME_BACK_MS = 60;

export interface ScanResult {
  readonly isChanged: boolean;
  /** A file is being written, or is missing and may come back: scan again after `COME_BACK_MS`. */
  readonly isChanging: boolean;
  readonly folders: ReadonlySet<string>;
  readonly findings: readonly InputFinding[];
}

export class Scanner {
  readonly #paths: readonly string[];
  readonly #store: ResourceStore;
  /** Files in the store and what they were like when they were read. */
  readonly #known = new Map<string, string>();
  /** Files that the scan waits for, and since when. */
  readonly #writtenSinceMs = new Map<string, number>();
  readonly #goneSinceMs = new Map<string, number>();
  #problems = '';

  constructor(paths: readonly string[], store: ResourceStore) {
    this.#paths = paths;
    this.#store = store;
  }

  /** `nowMs` is of any clock that only goes forward. */
  scan(nowMs: number): ScanResult {
    const { files, folders, findings } = listFiles(this.#paths);
    let isChanged = false;
    for (const [file, listed] of files) {
      if (this.#known.get(file) === listed.print) this.#isStable(file);
      else if (!this.#isBeingWritten(file, listed, nowMs)) {
        const problem = this.#read(file, listed, nowMs);
        if (problem === null) isChanged ||= this.#known.get(file) === listed.print;
        else findings.push(problem);
      }
    }
    for (const file of this.#known.keys()) {
      if (files.has(file) || this.#mayComeBack(file, nowMs)) continue;
      this.#isStable(file);
      this.#known.delete(file);
      this.#store.removeFile(file);
      isChanged = true;
    }
    const problems = findings.map(({ message }) => message).join('\n');
    isChanged ||= problems !== this.#problems;
    this.#problems = problems;
    const isChanging = this.#writtenSinceMs.size + this.#goneSinceMs.size > 0;
    return { isChanged, isChanging, folders, findings };
  }

  /** Adds a file to the store, unless it is empty for now. */
  #read(file: string, { print }: ListedFile, nowMs: number): InputFinding | null {
    const text = readText(file);
    if (typeof text !== 'string') return text;
    if (isBlank(text) && this.#mayComeBack(file, nowMs)) return null;
    this.#isStable(file);
    this.#store.setFile(file, text);
    this.#known.set(file, print);
    return null;
  }

  /** Nothing is lost by reading a file too early the first time. */
  #isBeingWritten(file: string, { writtenMs }: ListedFile, nowMs: number): boolean {
    const ageMs = Date.now() - writtenMs;
    if (ageMs < 0 || ageMs >= FRESH_MS || !this.#known.has(file)) return false;
    return nowMs - firstSeen(this.#writtenSinceMs, file, nowMs) < RESTLESS_MS;
  }

  #mayComeBack(file: string, nowMs: number): boolean {
    if (!this.#store.holdsObjects(file)) return false;
    return nowMs - firstSeen(this.#goneSinceMs, file, nowMs) < COME_BACK_MS;
  }

  #isStable(file: string): void {
    this.#writtenSinceMs.delete(file);
    this.#goneSinceMs.delete(file);
  }
}

function firstSeen(sinceMs: Map<string, number>, file: string, nowMs: number): number {
  const known = sinceMs.get(file) ?? nowMs;
  sinceMs.set(file, known);
  return known;
}

const isBlank = (text: string): boolean => text.trim() === '';

function readText(file: string): string | InputFinding {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return inputFinding('unreadable-file', {
      message: `${file} cannot be read: ${reason}`,
      hint: 'its last content is still served',
      location: { file, line: 1, column: 1 },
    });
  }
}
