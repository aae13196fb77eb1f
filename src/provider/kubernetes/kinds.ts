/** The kinds that the controller watches. */
import { EXPERIMENTAL_GROUP, SLUICE_GROUP } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { KindInfo } from '../../kubeapi/kind-info.ts';

const gatewayApi = (kind: string, plural: string, namespaced = true, version = 'v1'): KindInfo => ({
  kind,
  group: 'gateway.networking.k8s.io',
  version,
  plural,
  namespaced,
});

const alpha = (group: string, kind: string, plural: string): KindInfo => ({
  kind,
  group,
  version: 'v1alpha1',
  plural,
  namespaced: true,
});

const core = (kind: string, plural: string, namespaced = true): KindInfo => ({
  kind,
  group: '',
  version: 'v1',
  plural,
  namespaced,
});

export const KINDS = {
  gatewayClasses: gatewayApi('GatewayClass', 'gatewayclasses', false),
  gateways: gatewayApi('Gateway', 'gateways'),
  listenerSets: gatewayApi('ListenerSet', 'listenersets'),
  httpRoutes: gatewayApi('HTTPRoute', 'httproutes'),
  grpcRoutes: gatewayApi('GRPCRoute', 'grpcroutes'),
  tlsRoutes: gatewayApi('TLSRoute', 'tlsroutes'),
  tcpRoutes: gatewayApi('TCPRoute', 'tcproutes'),
  udpRoutes: gatewayApi('UDPRoute', 'udproutes'),
  referenceGrants: gatewayApi('ReferenceGrant', 'referencegrants'),
  backendTlsPolicies: gatewayApi('BackendTLSPolicy', 'backendtlspolicies'),
  backendTrafficPolicies: alpha(EXPERIMENTAL_GROUP, 'XBackendTrafficPolicy', 'xbackendtrafficpolicies'),
  backendPolicies: alpha(SLUICE_GROUP, 'BackendPolicy', 'backendpolicies'),
  backends: alpha(EXPERIMENTAL_GROUP, 'XBackend', 'xbackends'),
  proxyConfigs: alpha(SLUICE_GROUP, 'ProxyConfig', 'proxyconfigs'),
  services: core('Service', 'services'),
  endpointSlices: {
    kind: 'EndpointSlice',
    group: 'discovery.k8s.io',
    version: 'v1',
    plural: 'endpointslices',
    namespaced: true,
  },
  secrets: core('Secret', 'secrets'),
  configMaps: core('ConfigMap', 'configmaps'),
  namespaces: core('Namespace', 'namespaces', false),
} as const satisfies Record<keyof ResourceSnapshot, KindInfo>;

export type ResourceName = keyof typeof KINDS;

export const RESOURCE_NAMES = Object.keys(KINDS) as ResourceName[];

/** Kinds of CRDs, which may be absent, or served at another version. */
export const isOurs = (name: ResourceName): boolean => KINDS[name].group.startsWith('gateway.');

/** Read by name, where something refers to them. */
export const isReferred = (name: ResourceName): boolean => name === 'secrets' || name === 'configMaps';

/** Kinds whose objects may refer to Secrets and ConfigMaps. */
export const REFERRING = [
  'gateways',
  'listenerSets',
  'backendTlsPolicies',
  'backends',
] as const satisfies readonly ResourceName[];

const BY_KIND: ReadonlyMap<string, ResourceName> = new Map(
  RESOURCE_NAMES.map((name) => [KINDS[name].kind, name]),
);

/** Throws for a kind that is not watched. */
export function kindNamed(kind: string): ResourceName {
  const found = BY_KIND.get(kind);
  if (found === undefined) throw new Error(`${kind} is not a kind that is watched`);
  return found;
}
