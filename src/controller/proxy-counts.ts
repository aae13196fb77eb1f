/** How many proxies of each Gateway serve: the endpoints of the Service that is generated for it, which every replica sees. */
import type { EndpointSlice, EndpointSliceEndpoint } from '../gatewayapi/core-kinds.ts';
import { dataPlaneOf, type DataPlaneId } from '../ir/data-plane-id.ts';
import type { InfraSpec } from '../ir/infra.ts';
import { resourceName, type Hash } from '../infrastructure/kubernetes/names.ts';
import { memoizeLast } from '../lib/memoize-last.ts';

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';

export class ProxyCounts {
  readonly #dataPlanes: (inputs: {
    readonly infra: readonly InfraSpec[];
  }) => ReadonlyMap<string, DataPlaneId>;
  readonly #counts = memoizeLast(({ dataPlanes, slices }: Inputs): ReadonlyMap<DataPlaneId, number> =>
    count(dataPlanes, slices),
  );

  constructor(hash: Hash) {
    this.#dataPlanes = memoizeLast(({ infra }) => {
      const serviceOf = (spec: InfraSpec): string => `${spec.gateway.namespace}/${resourceName(spec, hash)}`;
      return new Map(infra.map((spec) => [serviceOf(spec), dataPlaneOf(spec.gateway)]));
    });
  }

  /** By data plane; absent for a Gateway none of whose proxies is known to serve. */
  of(infra: readonly InfraSpec[], slices: readonly EndpointSlice[]): ReadonlyMap<DataPlaneId, number> {
    return this.#counts({ dataPlanes: this.#dataPlanes({ infra }), slices });
  }
}

interface Inputs {
  /** By namespace and name of the Service. */
  readonly dataPlanes: ReadonlyMap<string, DataPlaneId>;
  readonly slices: readonly EndpointSlice[];
}

function count(
  dataPlanes: Inputs['dataPlanes'],
  slices: readonly EndpointSlice[],
): ReadonlyMap<DataPlaneId, number> {
  const found = new Map<DataPlaneId, Map<EndpointSlice['addressType'], Set<string>>>();
  for (const { metadata, addressType, endpoints } of slices) {
    const service = metadata.labels?.[SERVICE_NAME_LABEL] ?? '';
    const dataPlane = dataPlanes.get(`${metadata.namespace ?? ''}/${service}`);
    if (dataPlane === undefined) continue;
    const families = found.get(dataPlane) ?? new Map<EndpointSlice['addressType'], Set<string>>();
    const addresses = families.get(addressType) ?? new Set<string>();
    found.set(dataPlane, families.set(addressType, addresses));
    // One endpoint may be in two slices for a moment.
    for (const endpoint of endpoints ?? [])
      if (isServing(endpoint)) addresses.add(endpoint.addresses[0] ?? '');
  }
  return new Map(
    [...found].flatMap(([dataPlane, families]) => {
      // A pod with two families has an endpoint in each.
      const proxies = Math.max(...[...families.values()].map(({ size }) => size));
      return proxies === 0 ? [] : [[dataPlane, proxies] as const];
    }),
  );
}

/** A proxy that drains still serves. */
const isServing = ({ conditions }: EndpointSliceEndpoint): boolean =>
  conditions?.serving ?? conditions?.ready ?? true;
