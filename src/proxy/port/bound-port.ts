/** One listening socket and what serves it; BoundPorts holds them all. */
import { ConnectionRegistry } from './connection-registry.ts';
import type { HttpServiceDeps } from './http-service.ts';
import { HttpService } from './http-service.ts';
import { UdpRelay } from '../l4/udp-relay.ts';
import { TcpListener, type TcpListenOptions } from '../net/tcp.ts';
import type { TlsCounters } from '../net/tls-failure.ts';
import type { CompiledPort } from '../runtime/runtime.ts';
import { TcpService, type TcpServiceDeps } from './tcp-service.ts';

export interface BoundPort {
  readonly boundPort: number;
  /** What it is configured for; a swap replaces it. */
  port: CompiledPort;
  readonly connections: ConnectionRegistry;
  /** null: not a TCP port. */
  readonly tls: TlsCounters | null;
  /** What the kernel has completed is accepted, and from when this resolves nothing more; what is there goes on. */
  stopListening(): Promise<void>;
  /** Tells clients to go; resolves when they have gone or the time is over. */
  drain(deadlineMs: number): Promise<void>;
  /** Closes everything now. */
  destroy(): Promise<void>;
}

export interface BoundPortDeps extends HttpServiceDeps, TcpServiceDeps {}

/** Rejects with Node's error when the port cannot be bound. */
export async function bindPort(
  port: CompiledPort,
  options: TcpListenOptions,
  deps: BoundPortDeps,
): Promise<BoundPort> {
  if (port.transport === 'udp') {
    const rule = port.l4.relay?.rule ?? null;
    return new BoundUdpPort(await UdpRelay.bind(options, rule, deps.context.wheel), port);
  }
  const service = new TcpService(new HttpService(port, deps), deps);
  const listener = await TcpListener.listen(options, (accepted) => service.accept(accepted));
  return new BoundTcpPort(listener, service);
}

class BoundTcpPort implements BoundPort {
  readonly #listener: TcpListener;
  readonly #service: TcpService;

  constructor(listener: TcpListener, service: TcpService) {
    this.#listener = listener;
    this.#service = service;
  }

  get boundPort(): number {
    return this.#listener.boundPort;
  }
  get port(): CompiledPort {
    return this.#service.port;
  }
  set port(port: CompiledPort) {
    this.#service.port = port;
  }
  get connections(): ConnectionRegistry {
    return this.#service.connections;
  }
  get tls(): TlsCounters {
    return this.#service.tls;
  }

  async stopListening(): Promise<void> {
    await this.#listener.stopAccepting();
  }
  async drain(deadlineMs: number): Promise<void> {
    await this.#service.connections.drain(deadlineMs);
  }
  async destroy(): Promise<void> {
    const closed = this.#listener.close();
    this.#service.connections.destroyAll();
    await closed;
  }
}

class BoundUdpPort implements BoundPort {
  readonly #relay: UdpRelay;
  #port: CompiledPort;
  /** Flows are no connections: this one stays empty. */
  readonly connections = new ConnectionRegistry();
  readonly tls = null;

  constructor(relay: UdpRelay, port: CompiledPort) {
    this.#relay = relay;
    this.#port = port;
  }

  get boundPort(): number {
    return this.#relay.boundPort;
  }
  get port(): CompiledPort {
    return this.#port;
  }
  set port(port: CompiledPort) {
    this.#port = port;
    this.#relay.rule = port.l4.relay?.rule ?? null;
  }

  async stopListening(): Promise<void> {
    // The socket that takes new flows is the one that the present ones use: draining tells them apart.
  }
  async drain(deadlineMs: number): Promise<void> {
    await this.#relay.drain(deadlineMs);
  }
  async destroy(): Promise<void> {
    await this.#relay.close();
  }
}
