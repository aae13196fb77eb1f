/** The status report out of what one reconciliation knows. */
import type {
  ConditionReport,
  GatewayReport,
  ListenerReport,
  OtherReport,
  RouteReport,
  StatusReport,
} from './status-report.ts';
import type { PortReport } from '../configsync/protocol.ts';
import type { Reconciled } from '../controller/reconcile-loop.ts';
import type { Condition } from '../gatewayapi/condition.ts';
import type { GatewayListener, HTTPRouteSpec } from '../gatewayapi/generated/types.ts';
import type { ObjectMeta } from '../gatewayapi/object-meta.ts';
import type { ObjectRef } from '../gatewayapi/ref.ts';
import type { ListenerStatus, ParentRef, RouteStatus, StatusUpdate } from '../gatewayapi/status.ts';
import { gatewayDataPlane, type DataPlaneId } from '../ir/data-plane-id.ts';
import type { LoadedResources } from '../provider/file/store.ts';
import { commandFindings } from './findings/command-findings.ts';
import { collectProblems } from './findings/problem.ts';
import type { ServedObject, ServedSince } from './served-since.ts';

export interface ReportContext {
  readonly version: string;
  readonly startedAt: string;
  readonly notReady: string | null;
  readonly reconciling: StatusReport['reconciling'];
  readonly workers: StatusReport['workers'];
  readonly ports: readonly PortReport[];
  readonly servedSince: ServedSince;
  readonly locate: LoadedResources['locate'];
}

type UpdateOf<Kind> = Extract<StatusUpdate, { readonly kind: Kind }>;
type GatewayUpdate = UpdateOf<'Gateway'> | UpdateOf<'ListenerSet'>;
type RouteUpdate = Extract<StatusUpdate, { readonly status: RouteStatus }>;

const isGateway = (update: StatusUpdate): update is GatewayUpdate =>
  update.kind === 'Gateway' || update.kind === 'ListenerSet';
const isRoute = (update: StatusUpdate): update is RouteUpdate => 'parents' in update.status;

const keyOf = ({ kind, namespace, name }: ObjectRef): string => `${kind} ${namespace}/${name}`;

/** Objects that are in force as far as the translator is concerned: workers decide since when. */
export function servedObjects(updates: readonly StatusUpdate[]): readonly ServedObject[] {
  return updates
    .filter((update) =>
      conditionsOf(update).some(({ type, status }) => type === 'Accepted' && status === 'True'),
    )
    .map(({ object, generation }) => ({ key: keyOf(object), generation }));
}

function conditionsOf({ status }: StatusUpdate): readonly Condition[] {
  if ('parents' in status) return status.parents.flatMap(({ conditions }) => conditions);
  if ('ancestors' in status) return status.ancestors.flatMap(({ conditions }) => conditions);
  return status.conditions;
}

/** `reconciled`: null before the first reconciliation. */
export function buildStatusReport(reconciled: Reconciled | null, context: ReportContext): StatusReport {
  const { version, startedAt, notReady, reconciling, workers, locate } = context;
  const about = { version, startedAt, ready: notReady === null, notReady, reconciling, workers };
  if (reconciled === null) return { ...about, gateways: [], routes: [], others: [], findings: [] };
  const { snapshot, inputFindings, result } = reconciled;
  const updates = result.statuses;
  const routes = routeSpecs(reconciled);
  return {
    ...about,
    gateways: updates.filter(isGateway).map((update) => gatewayReport(update, reconciled, context)),
    routes: updates.filter(isRoute).map((update) => routeReport(update, routes, context)),
    others: updates
      .filter((update) => !isGateway(update) && !isRoute(update))
      .map((update) => otherReport(update, context)),
    findings: collectProblems(
      { snapshot, findings: inputFindings, locate },
      result.findings,
      commandFindings({ snapshot, locate }, result.findings, Date.now()),
    ),
  };
}

const plain = ({ type, status, reason, message }: Condition): ConditionReport => ({
  type,
  status,
  reason,
  message,
});

const base = (
  { object, generation }: StatusUpdate,
  { servedSince }: ReportContext,
): Omit<OtherReport, 'conditions'> => ({
  kind: object.kind,
  namespace: object.namespace,
  name: object.name,
  generation,
  servedSince: servedSince.of(keyOf(object)),
});

type ListenerSpec = Pick<GatewayListener, 'name' | 'port' | 'protocol' | 'hostname'>;

interface GatewaySpec {
  readonly className: string;
  readonly listeners: readonly ListenerSpec[];
  /** Of the Gateway itself, or of a ListenerSet's parent. */
  readonly dataPlane: DataPlaneId;
}

