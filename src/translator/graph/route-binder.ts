/** Binds routes to attachment points. This is the only code that compares routes of different kinds. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { RouteKind } from '../../gatewayapi/status.ts';
import { HostnameSet } from '../../lib/hostname.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import { samePlain, type Plain } from '../../lib/structural-patch.ts';
import { compactArray } from '../../lib/compact-array.ts';
import { protocolTaken } from '../faults/route-faults.ts';
import type { AttachmentCandidate } from './attachment.ts';
import type { AttachmentPointNode } from './attachment-point.ts';
import type { ParentNode, RouteNode, SharedHostname } from './nodes.ts';

/** A route is not accepted if all its rules are invalid (HTTPRouteRule.filters). */
function isServed(route: Pick<RouteNode, 'rules'>): boolean {
  return route.rules.length === 0 || route.rules.some((rule) => rule.invalid.length === 0);
}

/** The result of binding the candidates of a route. */
export interface Binding {
  readonly parents: readonly ParentNode[];
  /** Points that accept it, each once, with the hostnames that each shares with it. */
  readonly points: readonly AttachmentPointNode[];
  readonly hostnames: readonly (readonly SharedHostname[])[];
}

/** Whether two bindings of the same candidates are the same. */
export const sameBinding = (a: Binding, b: Binding): boolean =>
  reuseIfSameItems(a.points, b.points) === a.points &&
  a.parents.every((parent, at) => {
    const other = b.parents[at];
    return (
      reuseIfSameItems(parent.points, other?.points ?? []) === parent.points &&
      samePlain(parent.refusal as unknown as Plain, (other?.refusal ?? null) as unknown as Plain)
    );
  });

/** Hostnames of a listener that routes of either HTTP kind use. */
interface HttpHolder {
  readonly HTTPRoute: Taken;
  readonly GRPCRoute: Taken;
}

interface Taken {
  readonly hostnames: HostnameSet;
  readonly routes: { readonly ref: ObjectRef; readonly hostnames: readonly SharedHostname[] }[];
}

const newTaken = (): Taken => ({ hostnames: new HostnameSet(), routes: [] });

type BindableRoute = Pick<RouteNode, 'kind' | 'ref' | 'rules'>;

/**
 * An HTTPRoute and a GRPCRoute cannot share a hostname on one listener; the older keeps it (GRPCRouteSpec.hostnames). Routes must be
 * bound oldest first. Most listeners have routes of one kind only and need no check.
 */
export class RouteBinder {
  readonly #holders = new Map<AttachmentPointNode, HttpHolder>();

  /** `ofGrpc`: of all GRPCRoutes there are. */
  constructor(ofGrpc: readonly AttachmentCandidate[]) {
    for (const { point } of ofGrpc.flatMap(({ points }) => points)) {
      this.#holders.set(point, { HTTPRoute: newTaken(), GRPCRoute: newTaken() });
    }
  }

  isContested(kind: RouteKind, candidates: readonly AttachmentCandidate[]): boolean {
    if (this.#holders.size === 0 || (kind !== 'HTTPRoute' && kind !== 'GRPCRoute')) return false;
    return candidates.some(({ points }) => points.some(({ point }) => this.#holders.has(point)));
  }

  bind(route: BindableRoute, candidates: readonly AttachmentCandidate[]): Binding {
    const serves = isServed(route);
    const taking = new Map<AttachmentPointNode, readonly SharedHostname[]>();
    const parents = candidates.map((candidate): ParentNode => {
      const { owner, dataPlane } = candidate.parent;
      const base = { ref: candidate.parentRef, path: candidate.path, owner, dataPlane };
      if (candidate.refusal !== null || !serves) return { ...base, points: [], refusal: candidate.refusal };
      const { points, rival } = this.#attach(route, candidate, taking);
      const refusal = points.length === 0 && rival !== null ? protocolTaken(candidate.path, rival) : null;
      return { ...base, points, refusal };
    });
    return {
      parents,
      points: compactArray([...taking.keys()]),
      hostnames: compactArray([...taking.values()]),
    };
  }

  /** A route is bound to a point once, even if several of its parentRefs refer to it. */
  #attach(
    route: BindableRoute,
    candidate: AttachmentCandidate,
    taking: Map<AttachmentPointNode, readonly SharedHostname[]>,
  ): { readonly points: readonly AttachmentPointNode[]; readonly rival: ObjectRef | null } {
    const points: AttachmentPointNode[] = [];
    let rival: ObjectRef | null = null;
    for (const { point, hostnames } of candidate.points) {
      const holder = this.#holders.get(point);
      const found = holder === undefined ? null : takenByOther(route, hostnames, holder);
      if (found !== null) {
        rival ??= found;
        continue;
      }
      if (!taking.has(point)) taking.set(point, hostnames);
      points.push(point);
      if (holder !== undefined) take(route, hostnames, holder);
    }
    return { points: compactArray(points), rival };
  }
}

function takenByOther(
  route: BindableRoute,
  hostnames: readonly SharedHostname[],
  holder: HttpHolder,
): ObjectRef | null {
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') return null;
  const other = route.kind === 'HTTPRoute' ? holder.GRPCRoute : holder.HTTPRoute;
  if (!hostnames.some(({ hostname }) => other.hostnames.overlaps(hostname))) return null;
  // Rare, so the route to name is searched only now.
  const mine = new HostnameSet();
  for (const { hostname } of hostnames) mine.add(hostname);
  const rival = other.routes.find((one) => one.hostnames.some(({ hostname }) => mine.overlaps(hostname)));
  return rival?.ref ?? null;
}

function take(route: BindableRoute, hostnames: readonly SharedHostname[], holder: HttpHolder): void {
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') return;
  const own = holder[route.kind];
  own.routes.push({ ref: route.ref, hostnames });
  for (const { hostname } of hostnames) own.hostnames.add(hostname);
}
