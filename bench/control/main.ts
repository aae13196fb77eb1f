/**
 * `npm run bench -- control`: what the control plane costs. The real controller and one real proxy follow an API server: one of this
 * process (figures of the controller alone), or that of a kubeconfig. From nothing to all routes served, then one change at a time.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { KubeClient } from '../../src/kubeapi/client.ts';
import { loadApiServer } from '../../src/kubeapi/kube-config.ts';
import { startCluster } from '../../test/support/kube-cluster.ts';
import { cpuOfTree, memoryOfTree } from '../measure/process-tree.ts';
import { median } from '../measure/statistics.ts';
import { freePort } from '../peers/running.ts';
import {
  createAll,
  deleteAll,
  GATEWAY,
  hostnameOf,
  list,
  NAMESPACE,
  patch,
  routeObject,
  sliceObject,
  until,
} from './cluster-objects.ts';
import { build, startController, startProxy, type BenchProcess } from './processes.ts';
import { startBackend, TrafficProbe } from './traffic.ts';

const USAGE = `npm run bench -- control [options]

  --routes N,…        how many HTTPRoutes (default 1000,5000)
  --changes N         single changes to measure (default 50)
  --kubeconfig FILE   a real cluster with the CRDs of the Gateway API and no other Sluice; its namespace "${NAMESPACE}" is
                      created and deleted. Without it, an API server of this process serves.
`;

interface Options {
  readonly changes: number;
  readonly kubeconfig: string | null;
  readonly folder: string;
  readonly sluice: string;
}

export async function benchControl(args: readonly string[], cache: string): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      routes: { type: 'string', default: '1000,5000' },
      changes: { type: 'string', default: '50' },
      kubeconfig: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const counts = values.routes.split(',').map(Number);
  const changes = Number(values.changes);
  if (values.help || !counts.every((count) => count >= 1) || !(changes >= 1)) {
    console.error(USAGE);
    return 2;
  }
  mkdirSync(cache, { recursive: true });
  const sluice = build(cache);
  for (const routes of counts) {
    const folder = mkdtempSync(join(cache, 'control-'));
    const rows = await measure(routes, { changes, kubeconfig: values.kubeconfig ?? null, folder, sluice });
    if (process.env['SLUICE_BENCH_KEEP'] === undefined) rmSync(folder, { recursive: true });
    console.log(`\n#### ${routes.toLocaleString('en')} HTTPRoutes\n\n| | |\n| --- | ---: |`);
    for (const { what, value, unit, digits } of rows) {
      console.log(`| ${what} | ${value.toFixed(digits)} ${unit} |`);
    }
    console.log(routes === GOAL_ROUTES ? `\n${goalLines(rows)}` : '');
  }
  return 0;
}

/** Goals are set for this many. */
const GOAL_ROUTES = 5_000;

interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: 's' | 'ms' | 'MiB';
  readonly digits: number;
  /** Not to be above. */
  readonly goal?: number;
}

const goalLines = (rows: readonly Row[]): string =>
  rows
    .flatMap(({ what, value, unit, digits, goal }) => {
      if (goal === undefined) return [];
      const verdict = value <= goal ? 'reached' : '**not reached**';
      return `- Goal: ${what.replace(/^- /, '')} ≤ ${goal} ${unit}: ${value.toFixed(digits)}, ${verdict}`;
    })
    .join('\n');

