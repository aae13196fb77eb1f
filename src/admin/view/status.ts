/** The response of `/status`, from the items of the view. */
import type { HTTPRoute } from '../../gatewayapi/generated/types.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { ParentRef, StatusUpdate } from '../../gatewayapi/status.ts';
import type { FindingReport, GatewayItem, ListenerItem } from '../api/resources.ts';
import type {
  GatewayReport,
  ListenerReport,
  OtherReport,
  RouteReport,
  StatusReport,
} from '../status-report.ts';
import { definesListeners, type ListenersByObject, type ListenersUpdate } from './gateways.ts';
import {
  conditionsOf,
  objectHead,
  objectId,
  plainCondition,
  type ObjectHead,
  type ServedSinceOf,
} from './objects.ts';
import { hostnamesOf, isRoute, routeObject, type AnyRoute, type RouteUpdate } from './routes.ts';

/** State of the process that is not part of the view. */
export type ProcessReport = Omit<StatusReport, 'gateways' | 'routes' | 'others' | 'findings'>;

export interface StatusInputs {
  readonly statuses: readonly StatusUpdate[];
  readonly snapshot: ResourceSnapshot | null;
  /** By id. */
  readonly gateways: ReadonlyMap<string, GatewayItem>;
  readonly listeners: ListenersByObject;
  readonly findings: readonly FindingReport[];
  readonly servedSince: ServedSinceOf;
}

export function statusReport(about: ProcessReport, inputs: StatusInputs): StatusReport {
  const { statuses, findings } = inputs;
  return {
    ...about,
    gateways: statuses.filter(definesListeners).map((update) => gatewayReport(update, inputs)),
    routes: statuses.filter(isRoute).map((update) => routeReport(update, inputs)),
    others: statuses
      .filter((update) => !definesListeners(update) && !isRoute(update))
      .map((update) => otherReport(update, inputs)),
    findings,
  };
}

const base = (update: StatusUpdate, { servedSince }: StatusInputs): Omit<OtherReport, 'conditions'> =>
  withoutId(objectHead(update, servedSince));

const withoutId = ({
  kind,
  namespace,
  name,
  generation,
  servedSince,
}: ObjectHead): Omit<ObjectHead, 'id'> => ({
  kind,
  namespace,
  name,
  generation,
  servedSince,
});

function gatewayReport(update: ListenersUpdate, inputs: StatusInputs): GatewayReport {
  const { namespace, name } = update.object;
  const gateway = update.kind === 'Gateway' ? inputs.gateways.get(`${namespace}/${name}`) : undefined;
  return {
    ...base(update, inputs),
    gatewayClass: gateway?.gatewayClass ?? '',
    addresses: gateway?.addresses ?? [],
    listeners: (inputs.listeners.get(objectId(update.object)) ?? []).map(listenerReport),
    conditions: update.status.conditions.map(plainCondition),
    workers: gateway?.proxies ?? null,
  };
}

const listenerReport = ({
  name,
  protocol,
  port,
  hostname,
  attachedRoutes,
  bound,
  conditions,
}: ListenerItem): ListenerReport => ({
  name,
  protocol,
  port,
  hostname,
  attachedRoutes,
  bound,
  conditions,
});

function routeReport(update: RouteUpdate, inputs: StatusInputs): RouteReport {
  const route = inputs.snapshot === null ? undefined : routeObject(update, inputs.snapshot);
  return {
    ...base(update, inputs),
    hostnames: hostnamesOf(route),
    rules: (route?.spec.rules ?? []).length,
    samplePath: samplePath(route),
    parents: update.status.parents.map(({ parentRef, conditions }) => ({
      parent: describeParent(parentRef, update.object.namespace),
      conditions: conditions.map(plainCondition),
    })),
  };
}

/** The path of the first match that has only a path. */
function samplePath(route: AnyRoute | undefined): string | null {
  if (route?.kind !== 'HTTPRoute') return null;
  const { rules = [] }: HTTPRoute['spec'] = route.spec;
  const matches = rules.flatMap((rule) => rule.matches ?? [{}]);
  const pathOnly = matches.find(
    ({ method, headers, queryParams, path }) =>
      (method === undefined || method === 'GET') &&
      (headers ?? []).length === 0 &&
      (queryParams ?? []).length === 0 &&
      path?.type !== 'RegularExpression',
  );
  return pathOnly === undefined ? null : (pathOnly.path?.value ?? '/');
}

function describeParent(
  { kind = 'Gateway', namespace, name, sectionName, port }: ParentRef,
  ownNamespace: string,
): string {
  const section = sectionName ?? (port === undefined ? undefined : String(port));
  return `${kind} ${namespace ?? ownNamespace}/${name}${section === undefined ? '' : `/${section}`}`;
}

const otherReport = (update: StatusUpdate, inputs: StatusInputs): OtherReport => ({
  ...base(update, inputs),
  conditions: conditionsOf(update).map(plainCondition),
});
