/** What the gateway's metrics say of its memory and connections. */
import type { Sample } from './tally.ts';

export interface Connections {
  readonly downstream: number;
  readonly activeRequests: number;
  readonly backend: number;
  /** Of those to backends. */
  readonly idle: number;
}

async function lines(admin: string): Promise<readonly string[]> {
  const response = await fetch(`${admin}/metrics`);
  return (await response.text()).split('\n');
}

/** The value of each series of a metric, by its labels. */
function series(metrics: readonly string[], name: string): Map<string, number> {
  const found = metrics.filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return new Map(
    found.map((line) => {
      const space = line.lastIndexOf(' ');
      return [line.slice(name.length, space), Number(line.slice(space + 1))];
    }),
  );
}

const sum = (values: Map<string, number>): number =>
  [...values.values()].reduce((total, value) => total + value, 0);

export async function connections(admin: string): Promise<Connections> {
  const metrics = await lines(admin);
  const of = (name: string): number => sum(series(metrics, name));
  return {
    downstream: of('sluice_downstream_connections'),
    activeRequests: of('sluice_downstream_active_requests'),
    backend: of('sluice_backend_connections'),
    idle: of('sluice_backend_idle_connections'),
  };
}

/** Samples of each worker's resident memory until it is stopped. */
export class MemoryLog {
  readonly workers = new Map<string, Sample[]>();
  readonly #admin: string;
  readonly #timer: NodeJS.Timeout;
  /** Why a sample is missing, if one is. */
  fault: Error | null = null;

  constructor(admin: string, everyMs: number) {
    this.#admin = admin;
    this.#timer = setInterval(() => {
      this.#sample().catch((error: unknown) => (this.fault = error as Error));
    }, everyMs);
  }

  async #sample(): Promise<void> {
    const metrics = await lines(this.#admin);
    for (const [worker, bytes] of series(metrics, 'sluice_worker_resident_bytes')) {
      const samples = this.workers.get(worker) ?? [];
      samples.push({ atMs: performance.now(), bytes });
      this.workers.set(worker, samples);
    }
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
