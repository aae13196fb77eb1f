/** A fake API server with what a cluster with the Gateway API has, and objects to put into it. */
import type { ApiServer } from '../../src/kubeapi/kube-config.ts';
import { REGISTRY, type KindRegistry } from '../../src/gatewayapi/kind-registry.ts';
import { GATEWAY_API_CRDS } from '../../src/provider/kubernetes/crd-versions.ts';
import { CONTROLLER_NAME } from '../../src/translator/types.ts';
import { textOf, type JsonObject } from './fake-api/server-side-apply.ts';
import { FakeApiServer } from './fake-api/server.ts';
import type { StoredObject } from './fake-api/store.ts';

const GATEWAY_GROUP = 'gateway.networking.k8s.io';
/** Kinds that the controller does not read as input. */
const OTHER_RESOURCES: Readonly<Record<string, string>> = {
  ServiceAccount: '/serviceaccounts',
  Deployment: 'apps/deployments',
  CustomResourceDefinition: 'apiextensions.k8s.io/customresourcedefinitions',
};

/** The resource (`group/plural`) of a kind. Throws for one that no test has needed yet. */
function resourceOfKind(registry: KindRegistry, kind: string): string {
  const read = registry.named(kind);
  const resource = read === null ? OTHER_RESOURCES[kind] : `${read.group}/${read.plural}`;
  if (resource === undefined) throw new Error(`name the resource of ${kind} in kube-cluster.ts`);
  return resource;
}

export interface KubeCluster {
  readonly api: FakeApiServer;
  readonly apiServer: ApiServer;
  create(...objects: JsonObject[]): void;
  /** The current object; throws if it does not exist. */
  get(kind: string, namespace: string, name: string): StoredObject;
  patch(kind: string, namespace: string, name: string, patch: JsonObject): StoredObject;
  remove(kind: string, namespace: string, name: string): void;
}

/** Started, with the CRDs and the namespaces `sluice-system` and `default`. Stop its `api`. */
export async function startCluster(registry: KindRegistry = REGISTRY): Promise<KubeCluster> {
  const api = new FakeApiServer();
  // As the bundle of v1.6 serves them.
  for (const { group, plural, versions } of registry.custom) api.served.set(`${group}/${plural}`, versions);
  const resourceOf = (kind: string): string => resourceOfKind(registry, kind);
  await api.start();
  const cluster: KubeCluster = {
    api,
    apiServer: api.access,
    create(...objects) {
      for (const object of objects) api.store.create(resourceOf(textOf(object['kind'])), object, 'kubectl');
    },
    get(kind, namespace, name) {
      const object = api.store.get(resourceOf(kind), namespace, name);
      if (object === null) throw new Error(`no ${kind} ${namespace}/${name}`);
      return object;
    },
    patch: (kind, namespace, name, patch) => api.store.merge(resourceOf(kind), namespace, name, patch),
    remove(kind, namespace, name) {
      api.store.delete(resourceOf(kind), namespace, name);
    },
  };
  cluster.create(
    ...['sluice-system', 'default'].map(namespaceObject),
    ...GATEWAY_API_CRDS.map((name) => crdObject(name, 'v1.6.3')),
  );
  return cluster;
}

export const namespaceObject = (name: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
});

const crdObject = (name: string, version: string): JsonObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name,
    annotations: {
      'gateway.networking.k8s.io/bundle-version': version,
      'gateway.networking.k8s.io/channel': 'experimental',
    },
  },
});

export const classObject = (name = 'sluice', controllerName = CONTROLLER_NAME): JsonObject => ({
  apiVersion: `${GATEWAY_GROUP}/v1`,
  kind: 'GatewayClass',
  metadata: { name },
  spec: { controllerName },
});

/** With one HTTP listener at port 80, unless `spec` says otherwise. */
export const gatewayObject = (name: string, namespace = 'default', spec: JsonObject = {}): JsonObject => ({
  apiVersion: `${GATEWAY_GROUP}/v1`,
  kind: 'Gateway',
  metadata: { namespace, name },
  spec: {
    gatewayClassName: 'sluice',
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'All' } } }],
    ...spec,
  },
});

export interface RouteParts {
  readonly gateway: string;
  readonly hostname: string;
  readonly service: string;
  readonly namespace?: string;
}

/** One rule, one match, one backend at port 80. */
export const routeObject = (name: string, parts: RouteParts): JsonObject => ({
  apiVersion: `${GATEWAY_GROUP}/v1`,
  kind: 'HTTPRoute',
  metadata: { namespace: parts.namespace ?? 'default', name },
  spec: {
    parentRefs: [{ group: GATEWAY_GROUP, kind: 'Gateway', name: parts.gateway, namespace: 'default' }],
    hostnames: [parts.hostname],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        backendRefs: [{ group: '', kind: 'Service', name: parts.service, port: 80, weight: 1 }],
      },
    ],
  },
});

export const serviceObject = (name: string, namespace = 'default'): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace, name },
  spec: {
    type: 'ClusterIP',
    clusterIP: '10.96.0.10',
    clusterIPs: ['10.96.0.10'],
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }],
  },
});

/** The endpoints of a Service, each `address:port`. */
export const sliceObject = (
  service: string,
  endpoints: readonly string[],
  namespace = 'default',
): JsonObject => {
  const port = Number(/:(\d+)$/.exec(endpoints[0] ?? '')?.[1] ?? '80');
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${service}-1`, labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port, protocol: 'TCP' }],
    endpoints: endpoints.map((endpoint) => ({
      addresses: [endpoint.replace(/:\d+$/, '')],
      conditions: { ready: true, serving: true, terminating: false },
    })),
  };
};
