/** A provider whose snapshots have an echo backend for every Service without endpoints. The echo runs in a separate process. */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { Provider } from '../provider/provider.ts';
import type { Logger } from '../telemetry/logger.ts';
import { echoKey, servicesWithoutEndpoints, withEchoEndpoints, type EchoTarget } from './echo-endpoints.ts';
import { StandIns } from './fill-stand-ins.ts';
import type { ListeningEchoes, WantedEchoes } from './echo-messages.ts';

/** This file is TypeScript in a checkout and JavaScript in a release; so is its neighbor. */
const ENTRY = fileURLToPath(new URL(`./process${import.meta.url.slice(-3)}`, import.meta.url));

export interface EchoOptions {
  readonly logger: Logger;
  /** The stand-ins, whenever resources change. */
  readonly onNotes: (notes: readonly string[]) => void;
}

export function withEcho(provider: Provider, { logger, onNotes }: EchoOptions): Provider {
  const echo = new EchoProcess(logger);
  const standIns = new StandIns();
  /** Snapshots wait for their backends one after the other; of the waiting ones, only the newest is kept. */
  let newest: ResourceSnapshot | null = null;
  let isBusy = false;

  const handOver = async (onSnapshot: (snapshot: ResourceSnapshot) => void): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    while (newest !== null) {
      const given = newest;
      newest = null;
      const { snapshot, notes } = await standIns.fill(given);
      onNotes(notes);
      const targets = servicesWithoutEndpoints(snapshot);
      const ports = await echo.serve(targets);
      onSnapshot(withEchoEndpoints(snapshot, targets, (target) => ports.get(echoKey(target)) ?? null));
    }
    isBusy = false;
  };
  return {
    start: ({ onFindings, onSnapshot }) =>
      provider.start({
        onFindings,
        onSnapshot(snapshot) {
          newest = snapshot;
          void handOver(onSnapshot);
        },
      }),
    writeStatus: (updates) => {
      provider.writeStatus(updates);
    },
    async close() {
      await provider.close();
      echo.end();
    },
  };
}

/** It only has to bind ports. */
const ANSWER_TIMEOUT_MS = 10_000;

class EchoProcess {
  readonly #logger: Logger;
  #child: ChildProcess | null = null;
  #isEnded = false;
  #ports: ReadonlyMap<string, number> = new Map();
  #wanted = '';
  #id = 0;
  #onPorts: ((ports: ReadonlyMap<string, number>) => void) | null = null;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#start();
  }

  /** Resolves with the port of every target's key; calls do not overlap. */
  serve(targets: readonly EchoTarget[]): Promise<ReadonlyMap<string, number>> {
    const backends = targets.map((target) => ({ key: echoKey(target), name: target.serviceName }));
    const wanted = JSON.stringify(backends);
    if (wanted === this.#wanted) return Promise.resolve(this.#ports);
    this.#wanted = wanted;
    const id = ++this.#id;
    return new Promise((resolve) => {
      // A hanging process has no backends either.
      const timer = setTimeout(() => {
        this.#logger.error('the echo process does not respond');
        resolve(new Map());
      }, ANSWER_TIMEOUT_MS);
      this.#onPorts = (ports) => {
        clearTimeout(timer);
        resolve(ports);
      };
      this.#child?.send({ id, backends } satisfies WantedEchoes, (error) => {
        // An ended process has no backends: the Services respond with 503, as without --echo.
        if (error !== null) this.#onPorts?.(new Map());
      });
    });
  }

  end(): void {
    this.#isEnded = true;
    this.#child?.disconnect();
  }

  #start(): void {
    const child = fork(ENTRY, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.#child = child;
    child.on('message', (message) => {
      const { id, ports } = message as ListeningEchoes;
      if (id !== this.#id) return;
      this.#ports = new Map(ports);
      this.#onPorts?.(this.#ports);
    });
    child.once('exit', (code) => {
      this.#child = null;
      this.#onPorts?.(new Map());
      if (!this.#isEnded) this.#logger.error('the echo process ended', { code });
    });
  }
}
