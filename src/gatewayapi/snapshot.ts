import type { CoreKinds } from './core-kinds.ts';
import type { CustomKinds } from './generated/types.ts';
import type { Kind, KindTable } from './kind.ts';
import type { Kinds } from './kinds.ts';
import type { ObjectMeta } from './object-meta.ts';

/** Any object of the Kubernetes API. */
export interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

type KindTypes = CoreKinds & CustomKinds;

/** The type of a kind's objects. */
type ObjectOf<Row extends Kind> = Row['kind'] extends keyof KindTypes ? KindTypes[Row['kind']] : AnyObject;

/** One list of objects for each kind of a table. */
export type SnapshotOf<Table extends KindTable> = {
  readonly [List in keyof Table]: readonly ObjectOf<Table[List]>[];
};

/**
 * All resources at one revision, each validated, defaulted and converted to the preferred version of its kind. Order carries no
 * meaning: `translate` gives the same answer for any.
 */
export type ResourceSnapshot = SnapshotOf<Kinds>;

/** What proxies and the cluster reported about one Gateway; an input to its status. */
export interface GatewayObservation {
  readonly namespace: string;
  readonly name: string;
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

/** A kind that is installed in versions of which Sluice reads none. */
export interface UnreadableKind {
  readonly kind: string;
  readonly versions: readonly string[];
}

export interface Observations {
  readonly gateways: readonly GatewayObservation[];
  /**
   * Bundle versions (annotation gateway.networking.k8s.io/bundle-version) of the Gateway API CRDs in the cluster, `none`
   * for one without; absent outside of a cluster.
   */
  readonly crdVersions?: readonly string[];
  /** Objects of these kinds have no effect; absent outside of a cluster. */
  readonly unreadableKinds?: readonly UnreadableKind[];
}
