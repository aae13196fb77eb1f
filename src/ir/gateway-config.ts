import { DEFAULT_CLIENT_LIMITS, type ClientLimits } from './client-limits.ts';
import type { Cluster, EndpointSet } from './cluster.ts';
import type { DataPlaneId } from './data-plane-id.ts';
import type { KeySetDefinition } from './key-set.ts';
import type { Port } from './listener.ts';
import type { RouteRule } from './route.ts';
import type { PolicySecret } from './secret.ts';
import type { Certificate } from './tls.ts';

/** Settings of the proxy that come with the Gateway (ProxyConfig), defaults filled in. */
export interface ProxySettings {
  /** CIDRs whose X-Forwarded-* and PROXY headers are trusted. Empty: none (an edge). */
  readonly trustedCidrs: readonly string[];
  readonly acceptProxyProtocol: boolean;
  readonly grpcWeb: boolean;
  /** Adds `x-sluice-reason` to responses of the gateway itself. */
  readonly reasonHeader: boolean;
  /**
   * Request fields with an underscore in the name: dropped, rejected with 400, or forwarded. Applications
   * behind CGI, WSGI or Rack cannot distinguish `x_user` from `x-user`.
   */
  readonly headersWithUnderscores: 'Drop' | 'Reject' | 'Allow';
  readonly limits: ClientLimits;
}

export const DEFAULT_PROXY_SETTINGS: ProxySettings = {
  trustedCidrs: [],
  acceptProxyProtocol: false,
  grpcWeb: false,
  reasonHeader: false,
  headersWithUnderscores: 'Drop',
  limits: DEFAULT_CLIENT_LIMITS,
};

/**
 * Everything that one data plane serves. Serializable; `version` is the content hash of everything else.
 * Endpoints are kept apart so that a change of one EndpointSlice recompiles no router.
 */
export interface GatewayConfig {
  readonly version: string;
  readonly dataPlane: DataPlaneId;
  /** `metadata.generation` of the object this was made from; acknowledged back with the version. */
  readonly generation: number;
  /** Addresses to bind (`spec.addresses` of type IPAddress); empty = the proxy's default. */
  readonly addresses: readonly string[];
  readonly ports: readonly Port[];
  readonly rules: readonly RouteRule[];
  readonly clusters: readonly Cluster[];
  readonly endpoints: readonly EndpointSet[];
  readonly certificates: readonly Certificate[];
  /** Key sets that policies verify tokens with. Absent: none. */
  readonly keySets?: readonly KeySetDefinition[];
  /** Secrets that policies use. Absent: none. */
  readonly secrets?: readonly PolicySecret[];
  readonly settings: ProxySettings;
}
