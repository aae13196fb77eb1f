/** What scenarios of CPU time have in common: the process tree's time before and after a load, divided by what was done. */
import { runWrk, type LoadResult } from '../load/wrk.ts';
import { cpuOfTree } from '../measure/process-tree.ts';
import type { Running } from '../peers/running.ts';
import { CATCH_ALL } from '../routing-table.ts';
import type { HttpService } from '../service.ts';
import type { LoadContext, Scenario, Variant } from './scenario.ts';

/** Loads the proxy and answers how much was done, in the unit of the scenario. */
type Load = (proxy: Running, context: LoadContext) => Promise<number>;

/** CPU microseconds of the proxy's process tree for one unit of work. */
export function cpuUnder(load: Load): Scenario['measure'] {
  return async (proxy, context) => {
    const before = cpuOfTree(proxy.pid);
    const units = await load(proxy, context);
    const after = cpuOfTree(proxy.pid);
    const user = (after.userUs - before.userUs) / units;
    const system = (after.systemUs - before.systemUs) / units;
    return { value: user + system, user, system };
  };
}

export const perRequest = (result: LoadResult): number => result.requests;
export const perMebibyte = (result: LoadResult): number => result.bytes / (1024 * 1024);

interface Http1Load {
  readonly connections: number;
  readonly requests: readonly string[];
  readonly tls?: boolean;
  readonly amount: (result: LoadResult) => number;
}

/** The load of wrk. */
export const http1Load =
  ({ connections, requests, tls = false, amount }: Http1Load): Load =>
  async ({ port }, { wrk, seconds, folder }) =>
    amount(await runWrk(wrk, { port, tls, connections, seconds, requests }, folder));

/** Cleartext HTTP/1.1 to one backend. */
export const PLAIN_HTTP: HttpService = {
  kind: 'http',
  table: CATCH_ALL,
  downstream: 'http1',
  tls: false,
  application: 'http',
};

export const CPU_DEFAULTS = {
  unit: 'µs',
  workers: 1,
  service: PLAIN_HTTP,
  rounds: null,
  warmUp: true,
} as const;

/** A peer a second time: how far apart equal things come out in this batch. */
export const again = (peer: string): Variant[] => [{ label: `${peer} again`, peer }];
