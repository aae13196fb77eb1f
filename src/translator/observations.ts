/** The observed state of data planes and cluster that statuses depend on: the second input of `translate`, besides the resources. */
import type { UnreadableKind } from '../gatewayapi/snapshot.ts';
import type { DataPlaneId } from '../ir/data-plane-id.ts';

/** What proxies and infrastructure report about one data plane. */
export interface DataPlaneObservation {
  readonly dataPlane: DataPlaneId;
  /** Addresses at which clients can reach it now. */
  readonly addresses: readonly { readonly type: 'IPAddress' | 'Hostname'; readonly value: string }[];
  /**
   * The acknowledged configuration version, the Gateway generation it was built from, and how many of the expected proxies
   * acknowledged it; null before the first acknowledgment.
   */
  readonly acknowledged: {
    readonly version: string;
    readonly generation: number;
    readonly proxies: number;
    readonly expected: number;
  } | null;
  /** Why its infrastructure does not run, as a message; null or absent when no problem is known. */
  readonly trouble?: string | null;
  /** Ports that could not be bound, each with a message. */
  readonly failedPorts: readonly { readonly port: number; readonly message: string }[];
  /** Why a proxy serves an older configuration than the published one, as a message; null or absent when all are current. */
  readonly refused?: string | null;
  /** Rules that a proxy cannot serve, although it serves the rest of the configuration; absent when there are none. */
  readonly problems?: readonly {
    readonly route: { readonly kind: string; readonly namespace: string; readonly name: string };
    /** Zero-based index in the route's `rules`. */
    readonly rule: number;
    readonly message: string;
  }[];
}

export interface Observations {
  readonly dataPlanes: readonly DataPlaneObservation[];
  /**
   * Bundle versions (annotation gateway.networking.k8s.io/bundle-version) of the Gateway API CRDs in the cluster, `none`
   * for a CRD without the annotation; absent outside of a cluster.
   */
  readonly crdVersions?: readonly string[];
  /** Kinds whose CRD has no version that Sluice reads, so their objects have no effect; absent outside of a cluster. */
  readonly unreadableKinds?: readonly UnreadableKind[];
}
