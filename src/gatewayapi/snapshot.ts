import type { ConfigMap, EndpointSlice, Namespace, Secret, Service } from './core-kinds.ts';
import type {
  BackendPolicy,
  BackendTLSPolicy,
  Gateway,
  GatewayClass,
  GRPCRoute,
  HTTPRoute,
  ListenerSet,
  ProxyConfig,
  ReferenceGrant,
  TCPRoute,
  TLSRoute,
  UDPRoute,
  XBackend,
  XBackendTrafficPolicy,
} from './generated/types.ts';

/**
 * All resources at one revision, each validated, defaulted and brought to the version its type names
 * (`v1` where it is served, else the newest). Order carries no meaning: `translate` gives the same answer for any.
 */
export interface ResourceSnapshot {
  readonly gatewayClasses: readonly GatewayClass[];
  readonly gateways: readonly Gateway[];
  readonly listenerSets: readonly ListenerSet[];
  readonly httpRoutes: readonly HTTPRoute[];
  readonly grpcRoutes: readonly GRPCRoute[];
  readonly tlsRoutes: readonly TLSRoute[];
  readonly tcpRoutes: readonly TCPRoute[];
  readonly udpRoutes: readonly UDPRoute[];
  readonly referenceGrants: readonly ReferenceGrant[];
  readonly backendTlsPolicies: readonly BackendTLSPolicy[];
  readonly backendTrafficPolicies: readonly XBackendTrafficPolicy[];
  readonly backendPolicies: readonly BackendPolicy[];
  readonly backends: readonly XBackend[];
  readonly proxyConfigs: readonly ProxyConfig[];
  readonly services: readonly Service[];
  readonly endpointSlices: readonly EndpointSlice[];
  readonly secrets: readonly Secret[];
  readonly configMaps: readonly ConfigMap[];
  readonly namespaces: readonly Namespace[];
}

/** What the world reported back about one Gateway; an input to its status. */
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
