/** What runs, as far as statuses depend on it: the input of `translate` besides the resources. */
import type { UnreadableKind } from '../gatewayapi/snapshot.ts';
import type { DataPlaneId } from '../ir/data-plane-id.ts';

/** What proxies and infrastructure report about one data plane. */
export interface DataPlaneObservation {
  readonly dataPlane: DataPlaneId;
  /** Addresses under which it can be reached now. */
  readonly addresses: readonly { readonly type: 'IPAddress' | 'Hostname'; readonly value: string }[];
  /**
   * The config version that proxies acknowledged, the Gateway generation it was made from, and how many proxies of how
   * many; null before the first.
   */
  readonly acknowledged: {
    readonly version: string;
    readonly generation: number;
    readonly proxies: number;
    readonly expected: number;
  } | null;
  /** What keeps that which should run for it from running, in words; null or absent when nothing is known to. */
  readonly trouble?: string | null;
  /** Ports that could not be bound, with the reason in words. */
  readonly failedPorts: readonly { readonly port: number; readonly message: string }[];
  /** Why a proxy serves an older configuration than the published one, in words; null or absent when none does. */
  readonly refused?: string | null;
  /** Rules that a proxy cannot serve as they are, while it serves all the rest; absent when there is none. */
  readonly problems?: readonly {
    readonly route: { readonly kind: string; readonly namespace: string; readonly name: string };
    /** Counts from 0 in the route's `rules`. */
    readonly rule: number;
    readonly message: string;
  }[];
}

export interface Observations {
  readonly dataPlanes: readonly DataPlaneObservation[];
  /**
   * Bundle versions (annotation gateway.networking.k8s.io/bundle-version) of the Gateway API CRDs in the cluster, `none`
   * for one without; absent outside of a cluster.
   */
  readonly crdVersions?: readonly string[];
  /** Objects of these kinds have no effect; absent outside of a cluster. */
  readonly unreadableKinds?: readonly UnreadableKind[];
}
