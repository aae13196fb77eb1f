/** One-shot reading, for commands that read once: check, explain, tests. */
import { readFileSync } from 'node:fs';
import type { KindRegistry } from '../../gatewayapi/kind-registry.ts';
import { Scanner } from './scan.ts';
import { ResourceStore, type LoadedResources } from './store.ts';

const STANDARD_INPUT = '-';

/** Name of standard input in findings. */
const STANDARD_INPUT_NAME = '<stdin>';

/** Files, folders (recursively) and `-` for standard input. Unreadable files are findings; no file content throws. */
export function loadResources(paths: readonly string[]): LoadedResources {
  const store = new ResourceStore();
  readStandardInput(paths, store);
  const { findings } = new Scanner(withoutStandardInput(paths), store).scan(0);
  return store.state(findings);
}

/** The state of one text, as if it were a file of that name. */
export function stateFromText(text: string, file: string, registry?: KindRegistry): LoadedResources {
  const store = new ResourceStore(registry);
  store.setFile(file, text);
  return store.state();
}

/** Takes standard input, to its end, into the store when `-` is among the paths. */
export function readStandardInput(paths: readonly string[], store: ResourceStore): void {
  if (paths.includes(STANDARD_INPUT)) store.setFile(STANDARD_INPUT_NAME, readToEnd());
}

export const withoutStandardInput = (paths: readonly string[]): string[] =>
  paths.filter((path) => path !== STANDARD_INPUT);

const RETRY_MS = 10;

/** A pipe that its other end made non-blocking has nothing to read at times. */
function readToEnd(): string {
  for (;;) {
    try {
      return readFileSync(0, 'utf8');
    } catch (error) {
      if (!(error instanceof Error) || !('code' in error) || error.code !== 'EAGAIN') throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
