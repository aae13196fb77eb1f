/** The published configuration, by the object that it comes from. */
import { originOfAttachment } from '../../ir/attachment-point.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { Listener, L4Rule } from '../../ir/listener.ts';
import type { Origin, RuleOrigin } from '../../ir/origin.ts';
import type { RouteRule, WeightedBackend } from '../../ir/route.ts';
import { gatewayOf, objectId } from './objects.ts';

/** A published rule; if listeners have variants of it, one of them. */
export interface PublishedRule {
  readonly rule: RouteRule | L4Rule;
  readonly config: GatewayConfig;
  readonly backends: readonly WeightedBackend[];
}

export interface PublishedRoute {
  /** By index. */
  readonly rules: Map<number, PublishedRule>;
  /** Ids of Gateways. */
  readonly gateways: Set<string>;
  readonly listeners: PublishedListener[];
}

/** A listener that serves a route. */
export interface PublishedListener {
  readonly id: string;
  readonly origin: Origin;
  readonly port: number;
  /** Those that are routed to the route; empty for layer 4. */
  readonly hostnames: Set<string>;
}

/** Every route that any listener serves, by its id. */
export function publishedRoutes(configs: readonly GatewayConfig[]): ReadonlyMap<string, PublishedRoute> {
  const routes = new Map<string, PublishedRoute>();
  for (const config of configs) {
    for (const rule of config.rules) addRule(routes, config, rule, backendsOf(rule));
    addListeners(routes, config);
  }
  return routes;
}

const backendsOf = ({ action }: RouteRule): readonly WeightedBackend[] =>
  action.kind === 'forward' ? action.backends : [];

function addRule(
  routes: Map<string, PublishedRoute>,
  config: GatewayConfig,
  rule: RouteRule | L4Rule,
  backends: readonly WeightedBackend[],
): PublishedRoute {
  const route = routeOf(routes, rule.origin);
  route.gateways.add(gatewayOf(config.dataPlane));
  if (!route.rules.has(rule.origin.index)) route.rules.set(rule.origin.index, { rule, config, backends });
  return route;
}

function routeOf(routes: Map<string, PublishedRoute>, origin: RuleOrigin): PublishedRoute {
  const id = objectId(origin);
  let route = routes.get(id);
  if (route === undefined) {
    route = { rules: new Map(), gateways: new Set(), listeners: [] };
    routes.set(id, route);
  }
  return route;
}

function addListeners(routes: Map<string, PublishedRoute>, config: GatewayConfig): void {
  const { ports, rules } = config;
  const origins = new Map(rules.map(({ id, origin }) => [id, origin]));
  for (const { number, listeners } of ports) {
    for (const listener of listeners) {
      const origin = originOfAttachment(listener.attachment);
      const at = { id: listenerId(origin), origin, port: number };
      if (listener.kind === 'http') {
        for (const { hostname, entries } of listener.virtualHosts) {
          for (const { rule } of entries) {
            const route = origins.get(rule);
            if (route !== undefined) listenerOf(routeOf(routes, route), at).hostnames.add(hostname);
          }
        }
      }
      for (const [rule, hostname] of layer4Rules(listener)) {
        const served = listenerOf(addRule(routes, config, rule, rule.backends), at);
        if (hostname !== null) served.hostnames.add(hostname);
      }
    }
  }
}

/** Layer-4 rules, each with its server name. */
function layer4Rules(listener: Listener): readonly (readonly [L4Rule, string | null])[] {
  if (listener.kind === 'http') return [];
  if (listener.kind === 'tls') return listener.hosts.map(({ rule, hostname }) => [rule, hostname]);
  return listener.rule === null ? [] : [[listener.rule, null]];
}

function listenerOf(
  { listeners }: PublishedRoute,
  at: Omit<PublishedListener, 'hostnames'>,
): PublishedListener {
  // The entries of one listener follow each other.
  const last = listeners.at(-1);
  if (last?.id === at.id) return last;
  const added = { ...at, hostnames: new Set<string>() };
  listeners.push(added);
  return added;
}

/** `Kind/namespace/name/listener`. */
const listenerId = (origin: Origin): string => `${objectId(origin)}/${origin.section ?? ''}`;

/** Ids of the certificates that each listener serves, by the id of the listener. */
export function publishedCertificates(
  configs: readonly GatewayConfig[],
): ReadonlyMap<string, readonly string[]> {
  const listeners = configs.flatMap(({ ports }) => ports.flatMap((port) => port.listeners));
  return new Map(
    listeners.flatMap((listener) =>
      'tls' in listener && listener.tls !== null
        ? [[listenerId(originOfAttachment(listener.attachment)), listener.tls.certificates] as const]
        : [],
    ),
  );
}
