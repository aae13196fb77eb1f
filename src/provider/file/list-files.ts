/** The manifests below the given paths, and the folders to watch for changes. */
import { lstatSync, readdirSync, realpathSync, statSync, type Stats } from 'node:fs';
import { dirname, join } from 'node:path';
import { inputFinding, type InputFinding } from '../../gatewayapi/input-finding.ts';

const MANIFEST = /\.(ya?ml|json)$/i;
/** Files of tools, which look like manifests by their names only. */
const NOT_MANIFESTS =
  /^(values.*\.ya?ml|values\.schema\.json|chart\.ya?ml|package(-lock)?\.json|tsconfig.*\.json)$/i;

export interface ListedFile {
  /** A text that changes when the file does. */
  readonly print: string;
  /** Time of the last write, as `Date.now()` counts. */
  readonly writtenMs: number;
}

export interface Listing {
  readonly files: Map<string, ListedFile>;
  readonly folders: Set<string>;
  readonly findings: InputFinding[];
}

/** Follows links: a mounted ConfigMap is a folder of links into `..data`. Hidden entries and node_modules are skipped. */
export function listFiles(paths: readonly string[]): Listing {
  const listing: Listing = { files: new Map(), folders: new Set(), findings: [] };
  const visited = new Set<string>();
  for (const path of paths) {
    const stats = statOrNull(path);
    if (stats === null) listing.findings.push(missingPath(path));
    else if (stats.isDirectory()) listFolder(path, listing, visited);
    else addFile(path, stats, listing);
  }
  return listing;
}

function listFolder(folder: string, listing: Listing, visited: Set<string>): void {
  const real = realPathOrNull(folder);
  // A link to a folder above would be a cycle.
  if (real === null || visited.has(real)) return;
  visited.add(real);
  listing.folders.add(folder);
  for (const name of namesIn(folder)) {
    if (name.startsWith('.') || name === 'node_modules') continue;
    const path = join(folder, name);
    const stats = statOrNull(path);
    if (stats?.isDirectory() === true) listFolder(path, listing, visited);
    else if (stats?.isFile() === true && MANIFEST.test(name) && !NOT_MANIFESTS.test(name)) {
      addFile(path, stats, listing);
    }
  }
}

function addFile(path: string, { ino, size, mtimeMs, ctimeMs }: Stats, listing: Listing): void {
  listing.files.set(path, { print: [ino, size, mtimeMs, ctimeMs].join(' '), writtenMs: mtimeMs });
  if (!isLink(path)) return;
  // An edit of a link's target causes an event in the target's folder.
  const target = realPathOrNull(path);
  if (target !== null) listing.folders.add(dirname(target));
}

function statOrNull(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null;
  }
}

function realPathOrNull(path: string): string | null {
  try {
    return realpathSync(path);
  } catch {
    return null;
  }
}

function isLink(path: string): boolean {
  try {
    return lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}

/** A folder that was removed meanwhile is empty. */
function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).toSorted();
  } catch {
    return [];
  }
}

const missingPath = (path: string): InputFinding =>
  inputFinding('missing-path', { message: `${path}: no such file or folder`, location: null });
