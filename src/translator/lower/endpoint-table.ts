/** The endpoints of one Gateway's clusters, from one translation to the next: those of a Service whose slices are the same stay as they are. */
import type { EndpointSlice } from '../../gatewayapi/core-kinds.ts';
import type { EndpointSet } from '../../ir/cluster.ts';
import type { ClusterId } from '../../ir/ids.ts';
import { keepList, keepSame } from '../../lib/keep-same.ts';
import type { SnapshotIndex } from '../graph/snapshot-index.ts';
import { lowerEndpoints, type ClusterUse } from './upstreams.ts';
import { digestOf, joinDigests, type Digest } from './version.ts';

interface Entry {
  readonly use: ClusterUse;
  readonly slices: readonly EndpointSlice[];
  readonly set: EndpointSet;
  readonly digest: string;
}

export class EndpointTable {
  readonly #digest: Digest;
  #entries = new Map<ClusterId, Entry>();
  #from: readonly [uses: readonly ClusterUse[], slices: readonly EndpointSlice[]] | null = null;
  /** The same array until something changes. */
  sets: readonly EndpointSet[] = [];
  /** Of all sets in their order. */
  digest: string;

  constructor(digest: Digest) {
    this.#digest = digest;
    this.digest = joinDigests([], digest);
  }

  /** `uses`: one for each cluster; `slices`: all there are, as `index` has them. */
  update(
    uses: readonly ClusterUse[],
    slices: readonly EndpointSlice[],
    index: SnapshotIndex,
  ): readonly EndpointSet[] {
    if (this.#from?.[0] === uses && this.#from[1] === slices) return this.sets;
    this.#from = [uses, slices];
    const entries = new Map<ClusterId, Entry>();
    for (const use of uses) {
      if (use.upstream.discovery.kind !== 'endpoints') continue;
      const { namespace, name } = use.upstream.ref;
      entries.set(use.id, this.#entryOf(use, index.endpointSlices(namespace, name)));
    }
    this.#entries = entries;
    const all = [...entries.values()];
    const sets = keepList(
      this.sets,
      all.map(({ set }) => set),
    );
    if (sets !== this.sets) {
      this.sets = sets;
      this.digest = joinDigests(
        all.map(({ digest }) => digest),
        this.#digest,
      );
    }
    return sets;
  }

  #entryOf(use: ClusterUse, slices: readonly EndpointSlice[]): Entry {
    const known = this.#entries.get(use.id);
    if (known !== undefined && known.use === use && known.slices === slices) return known;
    const { protocol, portName } = use.upstream;
    const set = keepSame(known?.set, lowerEndpoints({ id: use.id, protocol, portName }, slices));
    const digest =
      known !== undefined && set === known.set ? known.digest : digestOf(JSON.stringify(set), this.#digest);
    return { use, slices, set, digest };
  }
}
