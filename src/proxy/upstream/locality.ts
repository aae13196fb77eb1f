/** Endpoints near the proxy: its node, its zone. */
import type { Endpoint } from '../../ir/cluster.ts';
import { NO_KEY } from './balancer/balancer.ts';

/** Where the proxy runs; `` = not known, and then nothing is near. */
export interface Locality {
  readonly zone: string;
  readonly node: string;
}

export const NOWHERE: Locality = { zone: '', node: '' };

export interface PlacedEndpoint {
  readonly zone: Endpoint['zone'];
  readonly hints: Endpoint['hints'] | undefined;
}

/**
 * The endpoints for new requests; all of them if none are left. In this order:
 * - hints for nodes, when every endpoint has some and this node is among them (Service `trafficDistribution: PreferSameNode`);
 * - the proxy's own zone, when there are at least `minEndpoints` endpoints altogether (a policy's; null = it does not say);
 * - hints for zones, as those for nodes (KEP-2433): what EndpointSlices say for `PreferSameZone` and `PreferClose`.
 */
export function nearest<E extends PlacedEndpoint>(
  endpoints: readonly E[],
  { zone, node }: Locality,
  minEndpoints: number | null,
): readonly E[] {
  const byNode = hinted(endpoints, node, (hints) => hints.nodes);
  if (byNode.length > 0) return byNode;
  if (minEndpoints !== null) {
    const local = zone === '' ? [] : endpoints.filter((endpoint) => endpoint.zone === zone);
    return local.length > 0 && endpoints.length >= minEndpoints ? local : endpoints;
  }
  const byZone = hinted(endpoints, zone, (hints) => hints.zones);
  return byZone.length > 0 ? byZone : endpoints;
}

type Hints = NonNullable<Endpoint['hints']>;

function hinted<E extends PlacedEndpoint>(
  endpoints: readonly E[],
  place: string,
  read: (hints: Hints) => readonly string[],
): readonly E[] {
  if (place === '') return [];
  const placesOf = ({ hints }: E): readonly string[] => (hints === undefined ? [] : read(hints));
  if (endpoints.some((endpoint) => placesOf(endpoint).length === 0)) return [];
  return endpoints.filter((endpoint) => placesOf(endpoint).includes(place));
}

/** Selects the share of requests that stay local. */
export class LocalShare {
  readonly #percent: number;
  #credit = 0;

  /** `percent` is 1 to 99. */
  constructor(percent: number) {
    this.#percent = percent;
  }

  /** Exact over time; what is hashed (`key` is not `NO_KEY`) goes the same way each time. */
  isLocal(key: number): boolean {
    if (key !== NO_KEY) return key % 100 < this.#percent;
    this.#credit += this.#percent;
    if (this.#credit < 100) return false;
    this.#credit -= 100;
    return true;
  }
}
