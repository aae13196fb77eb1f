/** A real gateway with backends of every protocol under steady load, and what can be done to it meanwhile. */
import { createScene, type Scene, type SceneService } from '../support/scene.ts';
import { startSluice, type SluiceProcess } from '../support/sluice-process.ts';
import { startGrpc, startTcp, startWeb, type LeavingBackend } from './backends.ts';
import { clientsOf } from './clients.ts';
import { Load } from './load.ts';

const WORKERS = 2;
/** Longer than any connection of the load lives. */
const DRAIN_SECONDS = 10;
const POLL_MS = 10;
/** Answers of each protocol before and after a change. */
const STEADY = 20;

async function waitUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

type Backends = Record<'web' | 'grpc' | 'tcp', LeavingBackend>;

const START: Readonly<Record<keyof Backends, (name: string) => Promise<LeavingBackend>>> = {
  web: startWeb,
  grpc: startGrpc,
  tcp: startTcp,
};

export class LoadedGateway {
  readonly #scene: Scene;
  readonly #backends: Backends;
  readonly load: Load;
  #sluice: SluiceProcess;
  #ports: ReadonlyMap<number, number>;
  /** Of the last answer over HTTP/1.1. */
  #seen: { swap: string; backend: string } = { swap: '', backend: '' };
  #generation = 0;

  private constructor(scene: Scene, backends: Backends, sluice: SluiceProcess) {
    this.#scene = scene;
    this.#backends = backends;
    this.#sluice = sluice;
    this.#ports = new Map([80, 443, 8443, 9000].map((port) => [port, sluice.port(port)]));
    const target = {
      port: (listener: number) => this.#ports.get(listener) ?? 0,
      ca: scene.ca,
      onAnswer: ({ swap = '', backend = '' }: Readonly<Record<string, unknown>>) => {
        this.#seen = { swap: String(swap), backend: String(backend) };
      },
    };
    this.load = new Load(clientsOf(target));
  }

  static async start(): Promise<LoadedGateway> {
    const [web, grpc, tcp] = await Promise.all([startWeb('0'), startGrpc(), startTcp()]);
    const backends = { web, grpc, tcp };
    const scene = await createScene({
      backends: { web: [web.port], grpc: [grpc.port], tcp: [tcp.port] },
    });
    const sluice = await startSluice({ paths: [scene.folder], args: ARGS, workers: WORKERS });
    const loaded = new LoadedGateway(scene, backends, sluice);
    await loaded.steady();
    return loaded;
  }

  /** Resolves when each protocol has had some more answers. */
  async steady(): Promise<void> {
    await this.load.answers(STEADY);
  }

  /** Applies a new configuration; resolves when it is active. */
  async swap(): Promise<void> {
    const swap = String(++this.#generation);
    this.#scene.route({
      filters: [
        { type: 'ResponseHeaderModifier', responseHeaderModifier: { set: [{ name: 'swap', value: swap }] } },
      ],
    });
    await waitUntil(() => this.#seen.swap === swap);
  }

  /** A new certificate; resolves when some more handshakes have been made. */
  async rotate(): Promise<void> {
    await this.#scene.rotate();
    await this.load.answers(3);
  }

  /** Replaces all endpoints; the old ones stop once they receive no more requests. */
  async replaceEndpoints(): Promise<void> {
    const name = String(++this.#generation);
    for (const service of Object.keys(START) as (keyof Backends)[]) {
      const old = this.#backends[service];
      this.#backends[service] = await START[service](name);
      this.#scene.endpoints(service satisfies SceneService, [this.#backends[service].port]);
      // Like a pod, the old endpoint stops when it receives no more requests: both workers use the new one.
      await this.#backends[service].reached;
      await this.#sluice.until(({ workers }) => workers.serving === WORKERS);
      if (service === 'web') await waitUntil(() => this.#seen.backend === name);
      await old.leave();
    }
  }

  /** Kills a worker as hard as can be; resolves with the milliseconds until its successor serves. */
  async killWorker(): Promise<number> {
    const [pid] = (await this.#sluice.status()).workers.pids;
    if (pid === undefined) throw new Error('there is no worker');
    const killedMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await this.#sluice.until(
      ({ workers }) =>
        !workers.pids.includes(pid) && workers.pids.length === WORKERS && workers.serving === WORKERS,
    );
    return performance.now() - killedMs;
  }

  /** A successor in the place of the whole gateway; resolves when the old one has ended. */
  async takeOver(): Promise<void> {
    const maps = [...this.#ports].map(([from, to]) => `--map=${String(from)}=${String(to)}`);
    const before = this.#sluice;
    this.#sluice = await startSluice({
      paths: [this.#scene.folder],
      args: [...ARGS, ...maps, '--takeover', String(before.pid)],
      workers: WORKERS,
    });
    const { code } = await before.exited;
    if (code !== 0) throw new Error(`the predecessor ended with ${String(code)}: ${before.output().stderr}`);
  }

  async stop(): Promise<void> {
    await this.load.stop();
    await this.#sluice.stop();
    await Promise.all(Object.values(this.#backends).map((backend) => backend.leave()));
    this.#scene.remove();
  }
}

const ARGS = ['--log-level', 'error', '--drain', String(DRAIN_SECONDS)];
