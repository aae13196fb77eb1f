/**
 * What controller and proxy say to each other over one ordered stream: a pipe between processes, a pair in memory, a TLS
 * connection. Both ends begin with a hello, and go on if they have a version in common (`negotiation.ts`); otherwise the proxy keeps what it
 * serves. The controller sends one update at a time and the next after its acknowledgement, so that a slow proxy is never
 * more than one update behind and nothing queues: what changed meanwhile is sent together.
 */
import type { Patch } from '../lib/structural-patch.ts';
import type { DataPlaneId } from '../ir/data-plane-id.ts';
import type { RuleOrigin } from '../ir/origin.ts';
import type { SpokenVersions } from './negotiation.ts';

/**
 * The first message of the proxy. Neither hello may ever lose a member or give one another meaning: they are read before the two ends
 * know each other's version.
 */
export interface ProxyHello {
  readonly kind: 'hello';
  /** The newest protocol it speaks; the only version in the hello of protocol 3 and earlier. */
  readonly protocol: number;
  /** Absent up to protocol 3, as is `formats`. */
  readonly protocols?: readonly number[];
  readonly formats?: readonly number[];
  /** Tells proxies of one controller apart. */
  readonly name: string;
}

/** The controller's answer, before anything else. A proxy of protocol 3 or earlier gets none: it could not read it. */
export interface ControllerHello extends SpokenVersions {
  readonly kind: 'hello';
}

/** What differs from the last update that this proxy was sent. */
export interface ConfigUpdate {
  readonly kind: 'update';
  /** Grows with every change of the controller's state. */
  readonly revision: number;
  /** true: data planes that are not named are removed. The first update to a proxy is whole. */
  readonly whole: boolean;
  /** New ones, each as `encodeConfig` writes it. */
  readonly configs: readonly string[];
  /** What turns a configuration that the proxy was sent last into the present one. */
  readonly patches: readonly { readonly dataPlane: DataPlaneId; readonly patch: Patch }[];
  readonly removed: readonly DataPlaneId[];
}

/** Whether one port of one data plane is bound. */
export interface PortReport {
  readonly dataPlane: DataPlaneId;
  readonly transport: 'tcp' | 'udp';
  /** The listener's port, as users dial it. */
  readonly port: number;
  readonly address: string;
  /** null when binding failed. */
  readonly boundPort: number | null;
  /** null when it did not fail. */
  readonly error: string | null;
}

/** A newest configuration that the proxy could not take; it serves the one before, if there was one. */
export interface Refusal {
  readonly dataPlane: DataPlaneId;
  readonly message: string;
}

/** A rule of the served configuration that the proxy could not compile as it is; all others are served. */
export interface RuleProblem {
  readonly dataPlane: DataPlaneId;
  readonly rule: RuleOrigin;
  readonly message: string;
}

/** The update of that revision is served, except for refused configurations. Ports, refusals and problems are complete lists, not changes. */
export interface Ack {
  readonly kind: 'ack';
  readonly revision: number;
  readonly ports: readonly PortReport[];
  readonly refused: readonly Refusal[];
  readonly problems: readonly RuleProblem[];
}

/** Ports of the acknowledged configuration, all of them, after one that could not be bound was bound, or failed for another reason. */
export interface PortsChanged {
  readonly kind: 'ports';
  readonly ports: readonly PortReport[];
}

export type FromProxy = ProxyHello | Ack | PortsChanged;
export type FromController = ControllerHello | ConfigUpdate;

/** Which configuration is served: `GatewayConfig.version`, and the generation of the object it was made from. */
export interface ServedVersion {
  readonly version: string;
  readonly generation: number;
}

/** What one proxy is known to do for one data plane, wherever it is attached. */
export interface ServingProxy {
  readonly name: string;
  /** null = it serves nothing of it yet. */
  readonly serving: ServedVersion | null;
  readonly ports: readonly PortReport[];
  /** Why it did not take the newest configuration; null when it did. */
  readonly refused: string | null;
  /** Rules that it cannot serve. */
  readonly problems: readonly RuleProblem[];
  /** Why it is sent no configuration and keeps the one it has: it has no version in common with its controller; else null. */
  readonly incompatible: string | null;
}

/** From a replica of the controller to the leader: all that its proxies do now. */
export interface FleetReport {
  readonly kind: 'fleet';
  /** Version of the protocol that the rest of the report is written in. */
  readonly protocol: number;
  readonly replica: string;
  readonly dataPlanes: readonly {
    readonly dataPlane: DataPlaneId;
    readonly proxies: readonly ServingProxy[];
  }[];
}
