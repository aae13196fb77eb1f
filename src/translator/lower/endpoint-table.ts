/** The endpoints of one Gateway's clusters, from one translation to the next: those of a Service whose slices are the same stay as they are. */
import type { EndpointSlice } from '../../gatewayapi/core-kinds.ts';
import type { EndpointSet } from '../../ir/cluster.ts';
import type { ClusterId } from '../../ir/ids.ts';
import { DerivedItems } from '../../lib/derived-items.ts';
import { reuseIfEqual } from '../../lib/reuse.ts';
import { diffByIdentity } from '../../lib/list-diff.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import { namespacedName, type NamespacedName } from '../../gatewayapi/ref.ts';
import { serviceOf, type SnapshotIndex } from '../graph/snapshot-index.ts';
import { lowerEndpoints, type ClusterUse } from './upstreams.ts';
import { digestOf, joinDigests, type Digest } from './version.ts';

interface Entry {
  readonly use: ClusterUse;
  readonly slices: readonly EndpointSlice[];
  readonly set: EndpointSet;
  readonly digest: string;
}

const usesByService = memoizeByKey(
  (uses: readonly ClusterUse[]): ReadonlyMap<NamespacedName, readonly ClusterUse[]> =>
    Map.groupBy(uses, ({ upstream: { ref } }) => namespacedName(ref.namespace, ref.name)),
);

export class EndpointTable {
  readonly #digest: Digest;
  readonly #entries = new Map<ClusterId, Entry>();
  readonly #inOrder = new DerivedItems<ClusterUse, Entry>();
  readonly #sets = new DerivedItems<Entry, EndpointSet>();
  readonly #digests = new DerivedItems<Entry, string>();
  #uses: readonly ClusterUse[] = [];
  #slices: readonly EndpointSlice[] = [];
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
    this.#takeSlices(slices);
    const entries = this.#inOrder.update(uses, (use) => {
      if (use.upstream.discovery.kind !== 'endpoints') return [];
      const { namespace, name } = use.upstream.ref;
      return [this.#entryOf(use, index.endpointSlices(namespace, name))];
    });
    for (const use of diffByIdentity(this.#uses, uses).removed) {
      if (this.#entries.get(use.id)?.use === use) this.#entries.delete(use.id);
    }
    this.#uses = uses;
    const sets = this.#sets.update(entries, ({ set }) => [set]);
    if (sets !== this.sets) {
      this.sets = sets;
      this.digest = joinDigests(
        this.#digests.update(entries, ({ digest }) => [digest]),
        this.#digest,
      );
    }
    return sets;
  }

  #takeSlices(slices: readonly EndpointSlice[]): void {
    const { removed, added } = diffByIdentity(this.#slices, slices);
    this.#slices = slices;
    if (removed.length + added.length === 0) return;
    const byService = usesByService(this.#uses);
    const services = new Set([...removed, ...added].map(serviceOf));
    this.#inOrder.forget([...services].flatMap((name) => (name === null ? [] : (byService.get(name) ?? []))));
  }

  #entryOf(use: ClusterUse, slices: readonly EndpointSlice[]): Entry {
    const known = this.#entries.get(use.id);
    if (known !== undefined && known.use === use && known.slices === slices) return known;
    const { protocol, portName } = use.upstream;
    const set = reuseIfEqual(known?.set, lowerEndpoints({ id: use.id, protocol, portName }, slices));
    const digest =
      known !== undefined && set === known.set ? known.digest : digestOf(JSON.stringify(set), this.#digest);
    const entry = { use, slices, set, digest };
    this.#entries.set(use.id, entry);
    return entry;
  }
}
