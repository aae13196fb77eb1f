/**
 * One client of a UDP listener: its datagrams go to one endpoint through a socket of its own, so that the kernel delivers to it only
 * what that endpoint sends, and errors that the network reports (ICMP) reach the right flow.
 */
import { createSocket, type Socket } from 'node:dgram';
import type { ReasonCode } from '../../ir/reason.ts';
import { tickEventClock } from '../net/event-clock.ts';
import { TimerEntry, type TimerWheel } from '../net/timer-wheel.ts';
import { keyOf, type CompiledL4Backend, type L4Endpoint } from './l4-rule.ts';

/** Datagrams queued while the flow's socket is created, which takes an event loop iteration. */
const MAX_PENDING = 16;
/** Any reply proves that the endpoint works; its content is not read. */
const REPLIED = 200;

/** The owner of a flow. */
export interface FlowOwner {
  readonly wheel: TimerWheel;
  /** Idle timeout of flows; Infinity: that of the cluster. */
  readonly quietMs: number;
  /** Sends to the flow's client only. */
  reply(flow: UdpFlow, datagram: Buffer): void;
  /** The flow has ended and must be removed. */
  forget(flow: UdpFlow): void;
}

export class UdpFlow extends TimerEntry {
  readonly clientAddress: string;
  readonly clientPort: number;
  readonly backend: CompiledL4Backend;
  readonly #owner: FlowOwner;
  #endpoint: L4Endpoint | null = null;
  #socket: Socket | null = null;
  #isConnected = false;
  #pending: Buffer[] = [];

  constructor(
    owner: FlowOwner,
    client: { readonly address: string; readonly port: number },
    backend: CompiledL4Backend,
  ) {
    super();
    this.#owner = owner;
    this.clientAddress = client.address;
    this.clientPort = client.port;
    this.backend = backend;
    backend.counters.opened();
  }

  /** A shorter idle time applies from now on. */
  hurry(): void {
    this.#touch();
  }

  /** Sends a datagram of the client to the endpoint. */
  forward(datagram: Buffer): void {
    const { counters } = this.backend;
    this.#touch();
    counters.receivedBytes += datagram.length;
    if (this.#endpoint === null || this.#endpoint.isGone) this.#moveOn();
    if (this.#isConnected) this.#socket?.send(datagram);
    else if (this.#endpoint === null) counters.ended(this.#refusal());
    else if (this.#pending.length < MAX_PENDING) this.#pending.push(datagram);
    else counters.ended('overflow');
  }

  override onTimer(): void {
    this.destroy();
  }

  destroy(): void {
    this.#owner.wheel.remove(this);
    this.#leave();
    const { clientAddress: address, clientPort: port, backend } = this;
    backend.counters.closed();
    backend.connections?.closed({ address, port });
    this.#owner.forget(this);
  }

  #refusal(): ReasonCode {
    return this.backend.cluster?.reasonForNone ?? this.backend.refusal;
  }

  #touch(): void {
    const idleMs = this.backend.cluster?.config.policy.connection.idleTimeoutMs ?? 0;
    // Without a limit a flow would never end, because UDP has no end marker.
    const { wheel, quietMs } = this.#owner;
    wheel.schedule(this, wheel.now() + Math.min(quietMs, idleMs > 0 ? idleMs : DEFAULT_IDLE_MS));
  }

  /** Switches to another endpoint; to none if there is none. */
  #moveOn(): void {
    const { cluster } = this.backend;
    const tried = this.#endpoint === null ? [] : [this.#endpoint];
    const next = cluster?.pick(tried, keyOf(cluster, this.clientAddress)) ?? null;
    this.#leave();
    if (next === null) return;
    this.#endpoint = next;
    next.active++;
    const socket = createSocket(next.address.includes(':') ? 'udp6' : 'udp4');
    this.#socket = socket;
    socket.on('message', (datagram) => {
      tickEventClock();
      this.#touch();
      next.health.answered(REPLIED);
      this.backend.counters.sentBytes += datagram.length;
      this.#owner.reply(this, datagram);
    });
    // ECONNREFUSED of a port without a listener, EHOSTUNREACH, out of descriptors: sent datagrams are lost;
    // later ones go to another endpoint.
    socket.on('error', () => this.#onSocketError(socket));
    socket.connect(next.port, next.address, () => this.#onConnected(socket));
  }

  #onConnected(socket: Socket): void {
    if (socket !== this.#socket) return;
    this.#isConnected = true;
    const pending = this.#pending;
    this.#pending = [];
    for (const datagram of pending) socket.send(datagram);
  }

  #onSocketError(socket: Socket): void {
    if (socket !== this.#socket) return;
    const endpoint = this.#endpoint;
    endpoint?.connectFailed();
    this.backend.counters.retries++;
    const pending = this.#pending;
    this.#moveOn();
    this.#pending = pending;
    // Without another endpoint the flow ends; the client's next datagram starts a new one.
    if (this.#endpoint === null || this.#endpoint === endpoint) this.destroy();
  }

  #leave(): void {
    if (this.#endpoint !== null) this.#endpoint.active--;
    this.#endpoint = null;
    this.#socket?.close();
    this.#socket = null;
    this.#isConnected = false;
    this.#pending = [];
  }
}

/** Used if the policy has no idle timeout. */
const DEFAULT_IDLE_MS = 60_000;
