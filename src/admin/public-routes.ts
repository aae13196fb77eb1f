/** Routes that respond without authentication, as data planes get them. */
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { TableExplainer } from '../proxy/filter/explain-filters.ts';
import { FILTERS } from '../proxy/filter/filters.ts';
import type { PublicRoute, RouteReport } from './status-report.ts';
import { objectId } from './view/objects.ts';

const explainer = new TableExplainer(FILTERS);

export function publicRoutes(
  routes: readonly RouteReport[],
  configs: readonly GatewayConfig[],
): readonly PublicRoute[] {
  const rulesOf = publicRules(configs);
  return routes.flatMap(({ kind, namespace, name, hostnames, rules }) => {
    const ofRoute = rulesOf.get(objectId({ kind, namespace, name }));
    return ofRoute === undefined ? [] : [{ kind, namespace, name, hostnames, rules, publicRules: ofRoute }];
  });
}

/** Names of rules, or their indices, by id of the route. A rule that is public on one of several listeners is public. */
function publicRules(configs: readonly GatewayConfig[]): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Map<number, string>>();
  for (const rule of configs.flatMap(({ rules }) => rules)) {
    const { origin, action } = rule;
    if (action.kind === 'fail' || !explainer.isPublic(rule)) continue;
    const id = objectId(origin);
    const ofRoute = found.get(id) ?? new Map<number, string>();
    found.set(id, ofRoute.set(origin.index, origin.section ?? String(origin.index)));
  }
  return new Map(
    [...found].map(([id, rules]) => [id, [...rules].toSorted(([a], [b]) => a - b).map(([, name]) => name)]),
  );
}