async function measure(routes: number, options: Options): Promise<readonly Row[]> {
  const { folder, sluice } = options;
  const fake = options.kubeconfig === null ? await startCluster() : null;
  const kubeconfig = options.kubeconfig ?? writeKubeconfig(folder, fake?.api.url ?? null);
  const client = new KubeClient(loadApiServer({}, kubeconfig));
  const host = fake === null ? outwardAddress() : '127.0.0.1';
  const backends = [await startBackend('one', host), await startBackend('two', host)] as const;
  const running: BenchProcess[] = [];
  try {
    await createAll(client, routes, { address: host, port: backends[0].port });
    const bed = await startBed(client, { folder, sluice, kubeconfig, running });
    const cold = await measureCold(client, bed, routes);
    const changed = await measureRouteChanges(client, bed, { routes, changes: options.changes });
    const moved = await measureEndpointChanges(client, bed, {
      routes,
      changes: options.changes,
      targets: backends.map(({ port }) => ({ address: host, port })),
    });
    return [...cold, ...changed, ...moved, ...memoryRows(bed)];
  } finally {
    for (const one of running.toReversed()) await one.stop();
    if (fake === null) await deleteAll(client);
    client.close();
    await fake?.api.stop();
    for (const backend of backends) backend.close();
  }
}

interface Bed {
  readonly startedMs: number;
  readonly controller: BenchProcess;
  readonly proxy: BenchProcess;
  readonly probe: TrafficProbe;
}

async function startBed(
  client: KubeClient,
  setup: Pick<Options, 'folder' | 'sluice'> & {
    readonly kubeconfig: string;
    readonly running: BenchProcess[];
  },
): Promise<Bed> {
  const { folder, sluice, kubeconfig, running } = setup;
  const [configPort, controllerProbes, proxyProbes, port] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const startedMs = performance.now();
  const namespaces = [NAMESPACE];
  const controller = await startController({
    sluice,
    folder,
    kubeconfig,
    configPort,
    probePort: controllerProbes,
    namespaces,
  });
  running.push(controller);
  let identity: Readonly<Record<string, string>> = {};
  await until('the identity of the proxies', async () => {
    const secrets = (await list(client, 'secrets')) as readonly { data?: Record<string, string> }[];
    const found = secrets.find((secret) => JSON.stringify(secret).includes(`sluice-${GATEWAY}-`));
    identity = found?.data ?? {};
    return found !== undefined;
  });
  const gateway = `${NAMESPACE}/${GATEWAY}`;
  const proxy = await startProxy({
    sluice,
    folder,
    gateway,
    configPort,
    probePort: proxyProbes,
    port,
    identity,
  });
  running.push(proxy);
  return { startedMs, controller, proxy, probe: new TrafficProbe(port) };
}

const cpuMsOf = ({ pid }: BenchProcess): number => {
  const { userUs, systemUs } = cpuOfTree(pid);
  return (userUs + systemUs) / 1000;
};

async function measureCold(client: KubeClient, bed: Bed, routes: number): Promise<readonly Row[]> {
  await bed.probe.until(hostnameOf(routes - 1), 'one', 120_000);
  const servedMs = performance.now() - bed.startedMs;
  const servedCpuMs = cpuMsOf(bed.controller);
  await until('all routes to be Accepted', async () =>
    (await list(client, 'httpRoutes')).every((route) => JSON.stringify(route).includes('"Accepted"')),
  );
  const acceptedMs = performance.now() - bed.startedMs;
  await delay(500);
  const seconds = (what: string, ms: number): Row => ({ what, value: ms / 1000, unit: 's', digits: 2 });
  return [
    seconds('start of the controller to the last route served', servedMs),
    { ...seconds('- CPU of the controller to the last route served', servedCpuMs), goal: 2 },
    seconds('start of the controller to all routes Accepted', acceptedMs),
    seconds('- CPU of the controller to all routes Accepted', cpuMsOf(bed.controller)),
  ];
}

interface Changes {
  readonly routes: number;
  readonly changes: number;
}

