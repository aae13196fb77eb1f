/** Which list of the snapshot holds which kind. */
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';

export const SNAPSHOT_MEMBERS = {
  GatewayClass: 'gatewayClasses',
  Gateway: 'gateways',
  ListenerSet: 'listenerSets',
  HTTPRoute: 'httpRoutes',
  GRPCRoute: 'grpcRoutes',
  TLSRoute: 'tlsRoutes',
  TCPRoute: 'tcpRoutes',
  UDPRoute: 'udpRoutes',
  ReferenceGrant: 'referenceGrants',
  BackendTLSPolicy: 'backendTlsPolicies',
  XBackendTrafficPolicy: 'backendTrafficPolicies',
  BackendPolicy: 'backendPolicies',
  XBackend: 'backends',
  ProxyConfig: 'proxyConfigs',
  Service: 'services',
  EndpointSlice: 'endpointSlices',
  Secret: 'secrets',
  ConfigMap: 'configMaps',
  Namespace: 'namespaces',
} as const satisfies Readonly<Record<string, keyof ResourceSnapshot>>;

type SnapshotKind = keyof typeof SNAPSHOT_MEMBERS;

/** Kinds of which the snapshot has a list; the others are checked only. */
export const isSnapshotKind = (kind: string): kind is SnapshotKind => Object.hasOwn(SNAPSHOT_MEMBERS, kind);
