/**
 * Every kind that Sluice reads, by the name of its list in the snapshot. Watches, discovery, the file reader, `ResourceSnapshot`, statuses,
 * RBAC rules and the table of kinds in the documentation are derived from this table; the rows of the kinds that Sluice itself defines are
 * derived from their CRDs. CONTRIBUTING.md says how to add one.
 */
import { OWN_KINDS } from './generated/own-kinds.ts';
import { GATEWAY_API, KUBERNETES, POLICY, type KindTable, type StatusShape } from './kind.ts';
import { EXPERIMENTAL_GROUP } from './ref.ts';

const EXPERIMENTAL = { ...GATEWAY_API, group: EXPERIMENTAL_GROUP, versions: ['v1alpha1'] } as const;
const ROUTE = { status: 'route' } as const;
/** Stored by package managers and the API server itself, large in number, and never a certificate. */
const NO_INTERNAL_SECRETS = 'type!=helm.sh/release.v1,type!=kubernetes.io/service-account-token';

// One line a kind.
// prettier-ignore
export const KINDS = {
  gatewayClasses: { ...GATEWAY_API, kind: 'GatewayClass', plural: 'gatewayclasses', versions: ['v1', 'v1beta1'], namespaced: false, status: 'gatewayClass' },
  gateways: { ...GATEWAY_API, kind: 'Gateway', plural: 'gateways', versions: ['v1', 'v1beta1'], followReferences: true, status: 'gateway' },
  listenerSets: { ...GATEWAY_API, kind: 'ListenerSet', plural: 'listenersets', followReferences: true, status: 'listenerSet' },
  httpRoutes: { ...GATEWAY_API, ...ROUTE, kind: 'HTTPRoute', plural: 'httproutes', versions: ['v1', 'v1beta1'] },
  grpcRoutes: { ...GATEWAY_API, ...ROUTE, kind: 'GRPCRoute', plural: 'grpcroutes' },
  tlsRoutes: { ...GATEWAY_API, ...ROUTE, kind: 'TLSRoute', plural: 'tlsroutes', versions: ['v1', 'v1alpha3', 'v1alpha2'] },
  tcpRoutes: { ...GATEWAY_API, ...ROUTE, kind: 'TCPRoute', plural: 'tcproutes', versions: ['v1', 'v1alpha2'] },
  udpRoutes: { ...GATEWAY_API, ...ROUTE, kind: 'UDPRoute', plural: 'udproutes', versions: ['v1', 'v1alpha2'] },
  referenceGrants: { ...GATEWAY_API, kind: 'ReferenceGrant', plural: 'referencegrants', versions: ['v1', 'v1beta1'] },
  backendTlsPolicies: { ...GATEWAY_API, ...POLICY, kind: 'BackendTLSPolicy', plural: 'backendtlspolicies', versions: ['v1', 'v1alpha3'], followReferences: true },
  backendTrafficPolicies: { ...EXPERIMENTAL, ...POLICY, kind: 'XBackendTrafficPolicy', plural: 'xbackendtrafficpolicies' },
  backends: { ...EXPERIMENTAL, kind: 'XBackend', plural: 'xbackends', followReferences: true, status: 'backend' },
  ...OWN_KINDS,
  services: { ...KUBERNETES, kind: 'Service', plural: 'services' },
  endpointSlices: { ...KUBERNETES, kind: 'EndpointSlice', plural: 'endpointslices', group: 'discovery.k8s.io' },
  secrets: { ...KUBERNETES, kind: 'Secret', plural: 'secrets', read: 'referenced', fieldSelector: NO_INTERNAL_SECRETS },
  configMaps: { ...KUBERNETES, kind: 'ConfigMap', plural: 'configmaps', read: 'referenced' },
  namespaces: { ...KUBERNETES, kind: 'Namespace', plural: 'namespaces', namespaced: false },
} as const satisfies KindTable;

export type Kinds = typeof KINDS;
/** The name of a list of the snapshot. */
export type ListName = keyof Kinds;

type KindWith<Fields> = Extract<Kinds[ListName], Fields>['kind'];
export type KindWithStatus<Shape extends StatusShape> = KindWith<{ readonly status: Shape }>;

const LISTS: ReadonlyMap<string, ListName> = new Map(
  (Object.keys(KINDS) as ListName[]).map((list) => [KINDS[list].kind, list]),
);

/** The list of a kind; null for one that Sluice does not read. */
export const listOfKind = (kind: string): ListName | null => LISTS.get(kind) ?? null;
