/** Judges routes and attaches them; the one place where routes of different kinds meet. */
import { GATEWAY_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import { HostnameSet } from '../../lib/hostname.ts';
import { protocolTaken } from '../faults/route-faults.ts';
import { attemptAttachments, type AttachmentAttempt, type ParentIndex } from './attachment.ts';
import type {
  AttachedRoute,
  ListenerNode,
  ParentNode,
  RouteNode,
  RuleNode,
  SharedHostname,
} from './nodes.ts';
import { byAge, refOf } from './object-key.ts';
import type { RouteSpec } from './route-adapter.ts';

/** Judges the rules of one route by themselves, without regard to where it attaches. */
export type JudgeRules = (route: RouteSpec) => readonly RuleNode[];

/** All routes, oldest first, attached to the listeners that take them. */
export function judgeRoutes(
  routes: readonly RouteSpec[],
  parents: ParentIndex,
  judgeRules: JudgeRules,
): readonly RouteNode[] {
  const holders = new Map<ListenerNode, HttpHolder>();
  return routes
    .toSorted((a, b) => byAge(a.object, b.object) || (a.kind < b.kind ? -1 : 1))
    .map((spec) => {
      const rules = judgeRules(spec);
      const attempts = attemptAttachments(spec, parents);
      const node: RouteNode & { parents: ParentNode[] } = {
        kind: spec.kind,
        object: spec.object,
        ref: refOf(spec.object, GATEWAY_GROUP),
        hostnames: spec.hostnames,
        rules,
        parents: [],
      };
      const serves = isServed(node);
      for (const attempt of attempts) node.parents.push(settle(attempt, { node, serves, holders }));
      return node;
    });
}

/** A route all of whose rules are invalid is not accepted (HTTPRouteRule.filters). */
export function isServed(route: RouteNode): boolean {
  return route.rules.length === 0 || route.rules.some((rule) => rule.invalid.length === 0);
}

interface Settling {
  readonly node: RouteNode;
  readonly serves: boolean;
  readonly holders: Map<ListenerNode, HttpHolder>;
}

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

function settle(attempt: AttachmentAttempt, { node, serves, holders }: Settling): ParentNode {
  const base = { ref: attempt.parentRef, path: attempt.path, gateway: attempt.gateway };
  if (attempt.refusal !== null || !serves) return { ...base, listeners: [], refusal: attempt.refusal };
  const listeners: ListenerNode[] = [];
  let rival: ObjectRef | null = null;
  for (const { listener, hostnames } of attempt.listeners) {
    const found = takenByOther(node, hostnames, holderOf(holders, listener));
    if (found !== null) {
      rival ??= found;
      continue;
    }
    attach(listener, { route: node, hostnames });
    listeners.push(listener);
    take(node, hostnames, holderOf(holders, listener));
  }
  const refusal = listeners.length === 0 && rival !== null ? protocolTaken(attempt.path, rival) : null;
  return { ...base, listeners, refusal };
}

/** A listener that several parentRefs of a route name takes it once. */
function attach(listener: ListenerNode, attached: AttachedRoute): void {
  if (listener.attached.at(-1)?.route !== attached.route) listener.attached.push(attached);
}

function holderOf(holders: Map<ListenerNode, HttpHolder>, listener: ListenerNode): HttpHolder {
  let holder = holders.get(listener);
  if (holder === undefined) {
    holder = { HTTPRoute: newTaken(), GRPCRoute: newTaken() };
    holders.set(listener, holder);
  }
  return holder;
}

/**
 * An HTTPRoute and a GRPCRoute cannot share a hostname on one listener; the older keeps it (GRPCRouteSpec.hostnames).
 * Routes come oldest first.
 */
function takenByOther(
  node: RouteNode,
  hostnames: readonly SharedHostname[],
  holder: HttpHolder,
): ObjectRef | null {
  if (node.kind !== 'HTTPRoute' && node.kind !== 'GRPCRoute') return null;
  const other = node.kind === 'HTTPRoute' ? holder.GRPCRoute : holder.HTTPRoute;
  if (!hostnames.some(({ hostname }) => other.hostnames.overlaps(hostname))) return null;
  // Rare: only now is it worth looking for the one to name.
  const mine = new HostnameSet();
  for (const { hostname } of hostnames) mine.add(hostname);
  const rival = other.routes.find((route) => route.hostnames.some(({ hostname }) => mine.overlaps(hostname)));
  return rival?.ref ?? null;
}

function take(node: RouteNode, hostnames: readonly SharedHostname[], holder: HttpHolder): void {
  if (node.kind !== 'HTTPRoute' && node.kind !== 'GRPCRoute') return;
  const own = holder[node.kind];
  own.routes.push({ ref: node.ref, hostnames });
  for (const { hostname } of hostnames) own.hostnames.add(hostname);
}
