/**
 * The messages between controller and proxy over one ordered stream: a pipe between processes, an in-memory pair or a TLS
 * connection. Both ends start with a hello, and continue if they have a version in common (`versions.ts`); otherwise the proxy keeps its
 * configuration. The controller sends the next update only after the acknowledgment of the last one, so a slow proxy is never
 * more than one update behind and nothing queues: changes in the meantime are batched into one update.
 */
import type { Patch } from '../lib/structural-patch.ts';
import type { DataPlaneId } from '../ir/data-plane-id.ts';
import type { RuleOrigin } from '../ir/origin.ts';
import type { SpokenVersions } from './versions.ts';

/**
 * The first message of the proxy. The members of both hellos are frozen: each end reads the other's hello before it
 * knows the other's version.
 */
export interface ProxyHello {
  readonly kind: 'hello';
  /** The newest protocol that it supports; the only version in the hello of protocol 3 and earlier. */
  readonly protocol: number;
  /** Absent up to protocol 3, as is `formats`. */
  readonly protocols?: readonly number[];
  readonly formats?: readonly number[];
  /** Unique among the proxies of one controller. */
  readonly name: string;
}

/** The controller's first message. A proxy of protocol 3 or earlier gets none, because it could not read it. */
export interface ControllerHello extends SpokenVersions {
  readonly kind: 'hello';
}

/** The changes since the last update to this proxy. */
export interface ConfigUpdate {
  readonly kind: 'update';
  /** Increases with every change of the controller's state. */
  readonly revision: number;
  /** true: data planes that the update does not name are removed. The first update to a proxy is whole. */
  readonly whole: boolean;
  /** New configurations, encoded by `encodeConfig`. */
  readonly configs: readonly string[];
  /** Patches from the last configurations sent to the proxy to the current ones. */
  readonly patches: readonly { readonly dataPlane: DataPlaneId; readonly patch: Patch }[];
  readonly removed: readonly DataPlaneId[];
}

/** How many proxies of the data plane serve, so that they share its limits. Sent before the first update, and whenever it changes. */
export interface ProxyCount {
  readonly kind: 'proxies';
  readonly count: number;
}

/** Whether one port of one data plane is bound. */
export interface PortReport {
  readonly dataPlane: DataPlaneId;
  readonly transport: 'tcp' | 'udp';
  /** The listener's port, which clients connect to. */
  readonly port: number;
  readonly address: string;
  /** null if binding failed. */
  readonly boundPort: number | null;
  /** null if binding succeeded. */
  readonly error: string | null;
}

/** The newest configuration of a data plane, which the proxy could not apply; it serves the previous one, if any. */
export interface Refusal {
  readonly dataPlane: DataPlaneId;
  readonly message: string;
}

/** A rule of the active configuration that the proxy could not compile; it serves all other rules. */
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

/** All ports of the acknowledged configuration, sent after the state of a failed port changed. */
export interface PortsChanged {
  readonly kind: 'ports';
  readonly ports: readonly PortReport[];
}

export type FromProxy = ProxyHello | Ack | PortsChanged;
export type FromController = ControllerHello | ConfigUpdate | ProxyCount;

/** The active configuration: `GatewayConfig.version`, and the generation of the Gateway that it was built from. */
export interface ServedVersion {
  readonly version: string;
  readonly generation: number;
}

/** The known state of one proxy for one data plane, at whichever replica it is attached. */
export interface ServingProxy {
  readonly name: string;
  /** null before it serves any configuration of the data plane. */
  readonly serving: ServedVersion | null;
  readonly ports: readonly PortReport[];
  /** Why it refused the newest configuration, or null. */
  readonly refused: string | null;
  /** Rules that it cannot serve. */
  readonly problems: readonly RuleProblem[];
  /** Why it gets no configuration and keeps its own (no version in common with its controller), or null. */
  readonly incompatible: string | null;
}

/** From a controller replica to the leader: the state of all its proxies. */
export interface FleetReport {
  readonly kind: 'fleet';
  /** Protocol version of the rest of the report. */
  readonly protocol: number;
  readonly replica: string;
  readonly dataPlanes: readonly {
    readonly dataPlane: DataPlaneId;
    readonly proxies: readonly ServingProxy[];
  }[];
}
