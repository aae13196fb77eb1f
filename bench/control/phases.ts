/** What is measured of a controller and a proxy that run, one phase after the other. */
import { setTimeout as delay } from 'node:timers/promises';
import type { KubeClient } from '../../src/kubeapi/client.ts';
import { cpuOfTree, memoryOfTree, peakKibOf } from '../measure/process-tree.ts';
import { median } from '../measure/statistics.ts';
import {
  createAll,
  hostnameOf,
  list,
  patch,
  routeObject,
  sliceObject,
  until,
  type Target,
} from './cluster-objects.ts';
import type { BenchProcess } from './processes.ts';
import type { TrafficProbe } from './traffic.ts';

export interface Row {
  readonly what: string;
  readonly value: number;
  readonly unit: 's' | 'ms' | 'MiB';
  readonly digits: number;
  /** Not to be above. */
  readonly goal?: number;
}

export interface Bed {
  readonly startedMs: number;
  readonly controller: BenchProcess;
  readonly proxy: BenchProcess;
  readonly probe: TrafficProbe;
}

const cpuMsOf = ({ pid }: BenchProcess): number => {
  const { userUs, systemUs } = cpuOfTree(pid);
  return (userUs + systemUs) / 1000;
};

const seconds = (what: string, ms: number): Row => ({ what, value: ms / 1000, unit: 's', digits: 2 });

const allAccepted = (client: KubeClient): Promise<void> =>
  until('all routes to be Accepted', async () =>
    (await list(client, 'httpRoutes')).every((route) => JSON.stringify(route).includes('"Accepted"')),
  );

/** Everything is created while controller and proxy run, with nothing to serve before. */
export async function measureApply(
  client: KubeClient,
  { controller, probe }: Bed,
  { routes, target }: { readonly routes: number; readonly target: Target },
): Promise<readonly Row[]> {
  const startedMs = performance.now();
  const startedCpuMs = cpuMsOf(controller);
  const times = { applied: 0, served: 0, accepted: 0 };
  const sinceStart = (): number => performance.now() - startedMs;
  await Promise.all([
    (async () => {
      await createAll(client, routes, target);
      times.applied = sinceStart();
      await allAccepted(client);
      times.accepted = sinceStart();
    })(),
    (async () => {
      await probe.until(hostnameOf(routes - 1), 'one', 300_000);
      times.served = sinceStart();
    })(),
  ]);
  return [
    seconds('apply of all: the apply itself', times.applied),
    seconds('apply of all to the last route served', times.served),
    seconds('apply of all to all routes Accepted', times.accepted),
    seconds('- CPU of the controller', cpuMsOf(controller) - startedCpuMs),
    {
      what: '- peak resident memory of the controller',
      value: peakKibOf(controller.pid) / 1024,
      unit: 'MiB',
      digits: 0,
    },
  ];
}

export async function measureCold(client: KubeClient, bed: Bed, routes: number): Promise<readonly Row[]> {
  await bed.probe.until(hostnameOf(routes - 1), 'one', 120_000);
  const servedMs = performance.now() - bed.startedMs;
  const servedCpuMs = cpuMsOf(bed.controller);
  await allAccepted(client);
  const acceptedMs = performance.now() - bed.startedMs;
  await delay(500);
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

export async function measureRouteChanges(
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

export async function measureEndpointChanges(
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

export function memoryRows({ controller, proxy }: Bed): readonly Row[] {
  const row = (what: string, { pid }: BenchProcess, goal: number): Row => {
    const kib = memoryOfTree(pid).reduce((sum, { pssKib }) => sum + pssKib, 0);
    return { what, value: kib / 1024, unit: 'MiB', digits: 0, goal };
  };
  return [
    row('memory of the controller', controller, 200),
    row('memory of the proxy: supervisor and one worker', proxy, 150),
  ];
}
