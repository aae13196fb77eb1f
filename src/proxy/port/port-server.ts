/** Serves a bound port over one transport: a listening TCP socket with its connections, or a UDP socket with its flows. */
import { ConnectionRegistry } from './connection-registry.ts';
import type { HttpServiceDeps } from './http-service.ts';
import { HttpService } from './http-service.ts';
import { UdpRelay } from '../l4/udp-relay.ts';
import { TcpListener, type TcpListenOptions } from '../net/tcp.ts';
import type { TlsCounters } from '../net/tls-failure.ts';
import type { CompiledPort } from '../runtime/runtime.ts';
import { TcpService, type TcpServiceDeps } from './tcp-service.ts';

export type PortTransport = CompiledPort['transport'];

export interface PortServer {
  readonly transport: PortTransport;
  /** The bound port, which differs from the listener's if ports are mapped. */
  readonly boundPort: number;
  /** The configuration it serves. */
  readonly port: CompiledPort;
  /** Switches to another configuration. Clients that it does not permit are disconnected, at once or after a grace period. */
  update(port: CompiledPort): void;
  readonly connections: ConnectionRegistry;
  /** null: not a TCP port. */
  readonly tls: TlsCounters | null;
  /** One socket listens and serves all clients, so the port is free only when they are done. */
  readonly sharesSocket: boolean;
  /** Accepts the connections that the kernel has completed, and no more once this resolves. */
  stopListening(): Promise<void>;
  /** Asks clients to disconnect; resolves when they have, or the time is over. */
  drain(deadlineMs: number): Promise<void>;
  /** Closes everything now. */
  destroy(): Promise<void>;
}

export interface PortServerDeps extends HttpServiceDeps, TcpServiceDeps {}

/** Binds a socket of the port's transport. Rejects with Node's error when it cannot be bound. */
export async function bindServer(
  port: CompiledPort,
  options: TcpListenOptions,
  deps: PortServerDeps,
): Promise<PortServer> {
  if (port.transport === 'udp') {
    const rule = port.l4.relay?.rule ?? null;
    return new UdpServer(await UdpRelay.bind(options, rule, deps.context.wheel), port);
  }
  const service = new TcpService(new HttpService(port, deps), deps);
  const listener = await TcpListener.listen(options, (accepted) => service.accept(accepted));
  return new TcpServer(listener, service);
}

class TcpServer implements PortServer {
  readonly transport = 'tcp';
  readonly sharesSocket = false;
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
  update(port: CompiledPort): void {
    this.#service.update(port);
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

class UdpServer implements PortServer {
  readonly transport = 'udp';
  readonly sharesSocket = true;
  readonly #relay: UdpRelay;
  #port: CompiledPort;
  /** Flows are not connections: this registry stays empty. */
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
  update(port: CompiledPort): void {
    this.#port = port;
    this.#relay.update(port.l4.relay?.rule ?? null);
  }

  async stopListening(): Promise<void> {
    // Open flows still need the socket: draining distinguishes them from new ones.
  }
  async drain(deadlineMs: number): Promise<void> {
    await this.#relay.drain(deadlineMs);
  }
  async destroy(): Promise<void> {
    await this.#relay.close();
  }
}
