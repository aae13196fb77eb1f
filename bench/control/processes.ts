/** The real controller and the real proxy as processes of this machine, following the same API server. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const SLUICE = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));
const STOP_LIMIT_MS = 20_000;

export interface BenchProcess {
  readonly pid: number;
  stop(): Promise<void>;
}

interface Start {
  readonly name: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Its output goes to `NAME.log` in `folder`. */
async function start({ name, args, folder, env = {} }: Start): Promise<BenchProcess> {
  const file = openSync(join(folder, `${name}.log`), 'w');
  const child = spawn(process.execPath, [...nodeFlags(), SLUICE, ...args], {
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
  readonly folder: string;
  readonly kubeconfig: string;
  readonly configPort: number;
  readonly probePort: number;
  readonly namespaces: readonly string[];
}

export const startController = (setup: ControllerSetup): Promise<BenchProcess> =>
  start({
    name: 'controller',
    folder: setup.folder,
    env: { POD_NAMESPACE: setup.namespaces[0] ?? 'default', POD_NAME: 'bench' },
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
    name: 'proxy',
    folder,
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
