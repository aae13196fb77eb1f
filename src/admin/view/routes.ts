/** Routes with their rules and parents. */
import type { GRPCRoute, HTTPRoute, TCPRoute, TLSRoute, UDPRoute } from '../../gatewayapi/generated/types.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { ParentRef, RouteStatus, StatusUpdate } from '../../gatewayapi/status.ts';
import type { AttachmentItem, MatchItem, RouteItem, RuleBackendItem, RuleItem } from '../api/resources.ts';
import type { PublishedRoute, PublishedRule } from './data-plane.ts';
import {
  backendId,
  byId,
  gatewayId,
  isTrue,
  objectHead,
  objectId,
  parentReference,
  plainCondition,
  type ServedSinceOf,
} from './objects.ts';

export type RouteUpdate = Extract<StatusUpdate, { readonly status: RouteStatus }>;
export type AnyRoute = HTTPRoute | GRPCRoute | TLSRoute | TCPRoute | UDPRoute;

const ROUTE_LISTS = {
  HTTPRoute: 'httpRoutes',
  GRPCRoute: 'grpcRoutes',
  TLSRoute: 'tlsRoutes',
  TCPRoute: 'tcpRoutes',
  UDPRoute: 'udpRoutes',
} as const satisfies Readonly<Record<string, keyof ResourceSnapshot>>;

type RouteKind = keyof typeof ROUTE_LISTS;

const isRouteKind = (kind: string): kind is RouteKind => Object.hasOwn(ROUTE_LISTS, kind);

/** An XBackend has a status like a route, but is not one. */
export const isRoute = (update: StatusUpdate): update is RouteUpdate =>
  isRouteKind(update.kind) && 'parents' in update.status;

export function routeObject({ object }: RouteUpdate, snapshot: ResourceSnapshot): AnyRoute | undefined {
  if (!isRouteKind(object.kind)) return undefined;
  const list: readonly AnyRoute[] = snapshot[ROUTE_LISTS[object.kind]];
  return byId(list).get(objectId(object));
}

export const hostnamesOf = (route: AnyRoute | undefined): readonly string[] =>
  route !== undefined && 'hostnames' in route.spec ? (route.spec.hostnames ?? []) : [];

export interface RouteInputs {
  readonly statuses: readonly StatusUpdate[];
  readonly snapshot: ResourceSnapshot;
  readonly published: ReadonlyMap<string, PublishedRoute>;
  readonly servedSince: ServedSinceOf;
}

export function routeItems({
  statuses,
  snapshot,
  published,
  servedSince,
}: RouteInputs): readonly RouteItem[] {
  return statuses.filter(isRoute).map((update) => {
    const head = objectHead(update, servedSince);
    const route = routeObject(update, snapshot);
    const served = published.get(head.id);
    return {
      ...head,
      hostnames: hostnamesOf(route),
      gateways: [...(served?.gateways ?? [])].toSorted(),
      rules: route === undefined ? [] : ruleItems(route, served),
    };
  });
}

function ruleItems({ kind, metadata, spec }: AnyRoute, served: PublishedRoute | undefined): RuleItem[] {
  const rules: readonly AnyRule[] = spec.rules ?? [];
  return rules.map((rule, index) => {
    const published = served?.rules.get(index);
    return {
      index,
      name: rule.name ?? null,
      matches: matchItems(kind, rule),
      filters: (rule.filters ?? []).map(({ type }) => type),
      backends: (rule.backendRefs ?? []).map((ref, at) =>
        backendItem(ref, metadata.namespace ?? '', published?.backends[at]),
      ),
      problem: problemOf(published),
      isServed: published !== undefined,
    };
  });
}

/** A rule of any kind of route. */
interface AnyRule {
  readonly name?: string;
  readonly matches?: readonly AnyMatch[];
  readonly filters?: readonly { readonly type: string }[];
  readonly backendRefs?: readonly BackendRef[];
}

