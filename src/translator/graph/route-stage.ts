/**
 * Routes: read one by one, then bound to attachment points. A route is read again if it, or an object that was read for it, has changed;
 * it is bound again if one of its parents has changed.
 */
import { GATEWAY_GROUP } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { compareText } from '../../lib/compare.ts';
import type { Memo } from '../../lib/memo.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import { findCandidates, parentKeyOf, type AttachmentCandidate, type ParentIndex } from './attachment.ts';
import type { AttachedRoute, Attachments, RouteNode, RuleNode } from './nodes.ts';
import { namespaceOf, refOf, routeAge } from './object-key.ts';
import { TrackedValues, type Sources } from './reads.ts';
import { readRoute, routeLists, type RouteSpec } from './route-adapter.ts';
import { RouteBinder, sameBinding, type Binding } from './route-binder.ts';
import type { SnapshotIndex } from './snapshot-index.ts';

/** Reads the rules of one route, regardless of where it attaches. */
export type ReadRules = (route: RouteSpec, sources: Sources) => readonly RuleNode[];

export interface RouteContext {
  readonly readRules: ReadRules;
  readonly index: SnapshotIndex;
  readonly namespaces: ResourceSnapshot['namespaces'];
  readonly sources: Sources;
  readonly parents: ParentIndex;
}

export interface AttachedRoutes {
  /** All, oldest first; the same array until something changes. */
  readonly routes: readonly RouteNode[];
  readonly attachments: Attachments;
}

export function linkRoutes(snapshot: ResourceSnapshot, context: RouteContext, memo: Memo): AttachedRoutes {
  const lists = routeLists(snapshot);
  const objects = memo.value('objects', lists, () => lists.flat());
  const specs = memo.items('specs', objects, (object) => [readRoute(object)]);
  const byAge = memo.sorted('by age', specs, (a, b) => compareText(routeAge(a.object), routeAge(b.object)));
  const read = readAll(byAge, context, memo);
  const candidates = withCandidates(read, context, memo);
  const bound = snapshot.grpcRoutes.length === 0 ? bindAlone(candidates, memo) : bindAll(candidates, memo);
  return {
    routes: memo.items('routes', bound, ({ node }) => [node]),
    attachments: attachmentsOf(bound, memo),
  };
}

/** A route with its rules. */
interface ReadRoute {
  readonly spec: RouteSpec;
  readonly rules: readonly RuleNode[];
}

function readAll(
  specs: readonly RouteSpec[],
  { readRules, index, sources }: RouteContext,
  memo: Memo,
): readonly ReadRoute[] {
  const tracked = memo.value('tracked', [], () => new TrackedValues<RouteSpec, ReadRoute>());
  const isOther = memo.hasChanged('sources', [
    index.generation,
    sources.policies,
    sources.backends,
    sources.extensions,
  ]);
  const stale = isOther ? tracked.staleAmong(specs, sources) : [];
  const read = (spec: RouteSpec): ReadRoute =>
    tracked.valueOf(spec, sources, (recording) => ({ spec, rules: readRules(spec, recording) }));
  return memo.items('read', specs, (spec) => [read(spec)], { stale });
}

/** A route with the parents that it refers to. */
interface RouteCandidate extends ReadRoute {
  readonly candidates: readonly AttachmentCandidate[];
}

function withCandidates(
  routes: readonly ReadRoute[],
  { index, namespaces, parents }: RouteContext,
  memo: Memo,
): readonly RouteCandidate[] {
  const candidateOf = (route: ReadRoute): RouteCandidate => {
    const { spec } = route;
    const found = parentKeysOf(spec).map((key) => (key === null ? undefined : parents.byKey.get(key)));
    const labels = index.namespaceLabels(namespaceOf(spec.object));
    const defaults = spec.usesDefaultGateways ? parents.defaults : [];
    return memo.valueFor('candidate', route, [labels, found.length, ...found, ...defaults], () => ({
      ...route,
      candidates: findCandidates(spec, parents, index),
    }));
  };
  return memo.items('candidates', routes, (route) => [candidateOf(route)], {
    // Of the index, binding depends only on the labels of namespaces.
    inputs: [namespaces, parents],
  });
}

/** A route with the attachment points that accept it. */
interface BoundRoute {
  readonly node: RouteNode;
  readonly binding: Binding;
  /** For each point of `binding`. */
  readonly attached: readonly AttachedRoute[];
}

const boundAlone = (memo: Memo): ((route: RouteCandidate) => BoundRoute) =>
  memo.byObject('alone', (route: RouteCandidate) => bind(route, new RouteBinder([]), null));

function bindAlone(routes: readonly RouteCandidate[], memo: Memo): readonly BoundRoute[] {
  const alone = boundAlone(memo);
  return memo.items('bound alone', routes, (route) => [alone(route)]);
}

/** Routes depend on each other only if a GRPCRoute refers to the same listener. */
function bindAll(routes: readonly RouteCandidate[], memo: Memo): readonly BoundRoute[] {
  const alone = boundAlone(memo);
  return memo.value('bound together', [routes], () => {
    const ofGrpc = routes.filter(({ spec }) => spec.kind === 'GRPCRoute');
    const binder = new RouteBinder(ofGrpc.flatMap(({ candidates }) => candidates));
    const last = memo.byObject('last', (route: RouteCandidate) => ({ bound: alone(route) }));
    return routes.map((route) => {
      if (!binder.isContested(route.spec.kind, route.candidates)) return alone(route);
      const cell = last(route);
      cell.bound = bind(route, binder, cell.bound);
      return cell.bound;
    });
  });
}

/** `before` where the route is bound to the same points again. */
function bind(route: RouteCandidate, binder: RouteBinder, before: BoundRoute | null): BoundRoute {
  const { spec, rules, candidates } = route;
  const { kind, object, hostnames } = spec;
  const base = { kind, object, ref: refOf(object, GATEWAY_GROUP), hostnames, rules };
  const binding = binder.bind(base, candidates);
  if (before !== null && sameBinding(before.binding, binding)) return before;
  const node: RouteNode = { ...base, parents: binding.parents };
  const attached = binding.points.map((point, at) => ({
    point,
    route: node,
    hostnames: binding.hostnames[at] ?? [],
  }));
  return { node, binding, attached };
}

function attachmentsOf(bound: readonly BoundRoute[], memo: Memo): Attachments {
  const attached = memo.items('attached', bound, (route) => route.attached);
  const byPoint = memo.groups('by point', attached, {
    keysOf: ({ point }) => [point],
    order: (a, b) => compareText(routeAge(a.route.object), routeAge(b.route.object)),
    make: (point, routes) => ({ point, routes }),
    compare: (a, b) => compareText(a.point.id, b.point.id),
  });
  return memo.value('attachments', [byPoint], () => {
    return new Map(byPoint.map(({ point, routes }) => [point, routes]));
  });
}

/** Keys of the parents of a route. */
const parentKeysOf = memoizeByKey(({ object, parentRefs }: RouteSpec): readonly (string | null)[] =>
  parentRefs.map((ref) => parentKeyOf(ref, namespaceOf(object))),
);