function gatewaySpec({ kind, object }: GatewayUpdate, { snapshot }: Reconciled): GatewaySpec {
  const { namespace, name } = object;
  const isNamed = ({ metadata }: { readonly metadata: ObjectMeta }): boolean =>
    metadata.name === name && (metadata.namespace ?? '') === namespace;
  if (kind === 'Gateway') {
    const spec = snapshot.gateways.find(isNamed)?.spec;
    const dataPlane = gatewayDataPlane(object);
    return { className: spec?.gatewayClassName ?? '', listeners: spec?.listeners ?? [], dataPlane };
  }
  const spec = snapshot.listenerSets.find(isNamed)?.spec;
  const owner = { namespace: spec?.parentRef.namespace ?? namespace, name: spec?.parentRef.name ?? '' };
  return { className: '', listeners: spec?.listeners ?? [], dataPlane: gatewayDataPlane(owner) };
}

function gatewayReport(update: GatewayUpdate, reconciled: Reconciled, context: ReportContext): GatewayReport {
  const { className, listeners, dataPlane } = gatewaySpec(update, reconciled);
  const ports = context.ports.filter((port) => port.dataPlane === dataPlane);
  return {
    ...base(update, context),
    gatewayClass: className,
    addresses: update.kind === 'Gateway' ? update.status.addresses.map(({ value }) => value) : [],
    listeners: update.status.listeners.map((status) => listenerReport(status, listeners, ports)),
    conditions: update.status.conditions.map(plain),
    workers: update.kind === 'Gateway' ? workersOf(dataPlane, reconciled) : null,
  };
}

function workersOf(dataPlane: DataPlaneId, { observations }: Reconciled): GatewayReport['workers'] {
  const observed = observations.dataPlanes.find((one) => one.dataPlane === dataPlane);
  const acknowledged = observed?.acknowledged ?? null;
  return acknowledged === null ? null : { serving: acknowledged.proxies, expected: acknowledged.expected };
}

function listenerReport(
  { name, attachedRoutes, conditions }: ListenerStatus,
  specs: readonly ListenerSpec[],
  ports: readonly PortReport[],
): ListenerReport {
  const spec = specs.find((listener) => listener.name === name);
  const port = spec?.port ?? 0;
  const bound = new Map<string, ListenerReport['bound'][number]>();
  for (const one of ports) {
    if (one.port !== port || one.boundPort === null) continue;
    bound.set(`${one.address} ${String(one.boundPort)}`, { address: one.address, port: one.boundPort });
  }
  return {
    name,
    protocol: spec?.protocol ?? '',
    port,
    hostname: spec?.hostname ?? '',
    attachedRoutes,
    bound: [...bound.values()],
    conditions: conditions.map(plain),
  };
}

interface RouteSpec {
  readonly hostnames: readonly string[];
  readonly rules: number;
  readonly samplePath: string | null;
}

/** Of the first match that wants nothing but a path. */
function samplePath({ rules = [] }: HTTPRouteSpec): string | null {
  const matches = rules.flatMap((rule) => rule.matches ?? [{}]);
  const plain = matches.find(
    ({ method, headers, queryParams, path }) =>
      (method === undefined || method === 'GET') &&
      (headers ?? []).length === 0 &&
      (queryParams ?? []).length === 0 &&
      path?.type !== 'RegularExpression',
  );
  return plain === undefined ? null : (plain.path?.value ?? '/');
}

function routeSpecs({ snapshot }: Reconciled): ReadonlyMap<string, RouteSpec> {
  const { httpRoutes, grpcRoutes, tlsRoutes, tcpRoutes, udpRoutes } = snapshot;
  const specs = new Map<string, RouteSpec>();
  for (const { kind, metadata, spec } of [
    ...httpRoutes,
    ...grpcRoutes,
    ...tlsRoutes,
    ...tcpRoutes,
    ...udpRoutes,
  ]) {
    const hostnames = 'hostnames' in spec ? (spec.hostnames ?? []) : [];
    specs.set(`${kind} ${metadata.namespace ?? ''}/${metadata.name}`, {
      hostnames,
      rules: (spec.rules ?? []).length,
      samplePath: kind === 'HTTPRoute' ? samplePath(spec) : null,
    });
  }
  return specs;
}

function routeReport(
  update: RouteUpdate,
  specs: ReadonlyMap<string, RouteSpec>,
  context: ReportContext,
): RouteReport {
  const spec = specs.get(keyOf(update.object));
  return {
    ...base(update, context),
    hostnames: spec?.hostnames ?? [],
    rules: spec?.rules ?? 0,
    samplePath: spec?.samplePath ?? null,
    parents: update.status.parents.map(({ parentRef, conditions }) => ({
      parent: describeParent(parentRef, update.object.namespace),
      conditions: conditions.map(plain),
    })),
  };
}

function describeParent(
  { kind = 'Gateway', namespace, name, sectionName, port }: ParentRef,
  ownNamespace: string,
): string {
  const section = sectionName ?? (port === undefined ? undefined : String(port));
  return `${kind} ${namespace ?? ownNamespace}/${name}${section === undefined ? '' : `/${section}`}`;
}

const otherReport = (update: StatusUpdate, context: ReportContext): OtherReport => ({
  ...base(update, context),
  conditions: conditionsOf(update).map(plain),
});
