/**
 * Attaches routes to listeners: parentRefs, allowedRoutes, hostnames (ParentReference, AllowedRoutes, GEP-1713
 * "Summary of Attachments", GEP-3793 for default Gateways).
 */
import { GATEWAY_GROUP, namespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ParentRef } from '../../gatewayapi/status.ts';
import { hostnameSpecificity, intersectHostnames } from '../../lib/hostname.ts';
import type { Fault } from '../faults/fault.ts';
import {
  kindNotAllowed,
  namespaceNotAllowed,
  noMatchingHostname,
  noMatchingParent,
} from '../faults/route-faults.ts';
import { selects } from './label-selector.ts';
import type { GatewayNode, ListenerNode, SharedHostname } from './nodes.ts';
import { namespaceOf } from './object-key.ts';
import type { RouteSpec } from './route-adapter.ts';
import type { SnapshotIndex } from './snapshot-index.ts';

/** A Gateway or ListenerSet that routes may name as parent. */
interface Parent {
  readonly ref: ObjectRef;
  readonly gateway: ObjectRef;
  readonly listeners: readonly ListenerNode[];
  /** A ListenerSet that its Gateway does not take: nothing can attach to it. */
  readonly rejected: boolean;
}

/** What routes can attach to, by identity. */
export interface ParentIndex {
  readonly byKey: ReadonlyMap<string, Parent>;
  /** Gateways with `spec.defaultScope: All`. */
  readonly defaults: readonly Parent[];
  readonly index: SnapshotIndex;
}

export function indexParents(gateways: readonly GatewayNode[], index: SnapshotIndex): ParentIndex {
  const byKey = new Map<string, Parent>();
  const defaults: Parent[] = [];
  for (const gateway of gateways) {
    const { ref, listeners } = gateway;
    const parent: Parent = { ref, gateway: ref, listeners, rejected: false };
    byKey.set(parentKey(ref), parent);
    if (gateway.object.spec.defaultScope === 'All') defaults.push(parent);
    for (const set of gateway.listenerSets) {
      byKey.set(parentKey(set.ref), {
        ref: set.ref,
        gateway: ref,
        listeners: set.listeners,
        rejected: set.faults.length > 0,
      });
    }
  }
  return { byKey, defaults, index };
}

function parentKey(ref: ObjectRef): string {
  return `${ref.kind}|${namespacedName(ref.namespace, ref.name)}`;
}

/** A parentRef that is ours to answer, and where it leads. */
export interface AttachmentAttempt {
  readonly parentRef: ParentRef;
  readonly path: string;
  readonly gateway: ObjectRef;
  /** Listeners that take the route, with the hostnames they share with it. */
  readonly listeners: readonly {
    readonly listener: ListenerNode;
    readonly hostnames: readonly SharedHostname[];
  }[];
  readonly refusal: Fault | null;
}

/** Every parentRef of the route that names something of ours, in order, then default Gateways that take it. */
export function attemptAttachments(route: RouteSpec, parents: ParentIndex): readonly AttachmentAttempt[] {
  const attempts: AttachmentAttempt[] = [];
  const named = new Set<string>();
  for (const [index, parentRef] of route.parentRefs.entries()) {
    const ref = parentObject(parentRef, namespaceOf(route.object));
    const parent = ref === null ? undefined : parents.byKey.get(parentKey(ref));
    if (parent === undefined) continue;
    named.add(parentKey(parent.ref));
    attempts.push(attempt(route, parent, { parentRef, path: `spec.parentRefs[${index}]`, parents }));
  }
  if (!route.usesDefaultGateways) return attempts;
  for (const parent of parents.defaults) {
    if (named.has(parentKey(parent.ref))) continue;
    const claimed = attempt(route, parent, {
      parentRef: { ...parent.ref },
      path: 'spec.useDefaultGateways',
      parents,
    });
    // A default Gateway announces what it claims; one that cannot take the route has nothing to say about it.
    if (claimed.refusal === null) attempts.push(claimed);
  }
  return attempts;
}

