/**
 * Attaches routes to listeners: parentRefs, allowedRoutes, hostnames (ParentReference, AllowedRoutes, GEP-1713
 * "Summary of Attachments", GEP-3793 for default Gateways).
 */
import { GATEWAY_GROUP, namespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ParentRef } from '../../gatewayapi/status.ts';
import { hostnameSpecificity, intersectHostnames } from '../../lib/hostname.ts';
import { remember } from '../../lib/remember.ts';
import { trimmed } from '../../lib/trimmed.ts';
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError } from '../faults/object-faults.ts';
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
import type { Lookup } from './snapshot-index.ts';

/** A Gateway or ListenerSet that routes may name as parent; the same object until its Gateway is judged again. */
export interface Parent {
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
}

export function indexParents(gateways: readonly GatewayNode[]): ParentIndex {
  const byKey = new Map<string, Parent>();
  const defaults: Parent[] = [];
  for (const gateway of gateways) {
    const [own, ...sets] = parentsOf(gateway);
    if (own === undefined) continue;
    for (const parent of [own, ...sets]) byKey.set(parentKey(parent.ref), parent);
    if (gateway.isDefault) defaults.push(own);
  }
  return { byKey, defaults };
}

/** The Gateway, then its ListenerSets. */
const parentsOf = remember(({ ref, listeners, listenerSets }: GatewayNode): readonly Parent[] => [
  { ref, gateway: ref, listeners, rejected: false },
  ...listenerSets.map((set) => ({
    ref: set.ref,
    gateway: ref,
    listeners: set.listeners,
    rejected: set.faults.length > 0,
  })),
]);

/** What a parentRef leads to, and by what name; null for one that is never ours, or cannot be read (which is a finding). */
export function parentKeyOf(parentRef: ParentRef, namespace: string): string | null {
  const ref = contain(
    () => parentObject(parentRef, namespace),
    () => null,
  );
  return ref === null ? null : parentKey(ref);
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
export function attemptAttachments(
  route: RouteSpec,
  parents: ParentIndex,
  lookup: Lookup,
): readonly AttachmentAttempt[] {
  const attempts: AttachmentAttempt[] = [];
  const named = new Set<string>();
  for (const [index, parentRef] of route.parentRefs.entries()) {
    const key = parentKeyOf(parentRef, namespaceOf(route.object));
    const parent = key === null ? undefined : parents.byKey.get(key);
    if (parent === undefined) continue;
    named.add(parentKey(parent.ref));
    attempts.push(contained(route, parent, { parentRef, path: `spec.parentRefs[${index}]`, lookup }));
  }
  if (!route.usesDefaultGateways) return trimmed(attempts);
  for (const parent of parents.defaults) {
    if (named.has(parentKey(parent.ref))) continue;
    const claimed = contained(route, parent, {
      parentRef: { ...parent.ref },
      path: 'spec.useDefaultGateways',
      lookup,
    });
    // A default Gateway announces what it claims; one that cannot take the route has nothing to say about it.
    if (claimed.refusal === null) attempts.push(claimed);
  }
  return trimmed(attempts);
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
  readonly lookup: Lookup;
}

const contained = (route: RouteSpec, parent: Parent, context: AttemptContext): AttachmentAttempt =>
  contain(
    () => attempt(route, parent, context),
    (error) => ({
      parentRef: context.parentRef,
      path: context.path,
      gateway: parent.gateway,
      listeners: [],
      refusal: internalError(context.path, error, 'UnsupportedValue'),
    }),
  );

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
  const open = ofKind.filter((listener) => allowsNamespace(listener, namespace, context.lookup));
  if (open.length === 0) return refuse(namespaceNotAllowed(path, namespace, namesOf(ofKind)));
  const listeners = open
    .map((listener) => ({ listener, hostnames: sharedHostnames(listener, route.hostnames) }))
    .filter(({ hostnames }) => hostnames.length > 0);
  if (listeners.length === 0) {
    const served = open.map((listener) => listener.hostname).filter((hostname) => hostname !== '');
    return refuse(noMatchingHostname(path, route.hostnames, served));
  }
  return { ...base, listeners: trimmed(listeners), refusal: null };
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

function allowsNamespace(listener: ListenerNode, namespace: string, lookup: Lookup): boolean {
  const allowed = listener.spec.allowedRoutes?.namespaces;
  switch (allowed?.from) {
    case 'All':
      return true;
    case 'Selector':
      return selects(allowed.selector, lookup.namespaceLabels(namespace));
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
