/** The endpoints, in a process of their own: what they do is not in the way of the clients, and ends with it. */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { H2Endpoint } from './h2-endpoint.ts';
import type { Mode, Scenario } from './scenarios.ts';
import { watchStalls, type Stall } from './stalls.ts';
import type { Endpoint } from './endpoint.ts';
import { WebEndpoint } from './web-endpoint.ts';

/** Where an endpoint is. Each has an address to itself, from which no connection goes out: a port that is let go stays free. */
export interface Place {
  readonly address: string;
  readonly port: number;
}

type Order =
  | { readonly order: number; readonly start: Scenario['protocol']; readonly address: string }
  | { readonly order: number; readonly at: string; readonly mode: Mode };

interface Done {
  readonly order: number;
  readonly port: number;
}

type Word = Done | Stall;

/** Set for the child, so that importing this starts nothing. */
const ROLE = 'SLUICE_SOAK_BACKENDS';

export class Backends {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, PromiseWithResolvers<Done>>();
  /** Of their process. */
  readonly stalls: Stall[] = [];
  #orders = 0;

  constructor() {
    this.#child = fork(fileURLToPath(import.meta.url), { env: { ...process.env, [ROLE]: '1' } });
    this.#child.on('message', (message) => {
      const done = message as Word;
      if ('fromMs' in done) {
        this.stalls.push(done);
        return;
      }
      this.#waiting.get(done.order)?.resolve(done);
      this.#waiting.delete(done.order);
    });
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the backends ended'));
    });
  }

  async start(protocol: Scenario['protocol']): Promise<Place> {
    const order = ++this.#orders;
    const address = `127.0.1.${String(order)}`;
    const { port } = await this.#tell({ order, start: protocol, address });
    return { address, port };
  }

  /** Resolves when it is active. */
  async set(place: Place, mode: Mode): Promise<void> {
    await this.#tell({ order: ++this.#orders, at: place.address, mode });
  }

  #tell(order: Order): Promise<Done> {
    const told = Promise.withResolvers<Done>();
    this.#waiting.set(order.order, told);
    if (this.#child.connected) this.#child.send(order);
    else told.reject(new Error('the backends are gone'));
    return told.promise;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exit;
  }
}

function serve(): void {
  const endpoints = new Map<string, Endpoint>();
  const carryOut = async (order: Order): Promise<Done> => {
    if ('start' in order) {
      const endpoint = await (order.start === 'h2' ? H2Endpoint : WebEndpoint).start(order.address);
      endpoints.set(order.address, endpoint);
      return { order: order.order, port: endpoint.port };
    }
    await endpoints.get(order.at)?.set(order.mode);
    return { order: order.order, port: 0 };
  };
  process.on('message', (order) => void carryOut(order as Order).then((done) => process.send?.(done)));
  watchStalls((stall) => process.send?.(stall));
  process.on('disconnect', () => process.exit());
}

if (process.env[ROLE] === '1') serve();
