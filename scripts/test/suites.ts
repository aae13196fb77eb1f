/** Which test files there are and which suite each belongs to. CONTRIBUTING.md has the same table in words. */
import { globSync } from 'node:fs';

export interface Suite {
  readonly name: string;
  /** `cluster`: each file has the machine to itself, and an hour. */
  readonly stage: 'unit' | 'e2e' | 'cluster';
  readonly files: readonly string[];
  /** Environment variables of its own; absent = none. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The data plane once more, with every fallback for internals of Node (src/proxy/net/node-internals.ts) forced. */
const FALLBACKS = {
  name: 'fallbacks',
  stage: 'unit',
  files: ['src/proxy/*.test.ts', 'src/proxy/{net,message,h1,h2,l4,port,exchange,filter}/**/*.test.ts'],
  env: { SLUICE_NODE_INTERNALS: 'off' },
} as const;

/** Suites outside src, most specific folder first. */
const FOLDERS = [
  { folder: 'test/e2e/examples/', name: 'examples', stage: 'e2e' },
  { folder: 'test/e2e/', name: 'e2e', stage: 'e2e' },
  { folder: 'test/conformance/', name: 'conformance', stage: 'cluster' },
  { folder: 'test/charts/', name: 'charts', stage: 'e2e' },
  { folder: 'test/h2spec/', name: 'h2spec', stage: 'e2e' },
  { folder: 'test/grpc-interop/', name: 'grpc-interop', stage: 'e2e' },
  { folder: 'test/autobahn/', name: 'autobahn', stage: 'e2e' },
  { folder: 'test/zero-loss/', name: 'zero-loss', stage: 'e2e' },
  { folder: 'test/soak/', name: 'soak', stage: 'e2e' },
  { folder: 'test/fuzz/', name: 'fuzz', stage: 'e2e' },
  { folder: 'test/matrix/', name: 'matrix', stage: 'unit' },
  { folder: 'test/simulation/', name: 'simulation', stage: 'unit' },
  { folder: 'test/golden/', name: 'golden', stage: 'unit' },
  { folder: 'test/schema/', name: 'schema', stage: 'unit' },
  { folder: 'test/extension/', name: 'extension', stage: 'unit' },
  { folder: 'test/corpus/', name: 'corpus', stage: 'unit' },
  { folder: 'test/docs/', name: 'docs', stage: 'unit' },
  { folder: 'test/support/', name: 'support', stage: 'unit' },
  { folder: 'scripts/', name: 'house', stage: 'unit' },
  { folder: 'bench/', name: 'bench', stage: 'unit' },
] as const;

function suiteOf(file: string): { name: string; stage: Suite['stage'] } {
  const layer = /^src\/([^/]+)\//u.exec(file)?.[1];
  if (layer !== undefined) return { name: layer, stage: 'unit' };
  const found = FOLDERS.find(({ folder }) => file.startsWith(folder));
  if (found === undefined)
    throw new Error(`${file} belongs to no suite: name its folder in scripts/test/suites.ts`);
  return found;
}

const TEST_FILES = ['src', 'test', 'scripts', 'bench'].map((folder) => `${folder}/**/*.test.ts`);

/**
 * All suites, unit tests first, each with its files in order.
 * `filters`: a file counts when its path contains one of them or its suite has that name; none = all.
 */
export function findSuites(root: string, filters: readonly string[]): Suite[] {
  const suites = new Map<string, Suite & { files: string[] }>();
  for (const file of globSync(TEST_FILES, { cwd: root }).sort()) {
    const { name, stage } = suiteOf(file);
    if (filters.length > 0 && !filters.some((filter) => filter === name || file.includes(filter))) continue;
    const suite = suites.get(name) ?? { name, stage, files: [] };
    suite.files.push(file);
    suites.set(name, suite);
  }
  if (filters.length === 0 || filters.includes(FALLBACKS.name)) {
    suites.set(FALLBACKS.name, { ...FALLBACKS, files: globSync(FALLBACKS.files, { cwd: root }).sort() });
  }
  const rank = (suite: Suite): number => ['unit', 'e2e', 'cluster'].indexOf(suite.stage);
  return [...suites.values()].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
