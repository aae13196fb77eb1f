/** Settles which listeners take a route; the one place where routes of different kinds meet. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { RouteKind } from '../../gatewayapi/status.ts';
import { HostnameSet } from '../../lib/hostname.ts';
import { keepList } from '../../lib/keep-same.ts';
import { samePlain, type Plain } from '../../lib/structural-patch.ts';
import { trimmed } from '../../lib/trimmed.ts';
import { protocolTaken } from '../faults/route-faults.ts';
import type { AttachmentAttempt } from './attachment.ts';
import type { ListenerNode, ParentNode, RouteNode, SharedHostname } from './nodes.ts';

/** A route all of whose rules are invalid is not accepted (HTTPRouteRule.filters). */
function isServed(route: Pick<RouteNode, 'rules'>): boolean {
  return route.rules.length === 0 || route.rules.some((rule) => rule.invalid.length === 0);
}

/** What became of a route's attempts. */
export interface Outcome {
  readonly parents: readonly ParentNode[];
  /** Listeners that take it, each once, and the hostnames that each shares with it. */
  readonly listeners: readonly ListenerNode[];
  readonly hostnames: readonly (readonly SharedHostname[])[];
  /** Other routes may have had a say. */
  readonly isContested: boolean;
}

/** Whether two outcomes of the same attempts are the same. */
export const sameOutcome = (a: Outcome, b: Outcome): boolean =>
  keepList(a.listeners, b.listeners) === a.listeners &&
  a.parents.every((parent, at) => {
    const other = b.parents[at];
    return (
      keepList(parent.listeners, other?.listeners ?? []) === parent.listeners &&
      samePlain(parent.refusal as unknown as Plain, (other?.refusal ?? null) as unknown as Plain)
    );
  });

/** Hostnames of a listener that are taken by routes of either HTTP kind. */
interface HttpHolder {
  readonly HTTPRoute: Taken;
  readonly GRPCRoute: Taken;
}

interface Taken {
  readonly hostnames: HostnameSet;
  readonly routes: { readonly ref: ObjectRef; readonly hostnames: readonly SharedHostname[] }[];
}

const newTaken = (): Taken => ({ hostnames: new HostnameSet(), routes: [] });

type Candidate = Pick<RouteNode, 'kind' | 'ref' | 'rules'>;

/**
 * An HTTPRoute and a GRPCRoute cannot share a hostname on one listener; the older keeps it (GRPCRouteSpec.hostnames). Routes must be
 * settled oldest first. Most listeners are asked for by routes of one kind only, and take no part in this.
 */
export class RouteSettler {
  readonly #holders = new Map<ListenerNode, HttpHolder>();

  /** `ofGrpc`: the attempts of all GRPCRoutes there are. */
  constructor(ofGrpc: readonly AttachmentAttempt[]) {
    for (const { listener } of ofGrpc.flatMap(({ listeners }) => listeners)) {
      this.#holders.set(listener, { HTTPRoute: newTaken(), GRPCRoute: newTaken() });
    }
  }

  isContested(kind: RouteKind, attempts: readonly AttachmentAttempt[]): boolean {
    if (this.#holders.size === 0 || (kind !== 'HTTPRoute' && kind !== 'GRPCRoute')) return false;
    return attempts.some(({ listeners }) => listeners.some(({ listener }) => this.#holders.has(listener)));
  }

  settle(route: Candidate, attempts: readonly AttachmentAttempt[]): Outcome {
    const serves = isServed(route);
    const taking = new Map<ListenerNode, readonly SharedHostname[]>();
    const parents = attempts.map((attempt): ParentNode => {
      const base = { ref: attempt.parentRef, path: attempt.path, gateway: attempt.gateway };
      if (attempt.refusal !== null || !serves) return { ...base, listeners: [], refusal: attempt.refusal };
      const { listeners, rival } = this.#attach(route, attempt, taking);
      const refusal = listeners.length === 0 && rival !== null ? protocolTaken(attempt.path, rival) : null;
      return { ...base, listeners, refusal };
    });
    return {
      parents,
      listeners: trimmed([...taking.keys()]),
      hostnames: trimmed([...taking.values()]),
      isContested: this.isContested(route.kind, attempts),
    };
  }

  /** A listener that several parentRefs of a route name takes it once. */
  #attach(
    route: Candidate,
    attempt: AttachmentAttempt,
    taking: Map<ListenerNode, readonly SharedHostname[]>,
  ): { readonly listeners: readonly ListenerNode[]; readonly rival: ObjectRef | null } {
    const listeners: ListenerNode[] = [];
    let rival: ObjectRef | null = null;
    for (const { listener, hostnames } of attempt.listeners) {
      const holder = this.#holders.get(listener);
      const found = holder === undefined ? null : takenByOther(route, hostnames, holder);
      if (found !== null) {
        rival ??= found;
        continue;
      }
      if (!taking.has(listener)) taking.set(listener, hostnames);
      listeners.push(listener);
      if (holder !== undefined) take(route, hostnames, holder);
    }
    return { listeners: trimmed(listeners), rival };
  }
}

function takenByOther(
  route: Candidate,
  hostnames: readonly SharedHostname[],
  holder: HttpHolder,
): ObjectRef | null {
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') return null;
  const other = route.kind === 'HTTPRoute' ? holder.GRPCRoute : holder.HTTPRoute;
  if (!hostnames.some(({ hostname }) => other.hostnames.overlaps(hostname))) return null;
  // Rare: only now is it worth looking for the one to name.
  const mine = new HostnameSet();
  for (const { hostname } of hostnames) mine.add(hostname);
  const rival = other.routes.find((one) => one.hostnames.some(({ hostname }) => mine.overlaps(hostname)));
  return rival?.ref ?? null;
}

function take(route: Candidate, hostnames: readonly SharedHostname[], holder: HttpHolder): void {
  if (route.kind !== 'HTTPRoute' && route.kind !== 'GRPCRoute') return;
  const own = holder[route.kind];
  own.routes.push({ ref: route.ref, hostnames });
  for (const { hostname } of hostnames) own.hostnames.add(hostname);
}
