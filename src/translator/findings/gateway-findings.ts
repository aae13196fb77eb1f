import type { ListenerSet } from '../../gatewayapi/generated/types.ts';
import { GATEWAY_GROUP, namespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { hostnameCovers } from '../../lib/hostname.ts';
import {
  certificateCoversOthers,
  classForeign,
  classMissing,
  parentNotFound,
  parentNotServed,
} from '../faults/advice.ts';
import type { Fault } from '../faults/fault.ts';
import type { Graph } from '../graph/graph.ts';
import type { GatewayNode, ListenerNode } from '../graph/nodes.ts';
import { namespaceOf, refOf } from '../graph/object-key.ts';
import type { Report, ReportContext } from './findings.ts';

export function reportGateways(graph: Graph, { report, defects }: ReportContext): void {
  for (const node of graph.proxyConfigs.values()) report(node.ref, [...node.faults, ...node.warnings]);
  for (const node of graph.classes) report(node.ref, node.faults);
  for (const gateway of graph.gateways) {
    defects.contain(
      [gateway.object, 'findings'],
      () => {
        reportGateway(gateway, report);
      },
      () => undefined,
    );
  }
}

function reportGateway(gateway: GatewayNode, report: Report): void {
  report(gateway.ref, [...gateway.faults, ...gateway.warnings]);
  if (gateway.clientCertificate?.ok === false) report(gateway.ref, [gateway.clientCertificate.failure]);
  for (const listener of gateway.listeners) reportListener(listener, gateway.ref, report);
  for (const set of gateway.listenerSets) {
    report(set.ref, set.faults);
    if (set.faults.length > 0) continue;
    for (const listener of set.listeners) reportListener(listener, gateway.ref, report);
  }
}

function reportListener(listener: ListenerNode, gateway: ObjectRef, report: Report): void {
  const { acceptedFaults, resolvedFaults, warnings, conflict } = listener;
  for (const fault of [...acceptedFaults, ...resolvedFaults, ...warnings]) {
    // The Gateway configures client validation, also for listeners of its ListenerSets.
    const inGateway = fault.path.startsWith('spec.tls.');
    report(inGateway ? gateway : listener.owner, [fault]);
  }
  if (conflict !== null) report(listener.owner, [conflict]);
  const names = listener.certificates.flatMap((certificate) => certificate.names);
  if (
    listener.hostname !== '' &&
    listener.certificates.length > 0 &&
    !coversHostname(names, listener.hostname)
  ) {
    const path = `${listener.path}.tls.certificateRefs`;
    report(listener.owner, [certificateCoversOthers(path, listener.hostname, names)]);
  }
}

/** A wildcard in a certificate matches exactly one label, so only a certificate for `*.example.com` covers that hostname. */
function coversHostname(names: readonly string[], hostname: string): boolean {
  const parent = `*${hostname.slice(hostname.indexOf('.'))}`;
  return names.some((name) => name === hostname || (name === parent && hostnameCovers(name, hostname)));
}

/** Gateways of other controllers, and ListenerSets whose Gateway does not exist. */
export function reportUnserved(graph: Graph, snapshot: ResourceSnapshot, context: UnservedContext): void {
  const { report, controllerName, defects } = context;
  const served = new Set(graph.gateways.map(({ ref }) => namespacedName(ref.namespace, ref.name)));
  const classes = new Map(snapshot.gatewayClasses.map((one) => [one.metadata.name, one]));
  const existing = new Set<string>();
  for (const gateway of snapshot.gateways) {
    const key = namespacedName(namespaceOf(gateway), gateway.metadata.name);
    existing.add(key);
    if (served.has(key)) continue;
    const faults = defects.contain(
      [gateway, 'findings'],
      () => {
        const name = gateway.spec.gatewayClassName;
        const owner = classes.get(name)?.spec.controllerName;
        return [owner === undefined ? classMissing(name, controllerName) : classForeign(name, owner)];
      },
      () => [],
    );
    report(refOf(gateway, GATEWAY_GROUP), faults);
  }
  for (const set of snapshot.listenerSets) {
    const faults = defects.contain(
      [set, 'findings'],
      () => parentFaults(set, existing, served),
      () => [],
    );
    report(refOf(set, GATEWAY_GROUP), faults);
  }
}

function parentFaults(
  set: ListenerSet,
  existing: ReadonlySet<string>,
  served: ReadonlySet<string>,
): readonly Fault[] {
  const { group = GATEWAY_GROUP, kind = 'Gateway', namespace = namespaceOf(set), name } = set.spec.parentRef;
  const key = namespacedName(namespace, name);
  const parent = { group, kind, namespace, name };
  if (group !== GATEWAY_GROUP || kind !== 'Gateway' || !existing.has(key)) {
    return [parentNotFound('spec.parentRef', parent)];
  }
  return served.has(key) ? [] : [parentNotServed('spec.parentRef', parent)];
}

export interface UnservedContext extends ReportContext {
  readonly controllerName: string;
}
