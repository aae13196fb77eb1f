/**
 * `npm run bench -- control`: what the control plane costs. The real controller and one real proxy follow an API server: one of this
 * process (figures of the controller alone), or that of a kubeconfig. From nothing to all routes served, then one change at a time.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { KubeClient } from '../../src/kubeapi/client.ts';
import { loadApiServer } from '../../src/kubeapi/kube-config.ts';
import { startCluster } from '../../test/support/kube-cluster.ts';
import { freePort } from '../peers/running.ts';
import { createFrame, deleteAll, GATEWAY, list, NAMESPACE, until } from './cluster-objects.ts';
import {
  measureApply,
  measureCold,
  measureEndpointChanges,
  measureRouteChanges,
  memoryRows,
  type Bed,
  type Row,
} from './phases.ts';
import { benchInRealCluster } from './real-cluster.ts';
import { build, startController, startProxy, type BenchProcess } from './processes.ts';
import { startBackend, TrafficProbe } from './traffic.ts';

const USAGE = `npm run bench -- control [options]

  --routes N,…        how many HTTPRoutes (default 1000,5000)
  --changes N         single changes to measure (default 50)
  --kubeconfig FILE   a real cluster with the CRDs of the Gateway API and no other Sluice; its namespace "${NAMESPACE}" is
                      created and deleted. Without it, an API server of this process serves.
  --cluster           the test cluster (CONTRIBUTING.md), started and ended by this; its Services have addresses for 4,000 routes
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
      cluster: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  const counts = values.routes.split(',').map(Number);
  const changes = Number(values.changes);
  if (values.help || !counts.every((count) => count >= 1) || !(changes >= 1)) {
    console.error(USAGE);
    return 2;
  }
  if (values.cluster) return benchInRealCluster(args.filter((word) => word !== '--cluster'));
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
  const apiServer = loadApiServer({}, kubeconfig);
  if (!apiServer.ok) throw new Error(apiServer.failure);
  const client = new KubeClient(apiServer.value);
  const host = fake === null ? outwardAddress() : '127.0.0.1';
  const backends = [await startBackend('one', host), await startBackend('two', host)] as const;
  const running: BenchProcess[] = [];
  try {
    const target = { address: host, port: backends[0].port };
    const setup = { sluice, kubeconfig, running };
    await createFrame(client);
    const first = await startBed(client, { ...setup, folder: join(folder, 'apply') });
    const applied = await measureApply(client, first, { routes, target });
    await stopAll(running);
    const bed = await startBed(client, { ...setup, folder: join(folder, 'cold') });
    const cold = await measureCold(client, bed, routes);
    const changed = await measureRouteChanges(client, bed, { routes, changes: options.changes });
    const moved = await measureEndpointChanges(client, bed, {
      routes,
      changes: options.changes,
      targets: backends.map(({ port }) => ({ address: host, port })),
    });
    return [...applied, ...cold, ...changed, ...moved, ...memoryRows(bed)];
  } finally {
    await stopAll(running);
    if (fake === null) await deleteAll(client);
    client.close();
    await fake?.api.stop();
    for (const backend of backends) backend.close();
  }
}

/** The proxy first, which is the last that began. */
async function stopAll(running: BenchProcess[]): Promise<void> {
  for (const one of running.splice(0).toReversed()) await one.stop();
}

async function startBed(
  client: KubeClient,
  setup: Pick<Options, 'folder' | 'sluice'> & {
    readonly kubeconfig: string;
    readonly running: BenchProcess[];
  },
): Promise<Bed> {
  const { folder, sluice, kubeconfig, running } = setup;
  mkdirSync(folder, { recursive: true });
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
