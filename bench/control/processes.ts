/** The real controller and the real proxy as processes of this machine, following the same API server. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, copyFileSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
const STOP_LIMIT_MS = 20_000;

/** Compiles Sluice as its image has it: types are stripped once, not by each process. */
export function build(cache: string): string {
  const folder = join(cache, 'build');
  mkdirSync(folder, { recursive: true });
  copyFileSync(join(REPOSITORY, 'package.json'), join(folder, 'package.json'));
  const tsc = join(REPOSITORY, 'node_modules', '.bin', 'tsc');
  execFileSync(tsc, ['-p', join(REPOSITORY, 'tsconfig.build.json'), '--outDir', join(folder, 'dist')]);
  return join(folder, 'dist', 'cli', 'main.js');
}

export interface BenchProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

interface Start {
  /** Compiled entry of the CLI. */
  readonly sluice: string;
  readonly name: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Its output goes to `NAME.log` in `folder`. */
async function start({ sluice, name, args, folder, env = {} }: Start): Promise<BenchProcess> {
  const file = openSync(join(folder, `${name}.log`), 'w');
  const child = spawn(process.execPath, [...nodeFlags(), sluice, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', file, file],
  });
  closeSync(file);
  await once(child, 'spawn');
  return { pid: child.pid ?? 0, stop: () => stop(child) };
}

/** For profiles: `SLUICE_BENCH_NODE_FLAGS="--cpu-prof"`. */
const nodeFlags = (): readonly string[] =>
  (process.env['SLUICE_BENCH_NODE_FLAGS'] ?? '').split(' ').filter((flag) => flag !== '');

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
  await ended;
  clearTimeout(timer);
}

export interface ControllerSetup {
  readonly sluice: string;
  readonly folder: string;
  readonly kubeconfig: string;
  readonly configPort: number;
  readonly probePort: number;
  readonly namespaces: readonly string[];
}

export const startController = (setup: ControllerSetup): Promise<BenchProcess> =>
  start({
    sluice: setup.sluice,
    name: 'controller',
    folder: setup.folder,
    // NODE_OPTIONS as the chart has it.
    env: {
      NODE_OPTIONS: '--max-semi-space-size=8',
      POD_NAMESPACE: setup.namespaces[0] ?? 'default',
      POD_NAME: 'bench',
    },
    args: [
      'controller',
      '--service=localhost',
      '--proxy-image=sluice:bench',
      `--config-port=${setup.configPort}`,
      `--probe-port=${setup.probePort}`,
      `--kubeconfig=${setup.kubeconfig}`,
      ...setup.namespaces.map((name) => `--namespaces=${name}`),
    ],
  });

export interface ProxySetup {
  readonly sluice: string;
  readonly folder: string;
  /** `namespace/name`. */
  readonly gateway: string;
  readonly configPort: number;
  readonly probePort: number;
  /** What listener port 80 is bound to. */
  readonly port: number;
  /** As the kubelet would mount it. */
  readonly identity: Readonly<Record<string, string>>;
}

export function startProxy(setup: ProxySetup): Promise<BenchProcess> {
  const { folder } = setup;
  for (const name of ['identity', 'state']) mkdirSync(join(folder, name), { recursive: true });
  for (const [file, base64] of Object.entries(setup.identity)) {
    writeFileSync(join(folder, 'identity', file), Buffer.from(base64, 'base64'));
  }
  return start({
    sluice: setup.sluice,
    name: 'proxy',
    folder,
    // As its pod has it (infrastructure/kubernetes/pod.ts).
    env: { MALLOC_MMAP_THRESHOLD_: '16384', MALLOC_TRIM_THRESHOLD_: '131072' },
    args: [
      'proxy',
      `--gateway=${setup.gateway}`,
      `--controller=localhost:${setup.configPort}`,
      `--identity=${join(folder, 'identity')}`,
      `--state=${join(folder, 'state')}`,
      `--probes=127.0.0.1:${setup.probePort}`,
      `--map=80=${setup.port}`,
      '--workers=1',
      '--drain=1',
      '--access-log=off',
    ],
  });
}
