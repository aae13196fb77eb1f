/** The HTTP and gRPC rules that listeners of one Gateway use. */
import { compareText } from '../../lib/compare.ts';
import type { Memo } from '../../lib/memo.ts';
import { reuseIfSameItems } from '../../lib/reuse.ts';
import type { RouteNode } from '../graph/nodes.ts';
import type { InheritedPolicies } from '../policy/policies.ts';
import type { LoweredRule } from './route-rule.ts';
import type { ServedListener } from './served-listeners.ts';

/** By route and index; rules of the Gateway's own scope first among those of the same index. */
export function rulesInUse(
  served: readonly ServedListener[],
  inherited: InheritedPolicies,
  memo: Memo,
): readonly LoweredRule[] {
  const byScope = new Map(served.map((listener) => [listener.scope, listener]));
  const [only, ...others] = byScope.values();
  if (only === undefined) return [];
  if (others.length === 0) {
    const routes = memo.sorted('routes', httpRoutesOf(served, memo), byName);
    const inputs = [inherited, only.scope.key];
    return memo.items('rules', routes, (route) => rulesOf(route, [only]), { inputs });
  }
  const inUse = listenersByRoute([...byScope.values()], served);
  const routes = memo.sorted('routes', [...inUse.keys()], byName);
  return memo.sameItems(
    'rules of scopes',
    routes.flatMap((route) => rulesOf(route, inUse.get(route) ?? [])),
  );
}

/** Removes duplicates. Usually all listeners use the same ones. */
function httpRoutesOf(served: readonly ServedListener[], memo: Memo): readonly RouteNode[] {
  const [first = [], ...others] = served.map(({ node, attached }) =>
    memo.part(`listener ${node.id}`).items('routes', attached, ({ route }) => (isHttp(route) ? [route] : [])),
  );
  if (others.every((list) => reuseIfSameItems(first, list) === first)) return first;
  return [...new Set([first, ...others].flat())];
}

/** For each route, one listener of every scope in which the route is attached. */
function listenersByRoute(
  ofScopes: readonly ServedListener[],
  served: readonly ServedListener[],
): ReadonlyMap<RouteNode, readonly ServedListener[]> {
  const byRoute = new Map<RouteNode, readonly ServedListener[]>();
  for (const { attached, scope } of served) {
    const one = ofScopes.find((listener) => listener.scope === scope);
    for (const { route } of attached) {
      if (!isHttp(route) || one === undefined) continue;
      const known = byRoute.get(route);
      if (known === undefined) byRoute.set(route, [one]);
      else if (!known.includes(one)) byRoute.set(route, [...known, one]);
    }
  }
  return byRoute;
}

/** Rules that can match. Scopes with equal policies share their rules. */
function rulesOf(route: RouteNode, listeners: readonly ServedListener[]): readonly LoweredRule[] {
  const rules = listeners
    .toSorted((a, b) => compareText(a.scope.id, b.scope.id))
    .flatMap((listener) => listener.rulesOf(route))
    .filter(({ matches }) => matches.length > 0);
  return listeners.length < 2 ? rules : [...new Map(rules.map((rule) => [rule.rule.id, rule])).values()];
}

const isHttp = (route: RouteNode): boolean => route.kind === 'HTTPRoute' || route.kind === 'GRPCRoute';

const byName = (a: RouteNode, b: RouteNode): number => compareText(nameOf(a), nameOf(b));

const nameOf = ({ ref }: RouteNode): string => `${ref.kind}/${ref.namespace}/${ref.name}`;
