/** What a module loads when it starts, directly or not; types are erased, and dynamic imports come later. */
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\bfrom\s+)?'([^']+)';?$/gm;

export interface LoadedModules {
  /** Paths from the root of the repository. */
  readonly files: readonly string[];
  /** Of npm (`re2js`), and of Node (`node:net`). */
  readonly packages: readonly string[];
}

/** `entry`: path from the root of the repository. */
export function loadedBy(entry: string): LoadedModules {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (file: string): void => {
    if (files.has(file)) return;
    files.add(file);
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier));
      else packages.add(specifier);
    }
  };
  visit(join(ROOT, entry));
  return { files: [...files].map((file) => relative(ROOT, file)), packages: [...packages] };
}
