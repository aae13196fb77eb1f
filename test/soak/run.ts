/** One soak: the gateway, its backends with all their faults at once, and the load; ends with what came of it. */
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { Backends } from './backends.ts';
import { Faults } from './faults.ts';
import { MemoryLog, connections, type Connections } from './gauges.ts';
import { Load } from './load.ts';
import { LISTENER_PORT, Manifests } from './manifests.ts';
import { SCENARIOS } from './scenarios.ts';
import { watchStalls, type Stall } from './stalls.ts';
import { Tally, slope, type Sample } from './tally.ts';

export interface SoakOptions {
  readonly seconds: number;
  readonly seed: number;
  /** Requests a second, of all routes together. */
  readonly rate: number;
  /** False: `attempts: 0` everywhere, to see what retries are worth. */
  readonly isRetried: boolean;
}

export interface Worker {
  readonly name: string;
  readonly mib: number;
  /** MiB a minute after the warm-up. */
  readonly slope: number;
}

export interface Soaked {
  readonly options: SoakOptions;
  readonly tally: Tally;
  readonly faults: ReadonlyMap<string, number>;
  readonly workers: readonly Worker[];
  /** Once every client has gone. */
  readonly left: Connections;
  /** Workers that had to be replaced. */
  readonly restarts: number;
  /** For how long clients or backends had no CPU, together. */
  readonly stalledMs: number;
}

const WORKERS = 2;
const SAMPLE_MS = 1_000;
/** Of the time, at its beginning: memory grows to what the load needs. */
const WARM_UP = 1 / 3;
/** For connections whose clients have gone. */
const LEAVING_MS = 10_000;

export async function soak(options: SoakOptions): Promise<Soaked> {
  const manifests = new Manifests(SCENARIOS, options.isRetried);
  const backends = new Backends();
  const faults = new Faults(backends, manifests, options.seed);
  const stalls: Stall[] = [];
  const watch = watchStalls((stall) => stalls.push(stall));
  let sluice: SluiceProcess | null = null;
  try {
    for (const scenario of SCENARIOS) await faults.add(scenario);
    const args = ['--log-level', 'error', '--drain', '1'];
    sluice = await startSluice({ paths: [manifests.folder], args, workers: WORKERS });
    const soaked = await under(sluice, faults, options);
    const all = [...stalls, ...backends.stalls];
    soaked.tally.close({ outages: faults.outages, stalls: all });
    return { ...soaked, stalledMs: all.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0) };
  } finally {
    clearInterval(watch);
    await sluice?.stop();
    await backends.stop();
    manifests.remove();
  }
}

async function under(
  sluice: SluiceProcess,
  faults: Faults,
  options: SoakOptions,
): Promise<Omit<Soaked, 'stalledMs'>> {
  const { pids } = (await sluice.status()).workers;
  const tally = new Tally();
  const memory = new MemoryLog(sluice.admin, SAMPLE_MS);
  const load = new Load(SCENARIOS, {
    port: sluice.port(LISTENER_PORT),
    rate: options.rate,
    onEnd: (ended) => tally.add(ended),
  });
  faults.begin();
  await new Promise((resolve) => setTimeout(resolve, options.seconds * 1_000));
  memory.stop();
  await faults.stop();
  await load.stop();
  const left = await connectionsAtEnd(sluice.admin);
  if (memory.fault !== null) throw memory.fault;
  const now = (await sluice.status()).workers.pids;
  return {
    options,
    tally,
    faults: faults.counts,
    workers: [...memory.workers].map(([name, samples]) => worker(name, samples)),
    left,
    restarts: pids.filter((pid) => !now.includes(pid)).length,
  };
}

function worker(name: string, samples: readonly Sample[]): Worker {
  const bytes = samples.at(-1)?.bytes ?? 0;
  return { name, mib: bytes / 1_048_576, slope: slope(samples.slice(samples.length * WARM_UP)) };
}

/** Waits until no client connection is left, or until the time limit. Returns the connections that are left. */
async function connectionsAtEnd(admin: string): Promise<Connections> {
  const untilMs = performance.now() + LEAVING_MS;
  for (;;) {
    const left = await connections(admin);
    if (left.downstream + left.activeRequests === 0 || performance.now() > untilMs) return left;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
