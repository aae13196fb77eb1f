/** The missing resources that `--echo` can substitute: Services of backendRefs and Secrets of listeners. Pure. */
import type { Secret, Service, ServicePort } from '../gatewayapi/core-kinds.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';

export interface MissingCertificate {
  readonly namespace: string;
  readonly name: string;
  /** DNS names and IP addresses that it should have. */
  readonly names: readonly string[];
}

/** Names by which clients of this machine reach a listener without a hostname. */
const LOCAL_NAMES = ['localhost', '127.0.0.1', '::1'];
/** Maximum number of names in a certificate. */
const NAME_LIMIT = 100;

interface Ref {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly port?: number;
}

interface AnyRoute {
  readonly metadata: { readonly namespace?: string };
  readonly spec: { readonly rules?: readonly { readonly backendRefs?: readonly Ref[] }[] };
}

const keyOf = (namespace: string, name: string): string => `${namespace}/${name}`;

/** A Service for each one that routes refer to and that does not exist, with the ports they name. UDP has no echo backend. */
export function missingServices(snapshot: ResourceSnapshot): Service[] {
  const { services, httpRoutes, grpcRoutes, tlsRoutes, tcpRoutes } = snapshot;
  const there = new Set(services.map(({ metadata }) => keyOf(metadata.namespace ?? '', metadata.name)));
  const routes: readonly AnyRoute[] = [...httpRoutes, ...grpcRoutes, ...tlsRoutes, ...tcpRoutes];
  const missing = new Map<string, { namespace: string; name: string; ports: Set<number> }>();
  for (const { metadata, spec } of routes) {
    for (const ref of (spec.rules ?? []).flatMap(({ backendRefs = [] }) => backendRefs)) {
      if ((ref.group ?? '') !== '' || (ref.kind ?? 'Service') !== 'Service' || ref.port === undefined)
        continue;
      const namespace = ref.namespace ?? metadata.namespace ?? '';
      const key = keyOf(namespace, ref.name);
      if (there.has(key)) continue;
      const service = missing.get(key) ?? { namespace, name: ref.name, ports: new Set<number>() };
      missing.set(key, service);
      service.ports.add(ref.port);
    }
  }
  return [...missing.values()].map(({ namespace, name, ports }) => serviceOf(namespace, name, [...ports]));
}

const serviceOf = (namespace: string, name: string, ports: readonly number[]): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace },
  spec: {
    ports: ports.map((port): ServicePort => ({ name: `port-${String(port)}`, port, protocol: 'TCP' })),
  },
});

/** The Secrets that listeners refer to for their certificate and that do not exist. */
export function missingCertificates(snapshot: ResourceSnapshot): MissingCertificate[] {
  const there = new Set(
    snapshot.secrets.map(({ metadata }) => keyOf(metadata.namespace ?? '', metadata.name)),
  );
  const anyName = [...routeNames(snapshot), ...LOCAL_NAMES];
  const missing = new Map<string, MissingCertificate>();
  for (const { namespace, name, hostname } of certificateRefs(snapshot)) {
    const key = keyOf(namespace, name);
    if (there.has(key)) continue;
    const names = [...(missing.get(key)?.names ?? []), ...(hostname === undefined ? anyName : [hostname])];
    missing.set(key, { namespace, name, names: [...new Set(names)] });
  }
  return [...missing.values()];
}

interface CertificateRef {
  readonly namespace: string;
  readonly name: string;
  /** Of the listener. */
  readonly hostname: string | undefined;
}

const certificateRefs = ({ gateways, listenerSets }: ResourceSnapshot): CertificateRef[] =>
  [...gateways, ...listenerSets].flatMap(({ metadata, spec }) =>
    spec.listeners.flatMap(({ hostname, tls }) =>
      (tls?.certificateRefs ?? [])
        .filter(({ group = '', kind = 'Secret' }) => group === '' && kind === 'Secret')
        .map(({ namespace = metadata.namespace ?? '', name }) => ({ namespace, name, hostname })),
    ),
  );

function routeNames({ httpRoutes, grpcRoutes, tlsRoutes }: ResourceSnapshot): string[] {
  const names = [...httpRoutes, ...grpcRoutes, ...tlsRoutes].flatMap(({ spec }) => spec.hostnames ?? []);
  return [...new Set(names)].slice(0, NAME_LIMIT);
}

export const secretOf = (
  { namespace, name }: Pick<MissingCertificate, 'namespace' | 'name'>,
  { certificatePem, keyPem }: { readonly certificatePem: string; readonly keyPem: string },
): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name, namespace },
  type: 'kubernetes.io/tls',
  data: {
    'tls.crt': Buffer.from(certificatePem).toString('base64'),
    'tls.key': Buffer.from(keyPem).toString('base64'),
  },
});
