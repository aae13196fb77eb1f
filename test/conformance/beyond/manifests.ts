/** Objects that the tests beyond the suite put into the cluster. */
import { SLUICE_IMAGE } from '../sluice-image.ts';

type Manifest = Readonly<Record<string, unknown>>;

export const GATEWAY_API = 'gateway.networking.k8s.io/v1';

export const namespace = (name: string): Manifest => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

/** `sluice echo` as a Deployment behind a Service of the same name, on port 80. */
export function echoApp(namespaceName: string, name: string, replicas: number): readonly Manifest[] {
  const metadata = { namespace: namespaceName, name };
  const labels = { app: name };
  const container = {
    name: 'echo',
    image: `${SLUICE_IMAGE.repository}:${SLUICE_IMAGE.tag}`,
    imagePullPolicy: 'Never',
    args: ['echo', '--port', '8080', '--bind', '0.0.0.0', '--name', name],
    ports: [{ containerPort: 8080 }],
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
    // A pod is told to end before its endpoint is gone everywhere: it serves on until it is (KEP-1669).
    lifecycle: { preStop: { sleep: { seconds: 5 } } },
  };
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        replicas,
        selector: { matchLabels: labels },
        strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: { metadata: { labels }, spec: { containers: [container] } },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
  ];
}

/** A Gateway that terminates TLS on port 443 with the Secret `certificate`. */
export const tlsGateway = (namespaceName: string, name: string, certificate: string): Manifest => ({
  apiVersion: GATEWAY_API,
  kind: 'Gateway',
  metadata: { namespace: namespaceName, name },
  spec: {
    gatewayClassName: 'sluice',
    listeners: [
      { name: 'https', port: 443, protocol: 'HTTPS', tls: { certificateRefs: [{ name: certificate }] } },
    ],
  },
});

export const tlsSecret = (
  namespaceName: string,
  name: string,
  pair: { readonly certificatePem: string; readonly keyPem: string },
): Manifest => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: namespaceName, name },
  type: 'kubernetes.io/tls',
  stringData: { 'tls.crt': pair.certificatePem, 'tls.key': pair.keyPem },
});

export const gateway = (namespaceName: string, name: string, from: 'Same' | 'All' = 'Same'): Manifest => ({
  apiVersion: GATEWAY_API,
  kind: 'Gateway',
  metadata: { namespace: namespaceName, name },
  spec: {
    gatewayClassName: 'sluice',
    listeners: [{ name: 'http', port: 80, protocol: 'HTTP', allowedRoutes: { namespaces: { from } } }],
  },
});

export interface RouteSpec {
  readonly namespace: string;
  readonly name: string;
  readonly host: string;
  readonly gateway: { readonly name: string; readonly namespace?: string };
  readonly backend: { readonly name: string; readonly namespace?: string };
}

export const httpRoute = ({
  namespace: home,
  name,
  host,
  gateway: parent,
  backend,
}: RouteSpec): Manifest => ({
  apiVersion: GATEWAY_API,
  kind: 'HTTPRoute',
  metadata: { namespace: home, name },
  spec: {
    parentRefs: [parent],
    hostnames: [host],
    rules: [{ backendRefs: [{ ...backend, port: 80 }] }],
  },
});
