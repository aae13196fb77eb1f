/**
 * Attaches routes to attachment points: parentRefs, allowedRoutes, hostnames (ParentReference, AllowedRoutes, GEP-1713
 * "Summary of Attachments", GEP-3793 for default Gateways).
 */
import { CORE_GROUP, GATEWAY_GROUP, namespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ParentRef } from '../../gatewayapi/status.ts';
import { gatewayDataPlane, type DataPlaneId } from '../../ir/data-plane-id.ts';
import { hostnameSpecificity, intersectHostnames } from '../../lib/hostname.ts';
import { memoizeByKey } from '../../lib/memoize-by-key.ts';
import { compactArray } from '../../lib/compact-array.ts';
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError } from '../faults/object-faults.ts';
import {
  kindNotAllowed,
  namespaceNotAllowed,
  noMatchingHostname,
  noMatchingParent,
} from '../faults/route-faults.ts';
import {
  allowsNamespace,
  describePoint,
  honorsHostnames,
  hostnameOfPoint,
  isMeant,
  nameOfPoint,
  type AttachmentPointNode,
} from './attachment-point.ts';
import type { GatewayNode, SharedHostname } from './nodes.ts';
import { namespaceOf } from './object-key.ts';
import type { RouteSpec } from './route-adapter.ts';
import type { Lookup } from './snapshot-index.ts';

