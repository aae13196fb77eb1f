/**
 * Endpoints move far more often than anything else, and nothing but a configuration's endpoints depends on EndpointSlices: where they
 * alone differ, what `translate` gave before is brought up to date instead of made again. Pure.
 */
import type { EndpointSlice } from '../gatewayapi/core-kinds.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { Cluster } from '../ir/cluster.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { byName, namespaceOf } from './graph/object-key.ts';
import { SERVICE_NAME_LABEL } from './graph/snapshot-index.ts';
import { lowerEndpoints } from './lower/upstreams.ts';
import { withEndpoints, type Digest } from './lower/version.ts';

/** Whether two snapshots hold the same lists of everything but EndpointSlices. */
export function onlyEndpointsDiffer(before: ResourceSnapshot, after: ResourceSnapshot): boolean {
  const names = Object.keys(after) as (keyof ResourceSnapshot)[];
  return (
    Array.isArray(after.endpointSlices) &&
    names.length === Object.keys(before).length &&
    names.every((name) => name === 'endpointSlices' || before[name] === after[name])
  );
}

/**
 * What `translate` would give for `after`, where it gave `configs` for `before` and nothing but the slices differs. Slices that are the
 * same objects are not looked at, and configurations that they do not concern stay the same objects.
 */
export function moveEndpoints(
  configs: readonly GatewayConfig[],
  before: readonly EndpointSlice[],
  after: readonly EndpointSlice[],
  digest?: Digest,
): readonly GatewayConfig[] {
  const moved = servicesOf([...missingIn(before, after), ...missingIn(after, before)]);
  if (moved.size === 0) return configs;
  const slices = Map.groupBy(
    after.filter((slice) => moved.has(serviceOf(slice) ?? '')).toSorted(byName),
    (slice) => serviceOf(slice) ?? '',
  );
  return configs.map((config) => {
    const concerned = new Map(
      config.clusters.filter((cluster) => moved.has(serviceKey(cluster))).map((one) => [one.id, one]),
    );
    if (concerned.size === 0) return config;
    const endpoints = config.endpoints.map((set) => {
      const cluster = concerned.get(set.cluster);
      return cluster === undefined
        ? set
        : lowerEndpoints(useOf(cluster), slices.get(serviceKey(cluster)) ?? []);
    });
    return withEndpoints(config, endpoints, digest);
  });
}

function missingIn(
  list: readonly EndpointSlice[],
  other: readonly EndpointSlice[],
): readonly EndpointSlice[] {
  const known = new Set(other);
  return list.filter((slice) => !known.has(slice));
}

const servicesOf = (slices: readonly EndpointSlice[]): ReadonlySet<string> =>
  new Set(slices.flatMap((slice) => serviceOf(slice) ?? []));

/** `namespace/name` of the Service that a slice belongs to. */
function serviceOf(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels?.[SERVICE_NAME_LABEL];
  return name === undefined ? undefined : `${namespaceOf(slice)}/${name}`;
}

const serviceKey = ({ origin }: Cluster): string => `${origin.namespace}/${origin.name}`;

/** The name of a port is never a number; a port without a name stands by its number (`originOf`). */
const useOf = ({ id, protocol, origin }: Cluster): Parameters<typeof lowerEndpoints>[0] => ({
  id,
  protocol,
  portName: /^\d*$/.test(origin.section ?? '') ? '' : (origin.section ?? ''),
});
