/**
 * `npm test`: gates first (type check, lint, format, dead code), then unit tests, then end-to-end tests, then those in a
 * real cluster (where SLUICE_TEST_CLUSTER=1), each file in its own process. The last line printed is
 * `N passed, N failed[, N skipped]`; the exit code is 1 when anything failed.
 *
 *   npm test                      everything
 *   npm test -- --gates           only the gates
 *   npm test -- --no-gates h1     only test files whose path contains `h1`, or of the suite of that name
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GATES, runGate, type GateResult } from './test/gates.ts';
import { describeFailures, describeGate, summarize, type SuiteResult } from './test/report.ts';
import { runFile, type FileResult } from './test/run-file.ts';
import { findSuites, type Suite } from './test/suites.ts';

const FILE_LIMIT_MS = 240_000;
const CLUSTER_LIMIT_MS = 60 * 60_000;
const TEST_LIMIT_MS = 60_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const parallel = Math.max(2, availableParallelism());

/** `work` over all items, at most `limit` at once, started in order. */
async function inParallel<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  limit = parallel,
): Promise<Result[]> {
  const results: Result[] = [];
  const queue = items.entries();
  const worker = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: limit }, worker));
  return results;
}

async function runGates(): Promise<GateResult[]> {
  return inParallel(GATES, async (gate) => {
    const result = await runGate(gate, root);
    console.log(describeGate(result));
    return result;
  });
}

async function runStage(suites: readonly Suite[], stage: Suite['stage']): Promise<SuiteResult[]> {
  const chosen = suites.filter((suite) => suite.stage === stage);
  const jobs = chosen.flatMap((suite) => suite.files.map((file) => ({ suite, file })));
  const spans = new Map<Suite, { start: number; end: number }>();
  const runJob = async ({
    suite,
    file,
  }: (typeof jobs)[number]): Promise<{ suite: Suite; result: FileResult }> => {
    const span = spans.get(suite) ?? { start: performance.now(), end: 0 };
    spans.set(suite, span);
    const limitMs = stage === 'cluster' ? CLUSTER_LIMIT_MS : FILE_LIMIT_MS;
    const result = await runFile(file, { root, testLimitMs: TEST_LIMIT_MS, limitMs, env: suite.env ?? {} });
    span.end = performance.now();
    const failures = describeFailures(result);
    if (failures !== '') console.log(`\n${failures}\n`);
    return { suite, result };
  };
  const results = await inParallel(jobs, runJob, stage === 'cluster' ? 1 : parallel);
  return chosen.map((suite) => {
    const span = spans.get(suite) ?? { start: 0, end: 0 };
    const files = results.filter((entry) => entry.suite === suite).map((entry) => entry.result);
    return { name: suite.name, files, seconds: (span.end - span.start) / 1000 };
  });
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    allowNegative: true,
    options: { gates: { type: 'boolean' } },
  });
  // Type stripping is cached for every process that the tests start.
  process.env['NODE_COMPILE_CACHE'] ??= join(root, '.cache', 'v8');

  const onlyGates = values.gates === true;
  const suites = onlyGates ? [] : findSuites(root, positionals);
  if (positionals.length > 0 && suites.length === 0) {
    console.error(
      `No test file's path or suite is named ${positionals.map((text) => `"${text}"`).join(' or ')}.`,
    );
    return 2;
  }
  const gates = values.gates === false ? [] : await runGates();
  const results: SuiteResult[] = [];
  for (const stage of ['unit', 'e2e', 'cluster'] as const) results.push(...(await runStage(suites, stage)));
  const { text, failed } = summarize(gates, results);
  process.stdout.write(`\n${text}`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = await main();
