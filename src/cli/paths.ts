/** Paths of manifests on the command line. */
import { existsSync } from 'node:fs';
import { printError } from '../report/terminal.ts';

/** Whether every path exists; reports missing ones. `-` is standard input. */
export function arePathsThere(command: string, paths: readonly string[]): boolean {
  const missing = paths.filter((path) => path !== '-' && !existsSync(path));
  for (const path of missing) printError(`sluice ${command}: ${path}: no such file or folder`);
  return missing.length === 0;
}

/** As messages name them. */
export const namesOf = (paths: readonly string[], separator: string): string =>
  paths.map((path) => (path === '-' ? 'standard input' : path)).join(separator);
