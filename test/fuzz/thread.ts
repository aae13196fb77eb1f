/** Runs a target in a thread of its own, where an input that never ends can be seen and named. */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { fuzz, type FuzzOptions, type FuzzResult } from './run.ts';
import { TARGETS } from './targets.ts';

interface Task {
  readonly target: string;
  readonly options: FuzzOptions;
  /** One number: inputs checked so far. */
  readonly progress: SharedArrayBuffer;
}

/** Without any progress for so long, an input hangs. Turns take milliseconds. */
const HANG_MS = 30_000;
const WATCH_MS = 1_000;

/** Never rejects: what goes wrong is the finding. */
export async function fuzzInThread(
  target: string,
  options: FuzzOptions,
  onProgress: (done: number) => void = () => undefined,
): Promise<FuzzResult> {
  const progress = new SharedArrayBuffer(4);
  const counter = new Uint32Array(progress);
  const task: Task = { target, options, progress };
  const worker = new Worker(new URL(import.meta.url), { workerData: task });
  let seen = 0;
  let seenMs = performance.now();
  const { promise: hung, resolve: hang } = Promise.withResolvers<FuzzResult>();
  const watch = setInterval(() => {
    const done = Atomics.load(counter, 0);
    if (done > seen) seenMs = performance.now();
    seen = done;
    onProgress(done);
    if (performance.now() - seenMs < HANG_MS) return;
    const detail = `no end in sight after ${String(HANG_MS / 1_000)} s, at this input or one of the next 200`;
    hang({ inputs: done, finding: { index: options.first + done, detail, reads: [] }, grownBytes: 0 });
  }, WATCH_MS);
  const finished = once(worker, 'message').then(([result]) => result as FuzzResult);
  const failed = once(worker, 'exit').then((): FuzzResult => {
    const detail = 'the thread ended by itself';
    return { inputs: seen, finding: { index: options.first + seen, detail, reads: [] }, grownBytes: 0 };
  });
  const result = await Promise.race([finished, failed, hung]).catch((error: unknown): FuzzResult => {
    const finding = { index: options.first + seen, detail: String(error), reads: [] };
    return { inputs: seen, finding, grownBytes: 0 };
  });
  clearInterval(watch);
  await worker.terminate();
  return result;
}

if (!isMainThread) {
  const { target: name, options, progress } = workerData as Task;
  const counter = new Uint32Array(progress);
  const target = TARGETS.find((candidate) => candidate.name === name);
  if (target === undefined) throw new Error(`no target ${name}`);
  const result = await fuzz(target, options, (done) => Atomics.store(counter, 0, done));
  parentPort?.postMessage(result);
}
