/** Attachment points of the graph: what routes attach to, and the predicates for attaching them. */
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ParentRef, RouteKind } from '../../gatewayapi/status.ts';
import type { ListenerId } from '../../ir/ids.ts';
import { selects } from './label-selector.ts';
import type { ListenerNode } from './nodes.ts';
import type { Lookup } from './snapshot-index.ts';

/** Switch on `kind` only where the kinds differ; all other code that attaches routes works for both. */
export type AttachmentPointNode = ListenerNode | ServicePortNode;

/** A port of a Service in a mesh (GEP-1294). No code creates one until Sluice has a mesh. */
export interface ServicePortNode {
  readonly kind: 'service-port';
  readonly id: ListenerId;
  readonly service: ObjectRef;
  readonly port: number;
  /** `` when the port has none. */
  readonly portName: string;
  readonly supportedKinds: readonly RouteKind[];
  /** Routes of this namespace only, for its own clients (consumer routes); null: routes of the Service's namespace, for all clients. */
  readonly clients: string | null;
}

/** Its name in messages. */
export function nameOfPoint(point: AttachmentPointNode): string {
  return point.kind === 'listener' ? point.spec.name : String(point.port);
}

/** Its name and port, for a message that lists all points of a parent. */
export function describePoint(point: AttachmentPointNode): string {
  return point.kind === 'listener' ? `${point.spec.name} on ${point.spec.port}` : `port ${point.port}`;
}

/** The hostname that the point restricts routes to; `` for none. */
export const hostnameOfPoint = (point: AttachmentPointNode): string =>
  point.kind === 'listener' ? point.hostname : '';

/** Whether the route's hostnames select requests at this point. Hostnames of mesh routes are ignored (GEP-1294). */
export const honorsHostnames = (point: AttachmentPointNode): boolean => point.kind === 'listener';

/** Whether a parentRef selects this point of its parent. */
export function isMeant(point: AttachmentPointNode, { sectionName, port }: ParentRef): boolean {
  const [ownName, ownPort] =
    point.kind === 'listener' ? [point.spec.name, point.spec.port] : [point.portName, point.port];
  return (sectionName === undefined || sectionName === ownName) && (port === undefined || port === ownPort);
}

/** Whether routes of this namespace may attach. */
export function allowsNamespace(point: AttachmentPointNode, namespace: string, lookup: Lookup): boolean {
  if (point.kind === 'service-port') return namespace === (point.clients ?? point.service.namespace);
  const allowed = point.spec.allowedRoutes?.namespaces;
  switch (allowed?.from) {
    case 'All':
      return true;
    case 'Selector':
      return selects(allowed.selector, lookup.namespaceLabels(namespace));
    case 'Same':
    case undefined:
      return namespace === point.owner.namespace;
  }
}
