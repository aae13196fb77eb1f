/** The endpoints of one Gateway's clusters. */
import type { EndpointSlice } from '../../gatewayapi/core-kinds.ts';
import { namespacedName, type NamespacedName } from '../../gatewayapi/ref.ts';
import type { EndpointSet } from '../../ir/cluster.ts';
import type { Memo } from '../../lib/memo.ts';
import { reuseIfEqual } from '../../lib/reuse.ts';
import { serviceOf, type SnapshotIndex } from '../graph/snapshot-index.ts';
import { lowerEndpoints, type ClusterUse } from './upstreams.ts';

/** All EndpointSlices, and the slices of each Service. */
export interface Slices {
  readonly slices: readonly EndpointSlice[];
  readonly index: Pick<SnapshotIndex, 'endpointSlices'>;
}

/** `uses`: one for each cluster. */
export function lowerEndpointSets(
  uses: readonly ClusterUse[],
  { slices, index }: Slices,
  memo: Memo,
): readonly EndpointSet[] {
  const stale = usesOfChangedSlices(uses, slices, memo);
  const sourcesOf = memo.byObject('source', (use: ClusterUse) => sourceOf(use, index), { stale });
  const sources = memo.items('sources', uses, sourcesOf, { stale });
  return memo.list('sets', sources, {
    keyOf: ({ use }) => use.id,
    derive: ({ use, slices: own }) => lowerEndpoints({ id: use.id, ...use.upstream }, own),
    reuse: reuseIfEqual,
  });
}

interface Source {
  readonly use: ClusterUse;
  readonly slices: readonly EndpointSlice[];
}

function sourceOf(use: ClusterUse, index: Slices['index']): readonly Source[] {
  const { discovery, ref } = use.upstream;
  if (discovery.kind !== 'endpoints') return [];
  return [{ use, slices: index.endpointSlices(ref.namespace, ref.name) }];
}

function usesOfChangedSlices(
  uses: readonly ClusterUse[],
  slices: readonly EndpointSlice[],
  memo: Memo,
): readonly ClusterUse[] {
  const { removed, added } = memo.changes('slices', slices);
  if (removed.length + added.length === 0) return [];
  const byService = memo.value('uses by service', [uses], () => groupByService(uses));
  const services = new Set([...removed, ...added].map(serviceOf));
  return [...services].flatMap((service) => (service === null ? [] : (byService.get(service) ?? [])));
}

const groupByService = (uses: readonly ClusterUse[]): ReadonlyMap<NamespacedName, readonly ClusterUse[]> =>
  Map.groupBy(uses, ({ upstream: { ref } }) => namespacedName(ref.namespace, ref.name));