interface AnyMatch {
  readonly path?: { readonly type?: string; readonly value?: string };
  readonly method?: string | { readonly type?: string; readonly service?: string; readonly method?: string };
  readonly headers?: readonly NamedValue[];
  readonly queryParams?: readonly NamedValue[];
}

interface NamedValue {
  readonly type?: string;
  readonly name: string;
  readonly value: string;
}

interface BackendRef {
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly port?: number;
  readonly weight?: number;
}

/** A rule without matches takes every request (HTTPRouteRule.matches). */
function matchItems(kind: RouteKind, { matches = [{}] }: AnyRule): readonly MatchItem[] {
  if (kind !== 'HTTPRoute' && kind !== 'GRPCRoute') return [];
  const named = (list: readonly NamedValue[] = []): MatchItem['headers'] =>
    list.map(({ type = 'Exact', name, value }) => ({ type, name, value }));
  return matches.map(({ path, method, headers, queryParams }) => ({
    path: path === undefined ? null : { type: path.type ?? 'PathPrefix', value: path.value ?? '/' },
    method: typeof method === 'string' ? method : null,
    headers: named(headers),
    queryParams: named(queryParams),
    grpc:
      typeof method === 'object'
        ? { type: method.type ?? 'Exact', service: method.service ?? '', method: method.method ?? '' }
        : null,
  }));
}

function backendItem(
  { kind = 'Service', namespace, name, port, weight = 1 }: BackendRef,
  ownNamespace: string,
  published: PublishedRule['backends'][number] | undefined,
): RuleBackendItem {
  return {
    kind,
    namespace: namespace ?? ownNamespace,
    name,
    section: port === undefined ? null : String(port),
    backend: published?.kind === 'cluster' ? backendId(published.origin) : null,
    weight,
    problem: published?.kind === 'invalid' ? published.message : null,
    settings: null,
  };
}

const problemOf = (published: PublishedRule | undefined): string | null =>
  published !== undefined && 'action' in published.rule && published.rule.action.kind === 'fail'
    ? published.rule.action.message
    : null;

export interface AttachmentInputs {
  readonly statuses: readonly StatusUpdate[];
  readonly snapshot: ResourceSnapshot;
  readonly published: ReadonlyMap<string, PublishedRoute>;
}

export function attachmentItems({
  statuses,
  snapshot,
  published,
}: AttachmentInputs): readonly AttachmentItem[] {
  return statuses.filter(isRoute).flatMap((update) => {
    const route = objectId(update.object);
    const { namespace } = update.object;
    return update.status.parents.map(({ parentRef, conditions: written }, index): AttachmentItem => {
      const conditions = written.map(plainCondition);
      const parent = parentReference(parentRef, namespace);
      return {
        id: `${route}/${String(index)}`,
        route,
        namespace,
        parent,
        gateway: gatewayOf(parent, snapshot),
        isAccepted: isTrue(conditions, 'Accepted'),
        listeners: listenersFor(parent, parentRef.port, published.get(route)),
        conditions,
      };
    });
  });
}

function gatewayOf(parent: AttachmentItem['parent'], snapshot: ResourceSnapshot): string | null {
  if (parent.kind === 'Gateway') return gatewayId(parent);
  if (parent.kind !== 'ListenerSet') return null;
  const ref = byId(snapshot.listenerSets).get(objectId(parent))?.spec.parentRef;
  return ref === undefined
    ? null
    : gatewayId({ namespace: ref.namespace ?? parent.namespace, name: ref.name });
}

/** Those of the parent that serve the route. */
function listenersFor(
  { kind, namespace, name, section }: AttachmentItem['parent'],
  port: ParentRef['port'],
  published: PublishedRoute | undefined,
): AttachmentItem['listeners'] {
  return (published?.listeners ?? [])
    .filter(
      ({ origin, port: own }) =>
        origin.kind === kind &&
        origin.namespace === namespace &&
        origin.name === name &&
        (section === null || origin.section === section) &&
        (port === undefined || own === port),
    )
    .map(({ id, hostnames }) => ({ listener: id, hostnames: [...hostnames].toSorted() }));
}
