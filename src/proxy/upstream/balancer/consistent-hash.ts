import type { UpstreamEndpoint } from '../endpoint.ts';
import type { Balancer } from './balancer.ts';
import { hashText, mix } from './hash.ts';
import { LeastRequest } from './least-request.ts';
import { PerList } from './per-list.ts';

const NOT_ASKED = -1;
const GOLDEN = 0x9e37_79b1;
const SECOND_SEED = 0x5bd1_e995;
/** Of the second hash, so that both together are exact in a double. */
const SECOND_BITS = 11;
const SECOND_RANGE = 2 ** (32 - SECOND_BITS);

/**
 * Requests with one key go to one endpoint. Keys fall into `tableSize` slots, and each slot belongs to the endpoint with the
 * highest score for it (rendezvous hashing). Scores depend on slot and endpoint alone, hence:
 * - every worker makes the same choice, also after a restart and for any order of endpoints;
 * - an endpoint that leaves, or is not healthy, moves its own slots and no others, spread over all that stay;
 * - a new endpoint takes about one nth of the slots from the others, and no slot moves between the others.
 *
 * A slot's owner is computed on first use and cached until the endpoints change.
 */
export class ConsistentHash implements Balancer {
  readonly #tableSize: number;
  readonly #withoutKey = new LeastRequest();
  /** By slot: index into the list. */
  readonly #owners: PerList<Int32Array>;

  constructor(tableSize: number) {
    this.#tableSize = tableSize;
    this.#owners = new PerList((last) => (last ?? new Int32Array(tableSize)).fill(NOT_ASKED));
  }

  pick(endpoints: readonly UpstreamEndpoint[], key: number, weights: Float64Array | null): UpstreamEndpoint {
    if (key < 0) return this.#withoutKey.pick(endpoints, key, weights);
    const slot = key % this.#tableSize;
    const owners = this.#owners.of(endpoints);
    let owner = owners[slot] as number;
    if (owner === NOT_ASKED) {
      owner = ownerOf(endpoints, slot);
      owners[slot] = owner;
    }
    return endpoints[owner] as UpstreamEndpoint;
  }

  pickAmong(endpoints: readonly UpstreamEndpoint[], key: number): UpstreamEndpoint {
    if (key < 0) return this.#withoutKey.pickAmong(endpoints);
    return endpoints[ownerOf(endpoints, key % this.#tableSize)] as UpstreamEndpoint;
  }
}

/** Index of the endpoint with the highest score for the slot. */
function ownerOf(endpoints: readonly UpstreamEndpoint[], slot: number): number {
  let best = 0;
  let bestScore = -1;
  for (const [index, endpoint] of endpoints.entries()) {
    const score = scoreOf(endpoint, slot);
    if (score < bestScore) continue;
    if (score === bestScore && endpoint.name > (endpoints[best] as UpstreamEndpoint).name) continue;
    best = index;
    bestScore = score;
  }
  return best;
}

interface EndpointHashes {
  readonly first: number;
  readonly second: number;
}

const hashes = new WeakMap<UpstreamEndpoint, EndpointHashes>();

/** Two hashes: with one of 32 bits, two of a few thousand endpoints might share every score, and one would get nothing. */
function scoreOf(endpoint: UpstreamEndpoint, slot: number): number {
  let known = hashes.get(endpoint);
  if (known === undefined) {
    known = { first: hashText(endpoint.name), second: hashText(endpoint.name, SECOND_SEED) };
    hashes.set(endpoint, known);
  }
  const step = Math.imul(slot + 1, GOLDEN);
  return mix(known.first + step) * SECOND_RANGE + (mix(known.second ^ step) >>> SECOND_BITS);
}
