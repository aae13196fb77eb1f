/**
 * Lowers filters of the graph to filters of the data plane, in the order they are written. A filter that cannot be lowered closes its
 * rule or backend: without it, requests that it should stop would pass.
 */
import type { Filter } from '../../ir/filter.ts';
import { failure, success, type Result } from '../../lib/result.ts';
import type { FilterNode, Upstream } from '../graph/nodes.ts';
import type { FilterTarget } from './filter-kind.ts';

/** Returns the cluster for a filter's requests to an upstream, and adds it to the configuration. */
export type TargetOf = (upstream: Upstream) => FilterTarget;

/** The filters, or why requests must be answered with an error. */
export function lowerFilters(
  filters: readonly FilterNode[],
  targetOf: TargetOf,
): Result<readonly Filter[], string> {
  const lowered: Filter[] = [];
  for (const node of filters) {
    if (isLeftOut(node)) continue;
    const filter = lowerFilter(node, targetOf);
    if (filter === null) return failure(`The filter ${node.path} (${node.spec.type}) is not supported.`);
    lowered.push(filter);
  }
  return success(lowered);
}

/** The filters that act on the 500 response of a closed rule or backend. */
export function lowerFailureFilters(filters: readonly FilterNode[]): readonly Filter[] {
  return filters.flatMap(({ kind, settings }) =>
    kind?.actsOnFailures === true && settings !== null ? (kind.lower(settings, null) ?? []) : [],
  );
}

/** The policy that a filter refers to is lowered with the others of its rule or backend. */
const isLeftOut = ({ kind, policy, upstream }: FilterNode): boolean =>
  policy !== null || (upstream !== null && !upstream.ok && kind?.backend?.isOptional === true);

function lowerFilter({ kind, settings, upstream }: FilterNode, targetOf: TargetOf): Filter | null {
  if (kind === null || settings === null || upstream?.ok === false) return null;
  return kind.lower(settings, upstream === null ? null : targetOf(upstream.value));
}