/** The object a parentRef names; null for kinds that are never ours, such as the Services of a mesh. */
export function parentObject(ref: ParentRef, namespace: string): ObjectRef | null {
  const { group = GATEWAY_GROUP, kind = 'Gateway' } = ref;
  if (group !== GATEWAY_GROUP || (kind !== 'Gateway' && kind !== 'ListenerSet')) return null;
  return { group, kind, namespace: ref.namespace ?? namespace, name: ref.name };
}

interface AttemptContext {
  readonly parentRef: ParentRef;
  readonly path: string;
  readonly parents: ParentIndex;
}

function attempt(route: RouteSpec, parent: Parent, context: AttemptContext): AttachmentAttempt {
  const { parentRef, path } = context;
  const base = { parentRef, path, gateway: parent.gateway };
  const refuse = (refusal: Fault): AttachmentAttempt => ({ ...base, listeners: [], refusal });
  if (parent.rejected) {
    return refuse(noMatchingParent(path, parent.ref, 'is not accepted by its Gateway; see its own status.'));
  }
  const relevant = parent.listeners.filter(
    ({ spec }) =>
      (parentRef.sectionName === undefined || parentRef.sectionName === spec.name) &&
      (parentRef.port === undefined || parentRef.port === spec.port),
  );
  if (relevant.length === 0) return refuse(noMatchingParent(path, parent.ref, whyNone(parentRef, parent)));
  const ofKind = relevant.filter((listener) => listener.supportedKinds.includes(route.kind));
  if (ofKind.length === 0) return refuse(kindNotAllowed(path, route.kind, namesOf(relevant)));
  const namespace = namespaceOf(route.object);
  const open = ofKind.filter((listener) => allowsNamespace(listener, namespace, context.parents.index));
  if (open.length === 0) return refuse(namespaceNotAllowed(path, namespace, namesOf(ofKind)));
  const listeners = open
    .map((listener) => ({ listener, hostnames: sharedHostnames(listener, route.hostnames) }))
    .filter(({ hostnames }) => hostnames.length > 0);
  if (listeners.length === 0) {
    const served = open.map((listener) => listener.hostname).filter((hostname) => hostname !== '');
    return refuse(noMatchingHostname(path, route.hostnames, served));
  }
  return { ...base, listeners, refusal: null };
}

function whyNone(ref: ParentRef, parent: Parent): string {
  const wanted = [
    ...(ref.sectionName === undefined ? [] : [`named ${ref.sectionName}`]),
    ...(ref.port === undefined ? [] : [`on port ${ref.port}`]),
  ].join(' and ');
  const known = parent.listeners.map(({ spec }) => `${spec.name} on ${spec.port}`).join(', ');
  return `has no listener ${wanted}. It has ${known}.`;
}

const namesOf = (listeners: readonly ListenerNode[]): readonly string[] =>
  listeners.map((listener) => listener.spec.name);

function allowsNamespace(listener: ListenerNode, namespace: string, index: SnapshotIndex): boolean {
  const allowed = listener.spec.allowedRoutes?.namespaces;
  switch (allowed?.from) {
    case 'All':
      return true;
    case 'Selector':
      return selects(allowed.selector, index.namespaceLabels(namespace));
    case 'Same':
    case undefined:
      return namespace === listener.owner.namespace;
  }
}

/** Hostnames that listener and route share, most specific first; none when there is nothing shared. */
function sharedHostnames(listener: ListenerNode, hostnames: readonly string[]): readonly SharedHostname[] {
  if (hostnames.length === 0) return [{ hostname: listener.hostname, written: '' }];
  const shared = new Map<string, string>();
  for (const raw of hostnames) {
    const written = raw.toLowerCase();
    const hostname = intersectHostnames(listener.hostname, written);
    if (hostname === null) continue;
    const known = shared.get(hostname);
    if (known === undefined || hostnameSpecificity(written, known) < 0) shared.set(hostname, written);
  }
  return [...shared]
    .sort(([a], [b]) => hostnameSpecificity(a, b))
    .map(([hostname, written]) => ({ hostname, written }));
}