/** A possible parent of routes: a Gateway or ListenerSet. The same object until its Gateway is evaluated again. */
export interface Parent extends ParentTarget {
  /** The object whose data plane serves it: the Gateway. */
  readonly owner: ObjectRef;
  readonly dataPlane: DataPlaneId;
  readonly points: readonly AttachmentPointNode[];
  /** A ListenerSet that its Gateway does not accept: nothing can attach to it. */
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
const parentsOf = memoizeByKey(({ ref, listeners, listenerSets }: GatewayNode): readonly Parent[] => {
  const served = { kind: 'listener', owner: ref, dataPlane: gatewayDataPlane(ref) } as const;
  return [
    { ...served, ref, points: listeners, rejected: false },
    ...listenerSets.map((set) => ({
      ...served,
      ref: set.ref,
      points: set.listeners,
      rejected: set.faults.length > 0,
    })),
  ];
});

/** The key in `ParentIndex` for a parentRef; null if Sluice does not support its kind, or cannot read it (which is a finding). */
export function parentKeyOf(parentRef: ParentRef, namespace: string): string | null {
  const target = contain(
    () => parentTarget(parentRef, namespace),
    () => null,
  );
  return target === null ? null : parentKey(target.ref);
}

function parentKey(ref: ObjectRef): string {
  return `${ref.kind}|${namespacedName(ref.namespace, ref.name)}`;
}

/** A parentRef to a parent that Sluice serves. */
export interface AttachmentCandidate {
  readonly parentRef: ParentRef;
  readonly path: string;
  readonly parent: Parent;
  /** Points that accept the route, with the hostnames they share with it. */
  readonly points: readonly {
    readonly point: AttachmentPointNode;
    readonly hostnames: readonly SharedHostname[];
  }[];
  readonly refusal: Fault | null;
}

/** Every parentRef of the route to a parent that Sluice serves, in order, then default Gateways that accept it. */
export function findCandidates(
  route: RouteSpec,
  parents: ParentIndex,
  lookup: Lookup,
): readonly AttachmentCandidate[] {
  const candidates: AttachmentCandidate[] = [];
  const named = new Set<string>();
  for (const [index, parentRef] of route.parentRefs.entries()) {
    const key = parentKeyOf(parentRef, namespaceOf(route.object));
    const parent = key === null ? undefined : parents.byKey.get(key);
    if (parent === undefined) continue;
    named.add(parentKey(parent.ref));
    candidates.push(contained(route, parent, { parentRef, path: `spec.parentRefs[${index}]`, lookup }));
  }
  if (!route.usesDefaultGateways) return compactArray(candidates);
  for (const parent of parents.defaults) {
    if (named.has(parentKey(parent.ref))) continue;
    const claimed = contained(route, parent, {
      parentRef: { ...parent.ref },
      path: 'spec.useDefaultGateways',
      lookup,
    });
    // A default Gateway that cannot accept the route is not listed in its status.
    if (claimed.refusal === null) candidates.push(claimed);
  }
  return compactArray(candidates);
}

/** The object that a parentRef refers to, and its attachment points. */
export interface ParentTarget {
  readonly kind: AttachmentPointNode['kind'];
  readonly ref: ObjectRef;
}

/** null for kinds that have no attachment points. */
export function parentTarget(parentRef: ParentRef, ownNamespace: string): ParentTarget | null {
  const { group = GATEWAY_GROUP, kind = 'Gateway', namespace = ownNamespace, name } = parentRef;
  const ref: ObjectRef = { group, kind, namespace, name };
  if (group === GATEWAY_GROUP && (kind === 'Gateway' || kind === 'ListenerSet')) {
    return { kind: 'listener', ref };
  }
  return group === CORE_GROUP && kind === 'Service' ? { kind: 'service-port', ref } : null;
}

interface AttemptContext {
  readonly parentRef: ParentRef;
  readonly path: string;
  readonly lookup: Lookup;
}

const contained = (route: RouteSpec, parent: Parent, context: AttemptContext): AttachmentCandidate =>
  contain(
    () => attempt(route, parent, context),
    (error) => ({
      parentRef: context.parentRef,
      path: context.path,
      parent,
      points: [],
      refusal: internalError(context.path, error, 'UnsupportedValue'),
    }),
  );

function attempt(route: RouteSpec, parent: Parent, context: AttemptContext): AttachmentCandidate {
  const { parentRef, path } = context;
  const base = { parentRef, path, parent };
  const refuse = (refusal: Fault): AttachmentCandidate => ({ ...base, points: [], refusal });
  if (parent.rejected) {
    return refuse(noMatchingParent(path, parent.ref, 'is not accepted by its Gateway; see its own status.'));
  }
  const relevant = parent.points.filter((point) => isMeant(point, parentRef));
  if (relevant.length === 0) return refuse(noMatchingParent(path, parent.ref, whyNone(parentRef, parent)));
  const ofKind = relevant.filter(({ supportedKinds }) => supportedKinds.includes(route.kind));
  if (ofKind.length === 0) return refuse(kindNotAllowed(path, route.kind, relevant.map(nameOfPoint)));
  const namespace = namespaceOf(route.object);
  const open = ofKind.filter((point) => allowsNamespace(point, namespace, context.lookup));
  if (open.length === 0) return refuse(namespaceNotAllowed(path, namespace, ofKind.map(nameOfPoint)));
  const points = open
    .map((point) => ({ point, hostnames: sharedHostnames(point, route.hostnames) }))
    .filter(({ hostnames }) => hostnames.length > 0);
  if (points.length === 0) {
    const served = open.map(hostnameOfPoint).filter((hostname) => hostname !== '');
    return refuse(noMatchingHostname(path, route.hostnames, served));
  }
  return { ...base, points: compactArray(points), refusal: null };
}

function whyNone(ref: ParentRef, parent: Parent): string {
  const wanted = [
    ...(ref.sectionName === undefined ? [] : [`named ${ref.sectionName}`]),
    ...(ref.port === undefined ? [] : [`on port ${ref.port}`]),
  ].join(' and ');
  const known = parent.points.map(describePoint).join(', ');
  const what = parent.kind === 'listener' ? 'listener' : 'port';
  return `has no ${what} ${wanted}. It has ${known}.`;
}

/** Hostnames that point and route share, most specific first; empty if there are none. */
function sharedHostnames(
  point: AttachmentPointNode,
  hostnames: readonly string[],
): readonly SharedHostname[] {
  const own = hostnameOfPoint(point);
  if (hostnames.length === 0 || !honorsHostnames(point)) return [{ hostname: own, written: '' }];
  const shared = new Map<string, string>();
  for (const raw of hostnames) {
    const written = raw.toLowerCase();
    const hostname = intersectHostnames(own, written);
    if (hostname === null) continue;
    const known = shared.get(hostname);
    if (known === undefined || hostnameSpecificity(written, known) < 0) shared.set(hostname, written);
  }
  return [...shared]
    .sort(([a], [b]) => hostnameSpecificity(a, b))
    .map(([hostname, written]) => ({ hostname, written }));
}
