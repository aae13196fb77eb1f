/** What is done under load, how often, and what it may cost. */
import { readFileSync } from 'node:fs';
import type { LoadedGateway } from './gateway.ts';
import type { Tally } from './load.ts';

export interface Change {
  readonly key: string;
  readonly name: string;
  /** Of a full run. */
  readonly count: number;
  /** Exchanges that each protocol may lose for one change: those that were in the hands of what was killed. */
  readonly allowed: number;
  readonly once: (gateway: LoadedGateway) => Promise<unknown>;
}

/** Each loop of a protocol has one exchange in flight; there are at most two loops. */
const IN_FLIGHT = 2;

/**
 * Connections that the kernel has completed but no process has accepted when a listening socket closes: the kernel resets them, or
 * hands them to the successor's socket where it was told to.
 */
const UNACCEPTED = readFileSync('/proc/sys/net/ipv4/tcp_migrate_req', 'utf8').trim() === '1' ? 0 : 1;

export const CHANGES: readonly Change[] = [
  { key: 'swaps', name: 'configuration swaps', count: 1_000, allowed: 0, once: (gateway) => gateway.swap() },
  {
    key: 'certificates',
    name: 'certificate rotations',
    count: 50,
    allowed: 0,
    once: (gateway) => gateway.rotate(),
  },
  {
    key: 'endpoints',
    name: 'replacements of all endpoints',
    count: 20,
    allowed: 0,
    once: (gateway) => gateway.replaceEndpoints(),
  },
  {
    key: 'kill',
    name: 'workers killed (-9)',
    count: 10,
    allowed: IN_FLIGHT,
    once: (gateway) => gateway.killWorker(),
  },
  {
    key: 'takeover',
    name: 'restarts of the whole process',
    count: 10,
    allowed: UNACCEPTED,
    once: (gateway) => gateway.takeOver(),
  },
];

export interface Measured {
  readonly name: string;
  readonly count: number;
  readonly seconds: number;
  /** For all of them, by protocol. */
  readonly allowed: number;
  readonly tallies: readonly Tally[];
  /** What each change answered, where it is a number. */
  readonly longest: number;
}

export async function measure(gateway: LoadedGateway, change: Change, count: number): Promise<Measured> {
  gateway.load.reset();
  const startedMs = performance.now();
  let longest = 0;
  for (let done = 0; done < count; done++) {
    const answer = await change.once(gateway);
    if (typeof answer === 'number') longest = Math.max(longest, answer);
  }
  await gateway.steady();
  const seconds = (performance.now() - startedMs) / 1_000;
  const { name, allowed } = change;
  return { name, count, seconds, allowed: allowed * count, tallies: gateway.load.tallies, longest };
}

export function inWords({ name, count, seconds, tallies, longest }: Measured): string {
  const time = `in ${seconds.toFixed(0)} s${longest > 0 ? `, the longest ${longest.toFixed(0)} ms` : ''}`;
  const lines = tallies.map(({ name: protocol, answered, failed, failures }) => {
    const row = `  ${protocol.padEnd(28)} ${String(answered).padStart(8)} answered ${String(failed).padStart(4)} lost`;
    return [row, ...failures.map((failure) => `    ${failure}`)].join('\n');
  });
  return [`${String(count)} ${name} ${time}`, ...lines].join('\n');
}
