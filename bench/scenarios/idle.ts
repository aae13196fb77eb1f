/** Memory at rest: of a worker, and of connections that have carried one request. */
import { runH2Load } from '../load/h2load.ts';
import { holdConnections, type IdleProtocol } from '../load/idle.ts';
import { SMALL_GET } from '../load/requests.ts';
import { runWrk } from '../load/wrk.ts';
import { connectionsPossible } from '../measure/open-files.ts';
import { memoryOfTree } from '../measure/process-tree.ts';
import type { Running } from '../peers/running.ts';
import { PLAIN_HTTP } from './cpu-scenario.ts';
import { HTTP2_GETS } from './http2.ts';
import type { LoadContext, Sample, Scenario } from './scenario.ts';

const totalKib = (proxy: Running): number =>
  memoryOfTree(proxy.pid).reduce((sum, { rssKib }) => sum + rssKib, 0);

/** What a proxy makes once, for its first requests, is not the connections'. */
async function warmUp(protocol: IdleProtocol, { port }: Running, context: LoadContext): Promise<void> {
  const { wrk, h2load, folder } = context;
  const tls = protocol === 'tls';
  if (protocol === 'h2') await runH2Load(h2load, { ...HTTP2_GETS, port, tls, seconds: 1 }, folder);
  else await runWrk(wrk, { port, tls, connections: 50, seconds: 1, requests: [SMALL_GET] }, folder);
}

/** Growth of resident memory by idle connections that have each carried one request. */
const idleConnectionKib =
  (protocol: IdleProtocol) =>
  async (proxy: Running, context: LoadContext): Promise<Sample> => {
    const count = connectionsPossible(context.idleConnections);
    await warmUp(protocol, proxy, context);
    const before = totalKib(proxy);
    const held = await holdConnections(protocol, proxy.port, count);
    const value = (totalKib(proxy) - before) / count;
    const open = held.stillOpen();
    await held.close();
    if (open < count) throw new Error(`only ${open} of ${count} stayed open`);
    return { value };
  };

/** The largest process without children, at rest and before any request. */
function idleWorkerMib(proxy: Running): Promise<Sample> {
  const workers = memoryOfTree(proxy.pid).filter(({ leaf }) => leaf);
  const rss = workers.map(({ rssKib }) => rssKib);
  return Promise.resolve({ value: Math.max(...rss) / 1024 });
}

const AT_REST = {
  workers: 1,
  service: PLAIN_HTTP,
  variants: [],
  rounds: 1,
  warmUp: false,
} as const;

const conditions = ({ idleConnections }: LoadContext): string =>
  `KiB of resident memory each; ${connectionsPossible(idleConnections)} connections that carried one request`;

export const IDLE_SCENARIOS: readonly Scenario[] = [
  {
    ...AT_REST,
    name: 'idle-connection',
    title: 'Idle HTTP/1.1 connection',
    conditions,
    unit: 'KiB',
    goals: [{ of: 'sluice', to: null, atMost: 6 }],
    measure: idleConnectionKib('http1'),
  },
  {
    ...AT_REST,
    name: 'idle-h2',
    title: 'Idle HTTP/2 connection',
    conditions,
    unit: 'KiB',
    service: { ...PLAIN_HTTP, downstream: 'h2' },
    goals: [{ of: 'sluice', to: null, atMost: 10 }],
    measure: idleConnectionKib('h2'),
  },
  {
    ...AT_REST,
    name: 'idle-tls',
    title: 'Idle HTTP/1.1 connection over TLS',
    conditions,
    unit: 'KiB',
    service: { ...PLAIN_HTTP, tls: true },
    goals: [{ of: 'sluice', to: null, atMost: 40 }],
    measure: idleConnectionKib('tls'),
  },
  {
    ...AT_REST,
    name: 'idle-worker',
    title: 'Idle worker',
    conditions: 'MiB of resident memory of a worker (a process that serves), before any request',
    unit: 'MiB',
    goals: [{ of: 'sluice', to: null, atMost: 90 }],
    measure: idleWorkerMib,
  },
];
