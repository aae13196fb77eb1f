/** A soak in words. */
import type { Soaked } from './run.ts';
import { VERDICTS, percentile, type RouteTally } from './tally.ts';

const COLUMNS = ['answered', 'curable', 'after head', 'all down', 'no CPU', 'p50 ms', 'p99 ms', 'p99.9 ms'];
const NAME_WIDTH = 14;
const WIDTH = 11;

function row(name: string, cells: readonly (string | number)[]): string {
  return name.padEnd(NAME_WIDTH) + cells.map((cell) => String(cell).padStart(WIDTH)).join('');
}

function routeRow({ name, verdicts, latenciesMs }: RouteTally): string {
  const counts = VERDICTS.map((verdict) => verdicts[verdict]);
  const times = [0.5, 0.99, 0.999].map((share) => percentile(latenciesMs, share).toFixed(0));
  return row(name, [...counts, ...times]);
}

function reasonLines({ name, reasons }: RouteTally): string[] {
  const most = [...reasons].sort(([, a], [, b]) => b - a);
  return most.map(
    ([reason, count]) => `  ${name.padEnd(NAME_WIDTH)}${String(count).padStart(6)} × ${reason}`,
  );
}

export function inWords({ options, tally, faults, workers, left, restarts, stalledMs }: Soaked): string {
  const { seconds, seed, rate } = options;
  const kinds = [...faults].map(([mode, count]) => `${mode} ${String(count)}`).sort();
  const memory = workers.map(
    ({ name, mib, slope }) => `worker ${name}: ${mib.toFixed(0)} MiB, ${slope.toFixed(2)} MiB a minute`,
  );
  const total = VERDICTS.map((verdict) => tally.count(verdict));
  return [
    `${String(seconds)} s at ${String(rate)} requests a second, seed ${String(seed)}`,
    `faults begun: ${kinds.join(', ')}`,
    '',
    row('route', COLUMNS),
    ...tally.routes.map(routeRow),
    row('all', total),
    '',
    'failures, by what a permitted retry could have done (head: the answer had begun; outage: all were down; stall: no CPU):',
    ...tally.routes.flatMap(reasonLines),
    '',
    ...memory,
    `clients and backends were stalled for ${(stalledMs / 1_000).toFixed(1)} s`,
    `connections at the end: ${String(left.downstream)} of clients, ${String(left.backend)} to backends, ` +
      `${String(left.idle)} of them idle; ${String(left.activeRequests)} requests; ${String(restarts)} workers replaced`,
  ].join('\n');
}
