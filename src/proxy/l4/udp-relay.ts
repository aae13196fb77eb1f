/**
 * A bound UDP socket and the flows of its clients. Nothing is sent to an address that did not send first, and the number of
 * flows is limited: datagrams of a flood of forged source addresses are dropped.
 */
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { ReasonCode } from '../../ir/reason.ts';
import { tickEventClock } from '../net/event-clock.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';
import { chooseBackend, isFull, type CompiledL4Backend, type CompiledL4Rule } from './l4-rule.ts';
import { UdpFlow, type FlowOwner } from './udp-flow.ts';

/** Each flow uses a file descriptor. */
const MAX_FLOWS = 16_384;
/** Idle time while draining: a client with a slower response retries anyway. */
const DRAIN_QUIET_MS = 1_000;
/** Receive buffer for bursts while the process is busy; the kernel may grant less. */
const RECEIVE_BUFFER_BYTES = 4_194_304;

export interface UdpListenOptions {
  /** `` = all addresses, IPv6 and IPv4 where there is both. */
  readonly address: string;
  /** 0 = any free port. */
  readonly port: number;
  readonly reusePort: boolean;
}

export class UdpRelay implements FlowOwner {
  readonly wheel: TimerWheel;
  readonly #socket: Socket;
  readonly #maxFlows: number;
  /** By client address, then by port: no string is built for a datagram. */
  readonly #flows = new Map<string, Map<number, UdpFlow>>();
  #size = 0;
  #rule: CompiledL4Rule | null;
  /** Infinity unless the relay drains. */
  quietMs = Infinity;
  #isDraining = false;
  #onEmpty: (() => void) | null = null;

  private constructor(socket: Socket, rule: CompiledL4Rule | null, wheel: TimerWheel, maxFlows: number) {
    this.#socket = socket;
    this.#rule = rule;
    this.wheel = wheel;
    this.#maxFlows = maxFlows;
    socket.on('message', (datagram, client) => this.#onDatagram(datagram, client));
    // Errors of single datagrams: the socket continues.
    socket.on('error', () => undefined);
  }

  /** Rejects with Node's error when the port cannot be bound. */
  static async bind(
    options: UdpListenOptions,
    rule: CompiledL4Rule | null,
    wheel: TimerWheel,
    maxFlows: number = MAX_FLOWS,
  ): Promise<UdpRelay> {
    return new UdpRelay(await bindSocket(options), rule, wheel, maxFlows);
  }

  get boundPort(): number {
    return this.#socket.address().port;
  }

  /** Replaces the rule; null: no route is attached. Flows to clusters that it does not have end now. */
  update(rule: CompiledL4Rule | null): void {
    this.#rule = rule;
    for (const flow of this.#all()) if (!this.#keeps(flow, rule)) flow.destroy();
  }

  #all(): readonly UdpFlow[] {
    return [...this.#flows.values()].flatMap((ofAddress) => [...ofAddress.values()]);
  }

  get flows(): number {
    return this.#size;
  }

  #onDatagram(datagram: Buffer, client: RemoteInfo): void {
    tickEventClock();
    const flow = this.#flows.get(client.address)?.get(client.port) ?? this.#begin(client);
    flow?.forward(datagram);
  }

  /** A flow stays where it is across configurations as long as its cluster is one of the rule's. */
  #keeps(flow: UdpFlow, rule: CompiledL4Rule | null): boolean {
    const { cluster } = flow.backend;
    if (rule === null || cluster === null) return false;
    return rule.backends.some((backend) => backend.cluster === cluster);
  }

  #refusalOf(backend: CompiledL4Backend | null, client: RemoteInfo): ReasonCode | null {
    if (backend === null) return 'no_backend';
    const { cluster, connections } = backend;
    const isOver = this.#size >= this.#maxFlows || (cluster !== null && isFull(cluster));
    return isOver ? 'overflow' : (connections?.admit(client) ?? null);
  }

  #begin(client: RemoteInfo): UdpFlow | undefined {
    const rule = this.#rule;
    if (rule === null || this.#isDraining) return undefined;
    const backend = chooseBackend(rule);
    const refusal = this.#refusalOf(backend, client);
    if (backend === null || refusal !== null) {
      (backend?.counters ?? rule.counters).ended(refusal ?? 'no_backend');
      return undefined;
    }
    const flow = new UdpFlow(this, client, backend);
    let ofAddress = this.#flows.get(client.address);
    if (ofAddress === undefined) {
      ofAddress = new Map();
      this.#flows.set(client.address, ofAddress);
    }
    ofAddress.set(client.port, flow);
    this.#size++;
    return flow;
  }

  reply({ clientAddress, clientPort }: UdpFlow, datagram: Buffer): void {
    this.#socket.send(datagram, clientPort, clientAddress);
  }

  forget(flow: UdpFlow): void {
    const ofAddress = this.#flows.get(flow.clientAddress);
    if (ofAddress?.get(flow.clientPort) !== flow) return;
    ofAddress.delete(flow.clientPort);
    if (ofAddress.size === 0) this.#flows.delete(flow.clientAddress);
    this.#size--;
    if (this.#size === 0) this.#onEmpty?.();
  }

  /**
   * Starts no new flows, and ends idle ones after a moment; resolves when all have ended, or `deadlineMs` has
   * passed.
   */
  async drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    this.quietMs = DRAIN_QUIET_MS;
    for (const flow of this.#all()) flow.hurry();
    if (this.#size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, deadlineMs);
      this.#onEmpty = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#onEmpty = null;
  }

  /** Ends every flow and the socket. */
  async close(): Promise<void> {
    for (const flow of this.#all()) flow.destroy();
    const closed = once(this.#socket, 'close');
    this.#socket.close();
    await closed;
  }
}

async function bindSocket(options: UdpListenOptions): Promise<Socket> {
  const addresses = options.address === '' ? ['::', '0.0.0.0'] : [options.address];
  let lastError: unknown;
  for (const address of addresses) {
    const socket = createSocket({
      type: address.includes(':') ? 'udp6' : 'udp4',
      reusePort: options.reusePort,
      recvBufferSize: RECEIVE_BUFFER_BYTES,
    });
    try {
      socket.bind({ address, port: options.port, exclusive: true });
      await once(socket, 'listening');
      return socket;
    } catch (error) {
      lastError = error;
      socket.close();
      const code = (error as NodeJS.ErrnoException).code;
      if (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL') throw error;
    }
  }
  throw lastError;
}
