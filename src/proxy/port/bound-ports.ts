/** The sockets that listen, and what serves each. A swap binds what is new, closes what is gone, and leaves the others alone. */
import type { Logger } from '../../telemetry/logger.ts';
import { describeBindError } from '../net/bind-error.ts';
import { bindPort, type BoundPort, type BoundPortDeps } from './bound-port.ts';
import type { PortOptions, PortResult } from './port-options.ts';
import type { TlsStats } from './tls-stats.ts';
import type { CompiledPort, Runtime } from '../runtime/runtime.ts';

/** How long clients of a port that is no longer configured may finish what they have begun. */
const REMOVED_PORT_GRACE_MS = 30_000;

/** A port that could not be bound: tried again with each swap, and by `retry`. */
interface FailedBinding {
  readonly error: string;
}

export class BoundPorts {
  readonly #options: PortOptions;
  readonly #deps: BoundPortDeps;
  readonly #logger: Logger;
  readonly #bindings = new Map<string, BoundPort>();
  readonly #failed = new Map<string, FailedBinding>();
  #isClosed = false;
  /** Of ports that are gone, until their last connection is. */
  readonly #leaving = new Set<BoundPort>();

  constructor(options: PortOptions, deps: BoundPortDeps, logger: Logger) {
    this.#options = options;
    this.#deps = deps;
    this.#logger = logger;
  }

  /** Those that listen, and those that only finish what they have. */
  get all(): readonly BoundPort[] {
    return [...this.#bindings.values(), ...this.#leaving];
  }

  /** Binds the ports of `runtime`, then puts it in force on all of them in one go. */
  async swap(runtime: Runtime): Promise<void> {
    const wanted = [...runtime.ports.values()];
    await Promise.all(wanted.map((port) => this.#bind(port)));
    for (const port of wanted) {
      const binding = this.#bindings.get(port.key);
      if (binding !== undefined) binding.port = port;
    }
    const gone = [...this.#bindings.keys()].filter((key) => !runtime.ports.has(key));
    for (const key of gone) this.#unbind(key);
    for (const key of this.#failed.keys()) if (!runtime.ports.has(key)) this.#failed.delete(key);
  }

  /** Whether a port of the last swap could not be bound. */
  get hasFailed(): boolean {
    return this.#failed.size > 0;
  }

  /** Tries to bind what could not be bound; true when a port is bound now, or fails for another reason. */
  async retry(runtime: Runtime): Promise<boolean> {
    const before = new Map(this.#failed);
    const wanted = [...before.keys()].flatMap((key) => runtime.ports.get(key) ?? []);
    await Promise.all(wanted.map((port) => this.#bind(port)));
    return [...before].some(([key, { error }]) => this.#failed.get(key)?.error !== error);
  }

  async #bind(port: CompiledPort): Promise<void> {
    if (this.#isClosed || this.#bindings.has(port.key)) return;
    const { portMap, reusePort, claim } = this.#options;
    const number = portMap.get(port.number) ?? port.number;
    const wanted = { address: port.address, port: number, listenerPort: port.number };
    const refusal = await claim?.({ transport: port.transport, ...wanted });
    if (typeof refusal === 'string') {
      // Logged by the process that refused, once for all workers.
      this.#failed.set(port.key, { error: refusal });
      return;
    }
    try {
      const options = { address: port.address, port: number, reusePort };
      this.#bindings.set(port.key, await bindPort(port, options, this.#deps));
      if (this.#failed.delete(port.key))
        this.#logger.info('bound a port that could not be bound before', wanted);
    } catch (error) {
      this.#fail(port, describeBindError(wanted, error, null));
    }
  }

  /** Logged once, however often it is tried again. */
  #fail(port: CompiledPort, error: string): void {
    if (this.#failed.get(port.key)?.error !== error) this.#logger.error(error);
    this.#failed.set(port.key, { error });
  }

  #unbind(key: string): void {
    const binding = this.#bindings.get(key);
    if (binding === undefined) return;
    this.#bindings.delete(key);
    if (binding.port.transport === 'udp') {
      // Its socket is the port: it must be free for a listener that comes back.
      void binding.destroy();
      return;
    }
    this.#leaving.add(binding);
    void this.#leave(binding);
  }

  async #leave(binding: BoundPort): Promise<void> {
    await binding.stopListening();
    await binding.drain(REMOVED_PORT_GRACE_MS);
    await binding.destroy();
    this.#leaving.delete(binding);
  }

  /** What became of each data plane's ports. */
  results(runtime: Runtime): readonly PortResult[] {
    return [...runtime.ports.values()].flatMap((port) => this.#resultsOf(port));
  }

  #resultsOf(port: CompiledPort): PortResult[] {
    const dataPlanes = new Set(port.listeners.map(({ gateway }) => gateway.dataPlane));
    return [...dataPlanes].map((dataPlane) => ({
      dataPlane,
      transport: port.transport,
      port: port.number,
      address: port.address,
      boundPort: this.#bindings.get(port.key)?.boundPort ?? null,
      error: this.#failed.get(port.key)?.error ?? null,
    }));
  }

  /** A port that several Gateways share is reported with the first of them. */
  tlsStats(): readonly TlsStats[] {
    return this.all.flatMap(({ tls, port }): TlsStats[] => {
      const [first] = port.listeners;
      if (tls === null || !tls.isUsed || first === undefined) return [];
      const { handshakes, resumed, passedThrough, failures } = tls;
      const gateway = first.gateway.origin;
      return [{ gateway, port: port.number, handshakes, resumed, passedThrough, failures: { ...failures } }];
    });
  }

  /** Stops accepting and waits for the connections to end. */
  async drain(deadlineMs: number): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#bindings.values()].map((binding) => binding.stopListening()));
    await Promise.all(this.all.map((binding) => binding.drain(deadlineMs)));
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    const closing = this.all.map((binding) => binding.destroy());
    this.#bindings.clear();
    this.#leaving.clear();
    await Promise.all(closing);
  }
}
