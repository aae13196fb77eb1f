/** Which files there are below the given paths, and which of them changed since the last look. */
import { readdirSync, readFileSync, statSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import type { InputFinding } from '../../gatewayapi/input-finding.ts';
import type { ResourceStore } from './store.ts';

const MANIFEST = /\.(ya?ml|json)$/i;

interface Listing {
  /** File → what changes when it does. */
  readonly files: Map<string, string>;
  /** Folders to watch. */
  readonly folders: Set<string>;
  readonly findings: InputFinding[];
}

/** Follows links: a mounted ConfigMap is a folder of links into `..data`. Hidden entries are left out. */
function list(paths: readonly string[]): Listing {
  const listing: Listing = { files: new Map(), folders: new Set(), findings: [] };
  for (const path of paths) {
    const stats = statOrNull(path);
    if (stats === null) listing.findings.push(missingPath(path));
    else if (stats.isDirectory()) listFolder(path, listing, 0);
    else listing.files.set(path, fingerprint(stats));
  }
  return listing;
}

const MAX_DEPTH = 32;

function listFolder(folder: string, listing: Listing, depth: number): void {
  listing.folders.add(folder);
  if (depth > MAX_DEPTH) return;
  for (const name of readdirOrEmpty(folder)) {
    if (name.startsWith('.')) continue;
    const path = join(folder, name);
    const stats = statOrNull(path);
    if (stats === null) continue;
    if (stats.isDirectory()) {
      if (name !== 'node_modules') listFolder(path, listing, depth + 1);
    } else if (stats.isFile() && MANIFEST.test(name)) listing.files.set(path, fingerprint(stats));
  }
}

const fingerprint = ({ ino, size, mtimeMs, ctimeMs }: Stats): string =>
  `${String(ino)} ${String(size)} ${String(mtimeMs)} ${String(ctimeMs)}`;

function statOrNull(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function readdirOrEmpty(folder: string): string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

const missingPath = (path: string): InputFinding => ({
  severity: 'error',
  code: 'missing-path',
  object: null,
  path: '',
  message: `${path}: no such file or folder`,
  hint: null,
  location: { file: path, line: 1, column: 1 },
});

export interface ScanResult {
  readonly changed: boolean;
  readonly folders: ReadonlySet<string>;
  readonly findings: readonly InputFinding[];
}

/** Reads again what changed into a store. */
export class Scanner {
  readonly #paths: readonly string[];
  readonly #store: ResourceStore;
  #known = new Map<string, string>();
  #missing = '';

  constructor(paths: readonly string[], store: ResourceStore) {
    this.#paths = paths;
    this.#store = store;
  }

  scan(): ScanResult {
    const { files, folders, findings } = list(this.#paths);
    let changed = false;
    for (const file of this.#known.keys()) {
      if (files.has(file)) continue;
      this.#store.removeFile(file);
      changed = true;
    }
    for (const [file, print] of files) {
      if (this.#known.get(file) === print) continue;
      changed = true;
      try {
        this.#store.setFile(file, readFileSync(file, 'utf8'));
      } catch (error) {
        files.delete(file);
        findings.push({ ...missingPath(file), message: `${file}: ${String(error)}` });
      }
    }
    this.#known = files;
    const missing = findings.map(({ message }) => message).join('\n');
    changed ||= missing !== this.#missing;
    this.#missing = missing;
    return { changed, folders, findings };
  }
}
