/**
 * Failing backends, for the terminal and the log of `run`: one line per backend and minute, useful where metrics and access log
 * are off. Pure.
 */
import type { Origin } from '../ir/origin.ts';
import { REASONS, type ReasonCode } from '../ir/reason.ts';
import { countOf } from '../lib/plural.ts';
import type { RequestStats } from '../proxy/exchange/request-stats.ts';

/** Reason codes for failures of the backend, as opposed to the request or its rule. */
const OF_BACKENDS = [
  'connect_failed',
  'connect_timeout',
  'no_endpoints',
  'no_healthy_endpoints',
  'upstream_reset',
  'upstream_invalid',
  'backend_timeout',
] as const satisfies readonly ReasonCode[];

const REPORT_EVERY_MS = 60_000;

type Counts = ReadonlyMap<(typeof OF_BACKENDS)[number], number>;

interface Reported {
  readonly counts: Counts;
  readonly atMs: number;
}

export class FailingBackends {
  readonly #reported = new Map<string, Reported>();

  /** A line for each backend that failed requests since its last line, if that is a minute ago. Counters only grow. */
  linesFor(requests: readonly RequestStats[], nowMs: number): string[] {
    const lines: string[] = [];
    for (const [name, counts] of countByBackend(requests)) {
      const last = this.#reported.get(name);
      if (last !== undefined && nowMs - last.atMs < REPORT_EVERY_MS) continue;
      const failed = OF_BACKENDS.map((reason) => ({
        reason,
        count: (counts.get(reason) ?? 0) - (last?.counts.get(reason) ?? 0),
      })).filter(({ count }) => count > 0);
      if (failed.length === 0) continue;
      this.#reported.set(name, { counts, atMs: nowMs });
      const total = failed.reduce((sum, { count }) => sum + count, 0);
      const why = failed.map(({ reason, count }) => `${String(count)} ${reason}: ${REASONS[reason].text}`);
      lines.push(`${name}: ${countOf(total, 'request')} failed (${why.join(' ')})`);
    }
    return lines;
  }
}

function countByBackend(requests: readonly RequestStats[]): ReadonlyMap<string, Counts> {
  const backends = new Map<string, Map<(typeof OF_BACKENDS)[number], number>>();
  for (const { backend, byReason } of requests) {
    if (backend === null) continue;
    const name = nameOf(backend);
    const counts = backends.get(name) ?? new Map<(typeof OF_BACKENDS)[number], number>();
    backends.set(name, counts);
    for (const reason of OF_BACKENDS) counts.set(reason, (counts.get(reason) ?? 0) + (byReason[reason] ?? 0));
  }
  return backends;
}

const nameOf = ({ kind, namespace, name, section }: Origin): string =>
  `${kind} ${namespace}/${name}${section === undefined ? '' : `:${section}`}`;
