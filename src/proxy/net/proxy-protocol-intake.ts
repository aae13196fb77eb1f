/** Reads the PROXY header at the start of a connection from a trusted peer. */
import { TimerEntry, type TimerWheel } from './timer-wheel.ts';
import { ByteCollector } from './byte-collector.ts';
import { readProxyHeader, type ProxiedPeers } from './proxy-protocol.ts';
import { DISCARDING_SINK, type ByteSink, type Transport } from './transport.ts';

export interface ProxyIntakeEvents {
  /**
   * `peers` is null if the header describes the connection itself. `rest`: the bytes after it; the transport has no sink
   * until the receiver sets one.
   */
  onHeader(peers: ProxiedPeers | null, rest: Buffer): void;
  /** The connection is closed: the load balancer sends no header, or an invalid one. */
  onRefused(detail: string): void;
}

/** Reads the PROXY header of a connection. `timeoutMs`: for the whole header; 0 = no limit. */
export function receiveProxyHeader(
  transport: Transport,
  wheel: TimerWheel,
  timeoutMs: number,
  events: ProxyIntakeEvents,
): void {
  const intake = new ProxyProtocolIntake(transport, wheel, events);
  if (timeoutMs > 0) wheel.schedule(intake, wheel.now() + timeoutMs);
  transport.sink = intake;
}

class ProxyProtocolIntake extends TimerEntry implements ByteSink {
  readonly #transport: Transport;
  readonly #wheel: TimerWheel;
  readonly #events: ProxyIntakeEvents;
  readonly #received = new ByteCollector();
  #isOver = false;

  constructor(transport: Transport, wheel: TimerWheel, events: ProxyIntakeEvents) {
    super();
    this.#transport = transport;
    this.#wheel = wheel;
    this.#events = events;
  }

  onBytes(buffer: Buffer, length: number): void {
    if (this.#isOver) return;
    this.#received.append(buffer.subarray(0, length));
    const { bytes } = this.#received;
    const result = readProxyHeader(bytes);
    switch (result.kind) {
      case 'incomplete':
        return;
      case 'header':
        this.#finish();
        this.#events.onHeader(result.peers, bytes.subarray(result.length));
        return;
      case 'absent':
        this.#refuse('no PROXY header');
        return;
      case 'malformed':
        this.#refuse(result.detail);
    }
  }

  onEnd(): void {
    this.#refuse('closed before the PROXY header was complete');
  }

  onDrain(): void {
    // Nothing is written here.
  }

  onClose(): void {
    this.#refuse('closed before the PROXY header was complete');
  }

  nextReadBuffer(): null {
    return null;
  }

  override onTimer(): void {
    this.#refuse('no complete PROXY header in time');
  }

  #finish(): void {
    this.#isOver = true;
    this.#wheel.remove(this);
    this.#transport.sink = DISCARDING_SINK;
  }

  #refuse(detail: string): void {
    if (this.#isOver) return;
    this.#finish();
    this.#transport.destroy();
    this.#events.onRefused(detail);
  }
}
