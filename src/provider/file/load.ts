/** One-shot reading, for commands that look once: check, explain, tests. */
import { readFileSync } from 'node:fs';
import { Scanner } from './scan.ts';
import { ResourceStore, type LoadedResources } from './store.ts';

export const STANDARD_INPUT = '-';

/** Files, folders (recursively) and `-` for standard input. Never rejects for what the files hold. */
export function loadResources(paths: readonly string[]): LoadedResources {
  const store = new ResourceStore();
  if (paths.includes(STANDARD_INPUT)) store.setFile('<stdin>', readFileSync(0, 'utf8'));
  const { findings } = new Scanner(withoutStandardInput(paths), store).scan();
  return store.state(findings);
}

/** The state of one text, as if it were a file of that name. */
export function stateFromText(text: string, file: string): LoadedResources {
  const store = new ResourceStore();
  store.setFile(file, text);
  return store.state();
}

export const withoutStandardInput = (paths: readonly string[]): string[] =>
  paths.filter((path) => path !== STANDARD_INPUT);
