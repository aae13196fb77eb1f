/** Status of routes: per parent, the same for all kinds. */
import type { RouteParentStatus, StatusUpdate } from '../../gatewayapi/status.ts';
import type { DataPlaneId } from '../../ir/data-plane-id.ts';
import { joinMessages, type Fault } from '../faults/fault.ts';
import { filterUpstreams, unservedFaults } from '../filter/read-filters.ts';
import type { ParentNode, RouteNode, RuleNode } from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import type { PolicyEffects } from '../policy/effects.ts';
import {
  accepted,
  atGeneration,
  notAccepted,
  partiallyInvalid,
  resolvedRefs,
  unresolvedRefs,
  type Verdict,
} from './conditions.ts';
import { policyAffected } from '../policy/conditions.ts';

/** Why proxies of one data plane cannot serve rules of one route, by the rule's index. */
export type ProblemsOf = (dataPlane: DataPlaneId) => ReadonlyMap<number, string>;

interface RouteContext {
  readonly controllerName: string;
  readonly effects: PolicyEffects;
  readonly problemsOf: ProblemsOf;
}

/** Routes without a parent that Sluice serves get an empty list, which removes Sluice's stale entries. */
export function routeStatus(
  route: RouteNode,
  { controllerName, effects, problemsOf }: RouteContext,
): StatusUpdate {
  const generation = generationOf(route.object);
  const unresolved = unresolvedFaults(route);
  const references = unresolved.length === 0 ? resolvedRefs() : unresolvedRefs(unresolved);
  const parents = route.parents.map((parent): RouteParentStatus => {
    const policies = parent.refusal === null ? effects.affecting(route, parent.owner) : [];
    const problems = problemsOf(parent.dataPlane);
    const verdicts = [...acceptance(route, parent, problems), references, ...policyAffected(policies)];
    return { parentRef: { ...parent.ref }, controllerName, conditions: atGeneration(generation, verdicts) };
  });
  return { kind: route.kind, object: route.ref, generation, status: { parents } };
}

function acceptance(
  route: RouteNode,
  parent: ParentNode,
  problems: ReadonlyMap<number, string>,
): readonly Verdict[] {
  if (parent.refusal !== null) return [notAccepted([parent.refusal])];
  const faults = route.rules.map((rule) => [...rule.closed, ...rule.invalid]);
  if (faults.length > 0 && faults.every((ofRule) => ofRule.length > 0)) return [notAccepted(faults.flat())];
  const verdict = accepted('The route');
  const dropped = route.rules.flatMap((rule, at) => {
    const problem = problems.get(rule.index);
    const ofRule = faults[at] ?? [];
    if (ofRule.length > 0) return [{ label: labelOf(rule), why: joinMessages(ofRule) }];
    return problem === undefined
      ? []
      : [{ label: labelOf(rule), why: `a proxy cannot serve it: ${problem}.` }];
  });
  return dropped.length === 0 ? [verdict] : [verdict, partiallyInvalid(dropped, effectOn(route))];
}

const effectOn = ({ kind }: RouteNode): string =>
  kind === 'HTTPRoute' || kind === 'GRPCRoute'
    ? 'Requests that match them get 500.'
    : 'They get no connections.';

function labelOf({ index, name }: RuleNode): string {
  return name === null ? String(index) : `${index} (${name})`;
}

/** Faults of references in all rules, backends first, in order. */
export function unresolvedFaults(route: RouteNode): readonly Fault[] {
  return route.rules.flatMap((rule) => {
    const backends = rule.backends.flatMap(({ upstream, filters }) => [
      ...(upstream.ok ? [] : [upstream.failure]),
      ...unservedFaults(filters),
    ]);
    const all = [...rule.filters, ...rule.backends.flatMap(({ filters }) => filters)];
    const ofFilters = filterUpstreams(all).flatMap((upstream) => (upstream.ok ? [] : [upstream.failure]));
    // A missing external auth backend is in both lists.
    return [...new Set([...backends, ...unservedFaults(rule.filters), ...ofFilters])];
  });
}
