/** What the control plane is measured with: routes of one rule, each with a hostname and a Service of its own. */
import { setTimeout as delay } from 'node:timers/promises';
import { ApiError, type KubeClient, type KubeObject } from '../../src/kubeapi/client.ts';
import { collectionPath, objectPath } from '../../src/kubeapi/kind-info.ts';
import { KINDS, type ListName } from '../../src/gatewayapi/kinds.ts';
import { kindAtVersion } from '../../src/provider/kubernetes/kind-at-version.ts';

export const NAMESPACE = 'sluice-bench';
export const GATEWAY = 'bench';
const PARALLEL = 24;
const API = 'gateway.networking.k8s.io/v1';

export interface Target {
  readonly address: string;
  readonly port: number;
}

export const hostnameOf = (index: number, generation = 0): string =>
  `r${index}${generation === 0 ? '' : `-${generation}`}.bench.example`;

const metadata = (name: string): object => ({ namespace: NAMESPACE, name });

export const routeObject = (index: number, generation = 0): object => ({
  apiVersion: API,
  kind: 'HTTPRoute',
  metadata: metadata(`route-${index}`),
  spec: {
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: GATEWAY }],
    hostnames: [hostnameOf(index, generation)],
    rules: [
      {
        matches: [{ path: { type: 'PathPrefix', value: '/' } }],
        backendRefs: [{ group: '', kind: 'Service', name: `service-${index}`, port: 80, weight: 1 }],
      },
    ],
  },
});

const serviceObject = (index: number): object => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadata(`service-${index}`),
  // Without a selector: the slices are ours. With the default type, as a real API server stores it.
  spec: { type: 'ClusterIP', ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 80 }] },
});

export const sliceObject = (index: number, { address, port }: Target): object => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: {
    ...metadata(`service-${index}-1`),
    labels: { 'kubernetes.io/service-name': `service-${index}` },
  },
  addressType: 'IPv4',
  ports: [{ name: 'http', port, protocol: 'TCP' }],
  endpoints: [{ addresses: [address], conditions: { ready: true, serving: true, terminating: false } }],
});

const FRAME: readonly (readonly [ListName, object])[] = [
  ['namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } }],
  [
    'gatewayClasses',
    {
      apiVersion: API,
      kind: 'GatewayClass',
      metadata: { name: 'sluice' },
      spec: { controllerName: 'sluice.dev/gateway-controller' },
    },
  ],
  [
    'gateways',
    {
      apiVersion: API,
      kind: 'Gateway',
      metadata: metadata(GATEWAY),
      spec: {
        gatewayClassName: 'sluice',
        listeners: [
          { name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from: 'Same' } } },
        ],
      },
    },
  ],
];

/** What the routes need: namespace, class and Gateway. What is there already stays. */
export async function createFrame(client: KubeClient): Promise<void> {
  for (const [name, object] of FRAME) await create(client, name, object);
}

/** Creates Services, slices and routes, each with what it names before it. */
export async function createAll(client: KubeClient, count: number, target: Target): Promise<void> {
  const indexes = Array.from({ length: count }, (_, index) => index);
  await inParallel(indexes, async (index) => {
    await create(client, 'services', serviceObject(index));
    await create(client, 'endpointSlices', sliceObject(index, target));
    await create(client, 'httpRoutes', routeObject(index));
  });
}

async function create(client: KubeClient, name: ListName, object: object): Promise<void> {
  const kind = kindAtVersion(KINDS[name]);
  try {
    await client.call({
      method: 'POST',
      path: collectionPath(kind, kind.namespaced ? NAMESPACE : null),
      body: object,
    });
  } catch (error) {
    if (!(error instanceof ApiError && error.status === 409)) throw error;
  }
}

/** Merge patch, as `kubectl patch` sends it. */
export async function patch(client: KubeClient, name: ListName, object: string, body: object): Promise<void> {
  await client.call({
    method: 'PATCH',
    path: objectPath(kindAtVersion(KINDS[name]), NAMESPACE, object),
    contentType: 'application/merge-patch+json',
    body,
  });
}

export async function list(client: KubeClient, name: ListName): Promise<readonly KubeObject[]> {
  const path = collectionPath(kindAtVersion(KINDS[name]), NAMESPACE);
  const { items } = (await client.call({ method: 'GET', path })) as { readonly items: readonly KubeObject[] };
  return items;
}

/** Deletes the namespace with all that is in it (a real cluster), and the class. */
export async function deleteAll(client: KubeClient): Promise<void> {
  for (const [kind, name] of [
    [KINDS.namespaces, NAMESPACE],
    [KINDS.gatewayClasses, 'sluice'],
  ] as const) {
    await client
      .call({ method: 'DELETE', path: objectPath(kindAtVersion(kind), '', name) })
      .catch(() => undefined);
  }
}

/** Asks every 50 ms until it holds; throws after the limit. */
export async function until(what: string, holds: () => Promise<boolean>, limitMs = 120_000): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(`waited in vain for ${what}`);
    await delay(50);
  }
}

async function inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const queue = items.values();
  const worker = async (): Promise<void> => {
    for (const item of queue) await work(item);
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
}
