/** What `--echo` adds to the resources: endpoints, at the echo backend, for Services that have none. Pure. */
import type { EndpointSlice, Service } from '../gatewayapi/core-kinds.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';

/** One TCP port of a Service without endpoints. */
export interface EchoTarget {
  readonly service: Service;
  /** `namespace/name`, which the echo backend includes in its responses. */
  readonly serviceName: string;
  readonly port: number;
  /** `` when the Service names none. */
  readonly portName: string;
}

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const ECHO_ADDRESS = '127.0.0.1';

export const echoKey = ({ serviceName, port }: EchoTarget): string => `${serviceName}:${String(port)}`;

export function servicesWithoutEndpoints({ services, endpointSlices }: ResourceSnapshot): EchoTarget[] {
  const served = new Set(endpointSlices.filter(hasEndpoints).map(ownerOf));
  return services
    .filter(({ spec }) => spec?.type !== 'ExternalName' && spec?.externalName === undefined)
    .filter((service) => !served.has(nameOf(service)))
    .flatMap((service) =>
      (service.spec?.ports ?? [])
        .filter(({ protocol = 'TCP' }) => protocol === 'TCP')
        .map(({ port, name = '' }) => ({ service, serviceName: nameOf(service), port, portName: name })),
    );
}

/** The snapshot with one slice for each target; `portOf` is the port of the echo backend for it, null if it does not listen yet. */
export function withEchoEndpoints(
  snapshot: ResourceSnapshot,
  targets: readonly EchoTarget[],
  portOf: (target: EchoTarget) => number | null,
): ResourceSnapshot {
  const slices = targets.flatMap((target) => {
    const port = portOf(target);
    return port === null ? [] : [echoSlice(target, port)];
  });
  return { ...snapshot, endpointSlices: [...snapshot.endpointSlices, ...slices] };
}

function echoSlice({ service, port: servicePort, portName }: EchoTarget, port: number): EndpointSlice {
  const { name, namespace } = service.metadata;
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name: `${name}-echo-${String(servicePort)}`,
      ...(namespace === undefined ? {} : { namespace }),
      labels: { [SERVICE_NAME_LABEL]: name },
    },
    addressType: 'IPv4',
    endpoints: [{ addresses: [ECHO_ADDRESS], conditions: { ready: true } }],
    ports: [{ name: portName, port, protocol: 'TCP' }],
  };
}

const hasEndpoints = ({ endpoints }: EndpointSlice): boolean => (endpoints ?? []).length > 0;

const ownerOf = ({ metadata }: EndpointSlice): string =>
  `${metadata.namespace ?? ''}/${metadata.labels?.[SERVICE_NAME_LABEL] ?? ''}`;

const nameOf = ({ metadata }: Service): string => `${metadata.namespace ?? ''}/${metadata.name}`;
