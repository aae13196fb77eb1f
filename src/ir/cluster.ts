import type { ClusterId } from './ids.ts';
import type { Origin } from './origin.ts';
import type { ClusterPolicy } from './policy.ts';
import type { UpstreamTls } from './tls.ts';

/** Protocol of a cluster. `http1` unless `appProtocol` says otherwise; `tcp` and `udp` for layer 4. */
export type ClusterProtocol = 'http1' | 'h2' | 'tcp' | 'udp';

/** A named upstream service port and how to reach it. Its endpoints are sent separately as an `EndpointSet`. */
export interface Cluster {
  readonly id: ClusterId;
  readonly origin: Origin;
  readonly protocol: ClusterProtocol;
  readonly tls: UpstreamTls | null;
  /** `dns`: the proxy resolves `hostname` by itself and refreshes it at its TTL. */
  readonly discovery:
    | { readonly kind: 'endpoints' }
    | { readonly kind: 'dns'; readonly hostname: string; readonly port: number };
  readonly policy: ClusterPolicy;
}

/**
 * `ready`: gets new requests. `draining`: terminating but serving; finishes its requests, and gets new ones only if
 * no endpoint is ready (EndpointSlice conditions, KEP-1672).
 */
export interface Endpoint {
  readonly address: string;
  readonly port: number;
  readonly state: 'ready' | 'draining';
  readonly zone: string | null;
  /** The clients that it is meant for (EndpointSlice `hints`); absent = any. */
  readonly hints?: { readonly zones: readonly string[]; readonly nodes: readonly string[] };
}

export interface EndpointSet {
  readonly cluster: ClusterId;
  readonly endpoints: readonly Endpoint[];
}