async function measureRouteChanges(
  client: KubeClient,
  { controller, proxy, probe }: Bed,
  { routes, changes }: Changes,
): Promise<readonly Row[]> {
  const before = [cpuMsOf(controller), cpuMsOf(proxy)] as const;
  const waits: number[] = [];
  for (let change = 1; change <= changes; change += 1) {
    const index = (change * 7919) % routes;
    const startedMs = performance.now();
    await patch(client, 'httpRoutes', `route-${index}`, routeObject(index, change));
    await probe.until(hostnameOf(index, change), 'one');
    waits.push(performance.now() - startedMs);
    await delay(100);
  }
  return changeRows({ what: 'route', p99Ms: 100, controllerMs: 10 }, waits, [
    (cpuMsOf(controller) - before[0]) / changes,
    (cpuMsOf(proxy) - before[1]) / changes,
  ]);
}

async function measureEndpointChanges(
  client: KubeClient,
  { controller, proxy, probe }: Bed,
  setup: Changes & { readonly targets: readonly { readonly address: string; readonly port: number }[] },
): Promise<readonly Row[]> {
  const { routes, changes, targets } = setup;
  // One route that the changes before did not touch, or its last name.
  const index = 0;
  const touched = Array.from({ length: changes }, (_, at) => at + 1).findLast(
    (at) => (at * 7919) % routes === index,
  );
  const hostname = hostnameOf(index, touched ?? 0);
  const before = [cpuMsOf(controller), cpuMsOf(proxy)] as const;
  const waits: number[] = [];
  for (let change = 1; change <= changes; change += 1) {
    const target = targets[change % 2];
    if (target === undefined) throw new Error('two backends are needed');
    const startedMs = performance.now();
    await patch(client, 'endpointSlices', `service-${index}-1`, sliceObject(index, target));
    await probe.until(hostname, change % 2 === 0 ? 'one' : 'two');
    waits.push(performance.now() - startedMs);
    await delay(100);
  }
  return changeRows({ what: 'EndpointSlice', p99Ms: 50 }, waits, [
    (cpuMsOf(controller) - before[0]) / changes,
    (cpuMsOf(proxy) - before[1]) / changes,
  ]);
}

/** What was changed, and the goals for it. */
interface ChangeGoals {
  readonly what: string;
  readonly p99Ms: number;
  readonly controllerMs?: number;
}

function changeRows(
  { what, p99Ms, controllerMs: goal }: ChangeGoals,
  waits: readonly number[],
  [controllerMs, proxyMs]: readonly [number, number],
): readonly Row[] {
  const sorted = waits.toSorted((a, b) => a - b);
  const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? Number.NaN;
  const row = (text: string, value: number): Row => ({ what: text, value, unit: 'ms', digits: 1 });
  return [
    row(`one ${what} changed to traffic following, p50`, median(waits)),
    { ...row(`one ${what} changed to traffic following, p99`, p99), goal: p99Ms },
    {
      ...row(`- CPU of the controller, each ${what}`, controllerMs),
      ...(goal === undefined ? {} : { goal }),
    },
    row(`- CPU of the proxy, each ${what} (requests included)`, proxyMs),
  ];
}

function memoryRows({ controller, proxy }: Bed): readonly Row[] {
  const row = (what: string, { pid }: BenchProcess, goal: number): Row => {
    const kib = memoryOfTree(pid).reduce((sum, { pssKib }) => sum + pssKib, 0);
    return { what, value: kib / 1024, unit: 'MiB', digits: 0, goal };
  };
  return [
    row('memory of the controller', controller, 200),
    row('memory of the proxy: supervisor and one worker', proxy, 150),
  ];
}

function writeKubeconfig(folder: string, url: URL | null): string {
  if (url === null) throw new Error('no API server');
  const file = join(folder, 'kubeconfig.yaml');
  const config = {
    'current-context': 'bench',
    contexts: [{ name: 'bench', context: { cluster: 'bench', user: '' } }],
    clusters: [{ name: 'bench', cluster: { server: url.href } }],
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

/** EndpointSlices must not name loopback addresses. */
function outwardAddress(): string {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const found = all.find(({ internal, family }) => !internal && family === 'IPv4');
  if (found === undefined) throw new Error('this machine has no address but loopback');
  return found.address;
}
