/** HTTP/1.1 on both sides, cleartext, keep-alive unless said otherwise. */
import { holdConnections } from '../load/idle.ts';
import { BROWSER_GETS, CLOSING_GET, fileGet, SMALL_GET } from '../load/requests.ts';
import { runWrk, type LoadResult } from '../load/wrk.ts';
import { connectionsPossible } from '../measure/open-files.ts';
import { cpuOfTree, memoryOfTree } from '../measure/process-tree.ts';
import { CATCH_ALL, THOUSAND_HOSTS } from '../routing-table.ts';
import type { Running } from '../peers/running.ts';
import type { LoadContext, Sample, Scenario } from './scenario.ts';

const MIB = 1024 * 1024;
const IDLE_CONNECTIONS = connectionsPossible(10_000);

interface Load {
  readonly connections: number;
  readonly requests: readonly string[];
  /** How much was done, in the unit of the scenario. */
  readonly amount: (result: LoadResult) => number;
}

const perRequest = (result: LoadResult): number => result.requests;
const perMebibyte = (result: LoadResult): number => result.bytes / MIB;

/** CPU microseconds of the proxy's process tree for one unit of work. */
function cpuUnder({ connections, requests, amount }: Load): Scenario['measure'] {
  return async (proxy, { wrk, seconds, folder }) => {
    const before = cpuOfTree(proxy.pid);
    const result = await runWrk(wrk, { port: proxy.port, connections, seconds, requests }, folder);
    const after = cpuOfTree(proxy.pid);
    const units = amount(result);
    const user = (after.userUs - before.userUs) / units;
    const system = (after.systemUs - before.systemUs) / units;
    return { value: user + system, user, system };
  };
}

const totalKib = (proxy: Running): number =>
  memoryOfTree(proxy.pid).reduce((sum, { rssKib }) => sum + rssKib, 0);

/** Growth of resident memory by idle connections that have each carried one request. */
async function idleConnectionKib(proxy: Running, { wrk, folder }: LoadContext): Promise<Sample> {
  await runWrk(wrk, { port: proxy.port, connections: 50, seconds: 1, requests: [SMALL_GET] }, folder);
  const before = totalKib(proxy);
  const held = await holdConnections(proxy.port, IDLE_CONNECTIONS);
  const value = (totalKib(proxy) - before) / IDLE_CONNECTIONS;
  const open = held.stillOpen();
  await held.close();
  if (open < IDLE_CONNECTIONS) throw new Error(`only ${open} of ${IDLE_CONNECTIONS} stayed open`);
  return { value };
}

/** The largest process without children, at rest and before any request. */
function idleWorkerMib(proxy: Running): Promise<Sample> {
  const workers = memoryOfTree(proxy.pid).filter(({ leaf }) => leaf);
  const rss = workers.map(({ rssKib }) => rssKib);
  return Promise.resolve({ value: Math.max(...rss) / 1024 });
}

const cpuDefaults = { unit: 'µs', workers: 1, table: CATCH_ALL, rounds: null, warmUp: true } as const;

/** nginx a second time: how far apart equal things come out in this batch. */
const AGAIN = [{ label: 'nginx again', peer: 'nginx' }];

export const HTTP1_SCENARIOS: readonly Scenario[] = [
  {
    ...cpuDefaults,
    name: 'small-get',
    title: 'Small GET',
    conditions: 'CPU µs per request; 50 keep-alive connections, 80-byte request head, 120-byte answer',
    variants: AGAIN,
    goals: [
      { of: 'sluice', to: 'nginx', atMost: 1 },
      { of: 'sluice', to: 'envoy', atMost: 0.36 },
    ],
    measure: cpuUnder({ connections: 50, requests: [SMALL_GET], amount: perRequest }),
  },
  {
    ...cpuDefaults,
    name: 'thousand-hosts',
    title: '1,000 hosts × 5 rules, eleven request headers',
    conditions: 'CPU µs per request; 50 keep-alive connections, 1,000 different requests of about 650 bytes',
    table: THOUSAND_HOSTS,
    variants: AGAIN,
    goals: [
      { of: 'sluice', to: 'nginx', atMost: 0.8 },
      { of: 'sluice', to: 'envoy', atMost: 0.32 },
    ],
    measure: cpuUnder({ connections: 50, requests: BROWSER_GETS, amount: perRequest }),
  },
  {
    ...cpuDefaults,
    name: 'body-1m',
    title: '1 MiB bodies',
    conditions: 'CPU µs per MiB answered; 16 keep-alive connections',
    variants: AGAIN,
    goals: [{ of: 'sluice', to: 'nginx', atMost: 0.65 }],
    measure: cpuUnder({ connections: 16, requests: [fileGet('1m')], amount: perMebibyte }),
  },
  {
    ...cpuDefaults,
    name: 'body-100m',
    title: '100 MiB bodies',
    conditions: 'CPU µs per MiB answered; 4 keep-alive connections',
    variants: AGAIN,
    goals: [{ of: 'sluice', to: 'nginx', atMost: 0.65 }],
    measure: cpuUnder({ connections: 4, requests: [fileGet('100m')], amount: perMebibyte }),
  },
  {
    ...cpuDefaults,
    name: 'one-request-per-connection',
    title: 'One request per connection, two workers',
    conditions: 'CPU µs per request; 50 at once, `Connection: close`, two workers (threads) of each proxy',
    workers: 2,
    variants: AGAIN,
    goals: [{ of: 'sluice', to: 'nginx', atMost: 1.5 }],
    measure: cpuUnder({ connections: 50, requests: [CLOSING_GET], amount: perRequest }),
  },
  {
    ...cpuDefaults,
    name: 'access-log',
    title: 'Access log on',
    conditions:
      'CPU µs per request; the small GET with every request logged to a file, beside Sluice without',
    variants: [
      { label: 'sluice, log', peer: 'sluice', accessLog: true },
      { label: 'nginx, log', peer: 'nginx', accessLog: true },
      { label: 'haproxy, log', peer: 'haproxy', accessLog: true },
      { label: 'envoy, log', peer: 'envoy', accessLog: true },
    ],
    goals: [{ of: 'sluice, log', to: 'sluice', atMost: 1.04 }],
    measure: cpuUnder({ connections: 50, requests: [SMALL_GET], amount: perRequest }),
  },
  {
    name: 'idle-connection',
    title: 'Idle keep-alive connection',
    conditions: `KiB of resident memory each; ${IDLE_CONNECTIONS} connections that carried one request`,
    unit: 'KiB',
    workers: 1,
    table: CATCH_ALL,
    variants: [],
    rounds: 1,
    warmUp: false,
    goals: [{ of: 'sluice', to: null, atMost: 6 }],
    measure: idleConnectionKib,
  },
  {
    name: 'idle-worker',
    title: 'Idle worker',
    conditions: 'MiB of resident memory of a worker (a process that serves), before any request',
    unit: 'MiB',
    workers: 1,
    table: CATCH_ALL,
    variants: [],
    rounds: 1,
    warmUp: false,
    goals: [{ of: 'sluice', to: null, atMost: 90 }],
    measure: idleWorkerMib,
  },
];
