/** The sockets that listen, and what serves each. A swap binds what is new, closes what is gone, and leaves the others alone. */
import type { Logger } from '../telemetry/logger.ts';
import { describeBindError } from './bind-error.ts';
import { HttpService, type HttpServiceDeps } from './http-service.ts';
import { TcpListener } from './listener/tcp.ts';
import type { PortResult, ProxyOptions } from './proxy-api.ts';
import type { CompiledPort, Runtime } from './runtime/runtime.ts';

/** How long clients of a port that is no longer configured may finish what they have begun. */
const REMOVED_PORT_GRACE_MS = 30_000;

interface Binding {
  readonly listener: TcpListener;
  readonly service: HttpService;
}

/** A port that could not be bound: tried again with each swap. */
interface FailedBinding {
  readonly error: string;
}

export class BoundPorts {
  readonly #options: ProxyOptions;
  readonly #deps: HttpServiceDeps;
  readonly #logger: Logger;
  readonly #bindings = new Map<string, Binding>();
  readonly #failed = new Map<string, FailedBinding>();
  /** Of ports that are gone, until their last connection is. */
  readonly #leaving = new Set<HttpService>();

  constructor(options: ProxyOptions, deps: HttpServiceDeps, logger: Logger) {
    this.#options = options;
    this.#deps = deps;
    this.#logger = logger;
  }

  get services(): readonly HttpService[] {
    return [...[...this.#bindings.values()].map(({ service }) => service), ...this.#leaving];
  }

  /** Binds the ports of `runtime`, then puts it in force on all of them in one go. */
  async swap(runtime: Runtime): Promise<void> {
    const wanted = [...runtime.ports.values()];
    await Promise.all(wanted.map((port) => this.#bind(port)));
    for (const port of wanted) {
      const binding = this.#bindings.get(port.key);
      if (binding !== undefined) binding.service.port = port;
    }
    const gone = [...this.#bindings.keys()].filter((key) => !runtime.ports.has(key));
    for (const key of gone) this.#unbind(key);
    for (const key of this.#failed.keys()) if (!runtime.ports.has(key)) this.#failed.delete(key);
  }

  async #bind(port: CompiledPort): Promise<void> {
    if (this.#bindings.has(port.key)) return;
    const { portMap, reusePort } = this.#options;
    const number = portMap.get(port.number) ?? port.number;
    const service = new HttpService(port, this.#deps);
    try {
      if (port.transport === 'udp') throw new Error('UDP listeners are not served yet');
      const listener = await TcpListener.listen(
        { address: port.address, port: number, reusePort },
        (socket) => service.accept(socket),
      );
      this.#bindings.set(port.key, { listener, service });
      this.#failed.delete(port.key);
    } catch (error) {
      const text = describeBindError(port.address, number, error);
      this.#failed.set(port.key, { error: text });
      this.#logger.error(text);
    }
  }

  #unbind(key: string): void {
    const binding = this.#bindings.get(key);
    if (binding === undefined) return;
    this.#bindings.delete(key);
    const { listener, service } = binding;
    this.#leaving.add(service);
    void listener.close();
    void service.connections.drain(REMOVED_PORT_GRACE_MS).then(() => {
      service.connections.destroyAll();
      this.#leaving.delete(service);
    });
  }

  /** What became of each Gateway's ports. */
  results(runtime: Runtime): readonly PortResult[] {
    return [...runtime.ports.values()].flatMap((port) => this.#resultsOf(port));
  }

  #resultsOf(port: CompiledPort): PortResult[] {
    const gateways = new Set(port.listeners.map(({ gateway }) => gateway.origin));
    return [...gateways].map((gateway) => ({
      gateway,
      transport: port.transport,
      port: port.number,
      address: port.address,
      boundPort: this.#bindings.get(port.key)?.listener.boundPort ?? null,
      error: this.#failed.get(port.key)?.error ?? null,
    }));
  }

  /** Stops accepting and waits for the connections to end. */
  async drain(deadlineMs: number): Promise<void> {
    for (const { listener } of this.#bindings.values()) void listener.close();
    await Promise.all(this.services.map(({ connections }) => connections.drain(deadlineMs)));
  }

  async stop(): Promise<void> {
    const closing = [...this.#bindings.values()].map(({ listener }) => listener.close());
    for (const { connections } of this.services) connections.destroyAll();
    this.#bindings.clear();
    await Promise.all(closing);
  }
}
