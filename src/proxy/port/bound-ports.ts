/** The bound ports. An update binds new ports, closes removed ones, and does not touch the others. */
import type { Logger } from '../../telemetry/logger.ts';
import { describeBindError } from '../net/bind-error.ts';
import { BoundPort } from './bound-port.ts';
import type { PortOptions, PortResult } from './port-options.ts';
import { bindServer, type PortServer, type PortServerDeps } from './port-server.ts';
import type { TlsStats } from './tls-stats.ts';
import type { CompiledPort, Runtime } from '../runtime/runtime.ts';

/** Grace period for clients of a removed port. */
const REMOVED_PORT_GRACE_MS = 30_000;

/** A port that could not be bound: attempted again with each update, and by `retry`. */
interface FailedBinding {
  readonly error: string;
}

export class BoundPorts {
  readonly #options: PortOptions;
  readonly #deps: PortServerDeps;
  readonly #logger: Logger;
  /** By address and number. */
  readonly #ports = new Map<string, BoundPort>();
  /** By key of the configured port, which includes the transport. */
  readonly #failed = new Map<string, FailedBinding>();
  #isClosed = false;
  /** Servers of ports that are no longer configured, until their last connection is closed. */
  readonly #leaving = new Set<PortServer>();

  constructor(options: PortOptions, deps: PortServerDeps, logger: Logger) {
    this.#options = options;
    this.#deps = deps;
    this.#logger = logger;
  }

  get #listening(): readonly PortServer[] {
    return [...this.#ports.values()].flatMap(({ servers }) => servers);
  }

  /** Servers that listen, and those that drain. */
  get servers(): readonly PortServer[] {
    return [...this.#listening, ...this.#leaving];
  }

  #serverOf(port: CompiledPort): PortServer | null {
    return this.#ports.get(BoundPort.keyOf(port))?.server(port.transport) ?? null;
  }

  /** Binds the ports of `runtime`, then switches all of them to it at once. */
  async update(runtime: Runtime): Promise<void> {
    const wanted = [...runtime.ports.values()];
    await Promise.all(wanted.map((port) => this.#bind(port)));
    for (const port of wanted) this.#serverOf(port)?.update(port);
    const removed = this.#listening.filter(({ port }) => !runtime.ports.has(port.key));
    for (const server of removed) this.#unbind(server);
    for (const key of this.#failed.keys()) if (!runtime.ports.has(key)) this.#failed.delete(key);
  }

  /** Whether a port of the last update could not be bound. */
  get hasFailed(): boolean {
    return this.#failed.size > 0;
  }

  /** Attempts to bind failed ports again; true if a port is bound now, or fails for another reason. */
  async retry(runtime: Runtime): Promise<boolean> {
    const before = new Map(this.#failed);
    const wanted = [...before.keys()].flatMap((key) => runtime.ports.get(key) ?? []);
    await Promise.all(wanted.map((port) => this.#bind(port)));
    return [...before].some(([key, { error }]) => this.#failed.get(key)?.error !== error);
  }

  async #bind(port: CompiledPort): Promise<void> {
    if (this.#isClosed || this.#serverOf(port) !== null) return;
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
      this.#add(port, await bindServer(port, options, this.#deps));
      if (this.#failed.delete(port.key))
        this.#logger.info('bound a port that could not be bound before', wanted);
    } catch (error) {
      this.#fail(port, describeBindError(wanted, error, null));
    }
  }

  #add(port: CompiledPort, server: PortServer): void {
    const key = BoundPort.keyOf(port);
    const bound = this.#ports.get(key) ?? new BoundPort();
    this.#ports.set(key, bound);
    bound.add(server);
  }

  /** Logged once, regardless of the number of attempts. */
  #fail(port: CompiledPort, error: string): void {
    if (this.#failed.get(port.key)?.error !== error) this.#logger.error(error);
    this.#failed.set(port.key, { error });
  }

  #unbind(server: PortServer): void {
    const key = BoundPort.keyOf(server.port);
    const bound = this.#ports.get(key);
    bound?.remove(server);
    if (bound?.isEmpty === true) this.#ports.delete(key);
    if (server.sharesSocket) {
      // The port must be free for a listener that is added again.
      void server.destroy();
      return;
    }
    this.#leaving.add(server);
    void this.#leave(server);
  }

  async #leave(server: PortServer): Promise<void> {
    await server.stopListening();
    await server.drain(REMOVED_PORT_GRACE_MS);
    await server.destroy();
    this.#leaving.delete(server);
  }

  /** For each data plane, which of its ports are bound, and why the others are not. */
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
      boundPort: this.#serverOf(port)?.boundPort ?? null,
      error: this.#failed.get(port.key)?.error ?? null,
    }));
  }

  /** A port that several Gateways share is reported with the first of them. */
  tlsStats(): readonly TlsStats[] {
    return this.servers.flatMap(({ tls, port }): TlsStats[] => {
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
    await Promise.all(this.#listening.map((server) => server.stopListening()));
    await Promise.all(this.servers.map((server) => server.drain(deadlineMs)));
  }

  async stop(): Promise<void> {
    this.#isClosed = true;
    const closing = this.servers.map((server) => server.destroy());
    this.#ports.clear();
    this.#leaving.clear();
    await Promise.all(closing);
  }
}
