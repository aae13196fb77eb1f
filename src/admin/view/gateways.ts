/** Gateways and the listeners of Gateways and ListenerSets. */
import type { PortReport } from '../../configsync/protocol.ts';
import type { Gateway, GatewayListener, ListenerSet } from '../../gatewayapi/generated/types.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { ListenerStatus, StatusUpdate } from '../../gatewayapi/status.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { Observations } from '../../translator/observations.ts';
import type { GatewayItem, ListenerItem } from '../api/resources.ts';
import { publishedCertificates } from './data-plane.ts';
import type { DataPlaneProxies } from './inputs.ts';
import {
  byId,
  gatewayId,
  gatewayOf,
  objectHead,
  objectId,
  plainCondition,
  type ServedSinceOf,
} from './objects.ts';

type UpdateOf<Kind> = Extract<StatusUpdate, { readonly kind: Kind }>;
/** Of an object that defines listeners. */
export type ListenersUpdate = UpdateOf<'Gateway'> | UpdateOf<'ListenerSet'>;

export const definesListeners = (update: StatusUpdate): update is ListenersUpdate =>
  update.kind === 'Gateway' || update.kind === 'ListenerSet';

/** Listeners by the id of the object that defines them, in its order. */
export type ListenersByObject = ReadonlyMap<string, readonly ListenerItem[]>;

export interface ListenerInputs {
  readonly statuses: readonly StatusUpdate[];
  readonly snapshot: ResourceSnapshot;
  readonly configs: readonly GatewayConfig[];
  readonly proxies: readonly DataPlaneProxies[];
}

export function listenersByObject({
  statuses,
  snapshot,
  configs,
  proxies,
}: ListenerInputs): ListenersByObject {
  const certificates = publishedCertificates(configs);
  const ports = portsByGateway(proxies);
  return new Map(
    statuses.filter(definesListeners).map((update) => {
      const id = objectId(update.object);
      const { specs, gateway } = definitionOf(update, snapshot);
      const bySpec = new Map(specs.map((spec) => [spec.name, spec]));
      const items = update.status.listeners.map((status): ListenerItem => {
        const spec = bySpec.get(status.name);
        const listener = `${id}/${status.name}`;
        return {
          id: listener,
          gateway,
          ...described(update, status, spec),
          certificates: certificates.get(listener) ?? [],
          bound: boundSockets((gateway === null ? undefined : ports.get(gateway)) ?? [], spec?.port ?? 0),
        };
      });
      return [id, items];
    }),
  );
}

const described = (
  { object: { kind, namespace, name: parent } }: ListenersUpdate,
  { name, attachedRoutes, conditions }: ListenerStatus,
  spec: ListenerSpec | undefined,
): Omit<ListenerItem, 'id' | 'gateway' | 'certificates' | 'bound'> => ({
  kind,
  namespace,
  parent,
  name,
  protocol: spec?.protocol ?? '',
  port: spec?.port ?? 0,
  hostname: spec?.hostname ?? '',
  attachedRoutes,
  conditions: conditions.map(plainCondition),
});

type ListenerSpec = Pick<GatewayListener, 'name' | 'port' | 'protocol' | 'hostname'>;

interface Definition {
  readonly specs: readonly ListenerSpec[];
  /** Id of the Gateway that serves them. */
  readonly gateway: string | null;
}

function definitionOf({ kind, object }: ListenersUpdate, snapshot: ResourceSnapshot): Definition {
  const id = objectId(object);
  if (kind === 'Gateway') {
    const gateway: Gateway | undefined = byId(snapshot.gateways).get(id);
    return { specs: gateway?.spec.listeners ?? [], gateway: gatewayId(object) };
  }
  const set: ListenerSet | undefined = byId(snapshot.listenerSets).get(id);
  if (set === undefined) return { specs: [], gateway: null };
  const { namespace = object.namespace, name } = set.spec.parentRef;
  return { specs: set.spec.listeners, gateway: gatewayId({ namespace, name }) };
}

function portsByGateway(proxies: readonly DataPlaneProxies[]): ReadonlyMap<string, readonly PortReport[]> {
  return new Map(proxies.map((one) => [gatewayOf(one.dataPlane), one.proxies.flatMap(({ ports }) => ports)]));
}

/** Several proxies may share a socket's address. */
function boundSockets(ports: readonly PortReport[], port: number): ListenerItem['bound'] {
  const bound = new Map<string, ListenerItem['bound'][number]>();
  for (const one of ports) {
    if (one.port !== port || one.boundPort === null) continue;
    bound.set(`${one.address} ${String(one.boundPort)}`, { address: one.address, port: one.boundPort });
  }
  return [...bound.values()];
}

export interface GatewayInputs {
  readonly statuses: readonly StatusUpdate[];
  readonly snapshot: ResourceSnapshot;
  readonly configs: readonly GatewayConfig[];
  readonly observations: Observations;
  readonly listeners: ListenersByObject;
  readonly servedSince: ServedSinceOf;
}

export function gatewayItems({
  statuses,
  snapshot,
  configs,
  observations,
  listeners,
  servedSince,
}: GatewayInputs): readonly GatewayItem[] {
  const observed = new Map(observations.dataPlanes.map((one) => [gatewayOf(one.dataPlane), one]));
  const versions = new Map(configs.map((config) => [gatewayOf(config.dataPlane), config.version]));
  const listenersOf = Map.groupBy([...listeners.values()].flat(), ({ gateway }) => gateway);
  return statuses
    .filter((update) => update.kind === 'Gateway')
    .map((update): GatewayItem => {
      const head = objectHead(update, servedSince);
      const id = gatewayId(update.object);
      const acknowledged = observed.get(id)?.acknowledged ?? null;
      return {
        id,
        namespace: head.namespace,
        name: head.name,
        generation: head.generation,
        servedSince: head.servedSince,
        gatewayClass: byId(snapshot.gateways).get(head.id)?.spec.gatewayClassName ?? '',
        addresses: update.status.addresses.map(({ value }) => value),
        listeners: (listenersOf.get(id) ?? []).map((listener) => listener.id),
        conditions: update.status.conditions.map(plainCondition),
        proxies:
          acknowledged === null ? null : { serving: acknowledged.proxies, expected: acknowledged.expected },
        version: versions.get(id) ?? null,
      };
    });
}
