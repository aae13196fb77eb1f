/** Requests and reports of a proxy about the ports that it binds. */
import type { DataPlaneId } from '../../ir/data-plane-id.ts';

/** A socket address that is about to be bound. */
export interface PortClaim {
  readonly transport: 'tcp' | 'udp';
  /** `` = all addresses. */
  readonly address: string;
  readonly port: number;
  /** As in the Gateway. */
  readonly listenerPort: number;
}

/** The state of one port of one data plane. */
export interface PortResult {
  readonly dataPlane: DataPlaneId;
  readonly transport: 'tcp' | 'udp';
  /** The port of the listener. */
  readonly port: number;
  readonly address: string;
  /** The port that is bound; null when binding failed. */
  readonly boundPort: number | null;
  /** Why binding failed, as text for a condition and a terminal; null if it succeeded. */
  readonly error: string | null;
}

export interface PortOptions {
  /** For Gateways without addresses. `` = all addresses, IPv6 and IPv4. */
  readonly bindAddress: string;
  /** Listener port → port to bind. A mapping to 0 binds any free port (tests). */
  readonly portMap: ReadonlyMap<number, number>;
  /** Share ports with other workers (SO_REUSEPORT). */
  readonly reusePort: boolean;
  /**
   * Asked before a port is bound; resolves with null, or with the reason why it must not be. With SO_REUSEPORT
   * an unrelated gateway could bind the same port; only the process that started the workers can tell. Without it every port may be bound.
   */
  readonly claim?: (claim: PortClaim) => Promise<string | null>;
  /** A failed port is attempted again every second; called with all ports when that changes something. */
  readonly onPortsChanged?: (ports: readonly PortResult[]) => void;
}
