/** The objects that policies may be attached to, and which policy applies to a target. */
import type { Gateway, ListenerSet } from '../../gatewayapi/generated/types.ts';
import { CORE_GROUP, EXPERIMENTAL_GROUP, GATEWAY_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { PolicyLevel } from '../../ir/policy-value.ts';
import type { Fault } from '../faults/fault.ts';
import { keyOf } from '../graph/object-key.ts';
import { routeLists, type AnyRoute } from '../graph/route-adapter.ts';
import type { Lookup } from '../graph/snapshot-index.ts';
import { policySectionNotFound, policyTargetNotFound, policyTargetUnsupported } from './faults.ts';
import type { PolicyTarget } from './policy-kind.ts';

/** A member of a policy's `targetRefs`. Targets are in the policy's own namespace. */
export interface TargetRef {
  readonly group: string;
  readonly kind: string;
  readonly name: string;
  readonly sectionName?: string;
}

interface Target {
  readonly group: string;
  readonly level: PolicyLevel;
  /** Of its sections. */
  readonly sectionLevel: PolicyLevel;
  /** What a `sectionName` refers to; null: there are no sections. */
  readonly section: string | null;
  /** Routes send requests to it. */
  readonly isBackend: boolean;
}

const ROUTE = {
  group: GATEWAY_GROUP,
  level: 'route',
  sectionLevel: 'rule',
  section: 'rule',
  isBackend: false,
} as const;
const OWNER = {
  group: GATEWAY_GROUP,
  sectionLevel: 'listener',
  section: 'listener',
  isBackend: false,
} as const;
const BACKEND = { level: 'backend', sectionLevel: 'backend', isBackend: true } as const;

/** The kinds that `targetRefs` of some policy may refer to. */
const TARGET_KINDS = {
  Service: { ...BACKEND, group: CORE_GROUP, section: 'port' },
  XBackend: { ...BACKEND, group: EXPERIMENTAL_GROUP, section: null },
  Gateway: { ...OWNER, level: 'Gateway' },
  ListenerSet: { ...OWNER, level: 'ListenerSet' },
  HTTPRoute: ROUTE,
  GRPCRoute: ROUTE,
  TCPRoute: ROUTE,
  TLSRoute: ROUTE,
  UDPRoute: ROUTE,
} as const satisfies Readonly<Record<string, Target>>;

export type TargetKind = keyof typeof TARGET_KINDS;

const isTargetKind = (kind: string): kind is TargetKind => Object.hasOwn(TARGET_KINDS, kind);

/** The level of a target that exists, or of a section of it. */
export function levelOf({ kind }: ObjectRef, sectionName: string | null): PolicyLevel {
  if (!isTargetKind(kind)) return 'route';
  const { level, sectionLevel } = TARGET_KINDS[kind];
  return sectionName === null ? level : sectionLevel;
}

export const isBackendTarget = ({ kind }: ObjectRef): boolean =>
  isTargetKind(kind) && TARGET_KINDS[kind].isBackend;

export const isRouteTarget = ({ kind }: ObjectRef): boolean =>
  isTargetKind(kind) && TARGET_KINDS[kind] === ROUTE;

export const ROUTE_TARGETS = ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'UDPRoute'] as const;

/** Routes of connections and datagrams. */
export const LAYER4_TARGETS = ['TCPRoute', 'TLSRoute', 'UDPRoute'] as const;

/** The lists that hold the Gateways, ListenerSets and routes of a snapshot. */
export const targetLists = (snapshot: ResourceSnapshot): readonly (readonly object[])[] => [
  snapshot.gateways,
  snapshot.listenerSets,
  ...routeLists(snapshot),
];

/** The objects that policies of a snapshot can be attached to. `lookup` records those that are read. */
export class TargetIndex {
  readonly #lookup: Lookup;
  readonly #snapshot: ResourceSnapshot;
  /** Names in the `targetRefs` of all policies. */
  readonly #names: ReadonlySet<string>;
  #objects: ReadonlyMap<string, Gateway | ListenerSet | AnyRoute> | null = null;

  constructor(snapshot: ResourceSnapshot, lookup: Lookup, names: ReadonlySet<string>) {
    this.#snapshot = snapshot;
    this.#lookup = lookup;
    this.#names = names;
  }

  /** Why a target or its section cannot be found; null when it is there. `allowed`: the kinds that the policy may name. */
  findMissing(
    target: Pick<PolicyTarget, 'ref' | 'sectionName' | 'path'>,
    allowed: readonly TargetKind[],
  ): Fault | null {
    const { ref, sectionName, path } = target;
    const { kind } = ref;
    if (!isTargetKind(kind) || !allowed.includes(kind) || ref.group !== TARGET_KINDS[kind].group) {
      return policyTargetUnsupported(path, ref, allowed);
    }
    const names = this.#sectionsOf(kind, ref);
    if (names === null) return policyTargetNotFound(path, ref);
    const what = TARGET_KINDS[kind].section;
    if (sectionName === null || what === null || names.includes(sectionName)) return null;
    return policySectionNotFound(path, ref, sectionName, { what, names });
  }

  /** Names of its sections; null: there is no such object. */
  #sectionsOf(kind: TargetKind, { namespace, name }: ObjectRef): readonly string[] | null {
    if (kind === 'Service') {
      const service = this.#lookup.service(namespace, name);
      return service === undefined ? null : namesOf(service.spec?.ports);
    }
    if (kind === 'XBackend') return this.#lookup.backend(namespace, name) === undefined ? null : [];
    this.#objects ??= indexTargets(this.#snapshot, this.#names);
    const object = this.#objects.get(`${kind} ${namespace}/${name}`);
    if (object === undefined) return null;
    return object.kind === 'Gateway' || object.kind === 'ListenerSet'
      ? namesOf(object.spec.listeners)
      : namesOf(object.spec.rules);
  }
}

const namesOf = (list: readonly { readonly name?: string }[] = []): readonly string[] =>
  list.flatMap(({ name }) => (name === undefined ? [] : [name]));

function indexTargets(
  snapshot: ResourceSnapshot,
  names: ReadonlySet<string>,
): ReadonlyMap<string, Gateway | ListenerSet | AnyRoute> {
  const index = new Map<string, Gateway | ListenerSet | AnyRoute>();
  for (const list of [snapshot.gateways, snapshot.listenerSets, ...routeLists(snapshot)]) {
    for (const object of list) {
      if (names.has(object.metadata.name)) index.set(`${object.kind} ${keyOf(object)}`, object);
    }
  }
  return index;
}

/** Which policy of one kind applies to which target: the first to claim a target keeps it. */
export class TargetClaims {
  readonly #owners = new Map<string, ObjectRef>();

  /** Claims a target and returns null, or returns the policy that already has it. */
  claim(policy: ObjectRef, target: ObjectRef, sectionName: string | null): ObjectRef | null {
    const key = placeKey(target, sectionName);
    const owner = this.#owners.get(key);
    if (owner !== undefined) return owner;
    this.#owners.set(key, policy);
    return null;
  }
}

/** Identifies an object or a section of it. */
export function placeKey(target: ObjectRef, sectionName: string | null): string {
  return [target.group, target.kind, target.namespace, target.name, sectionName ?? ''].join('|');
}

/** Links the targetRefs of one policy. `claims`: null if any number of policies may apply to a target; otherwise policies come oldest first. */
export function linkTargets(
  policy: ObjectRef,
  refs: readonly TargetRef[],
  {
    index,
    allowed,
    claims,
  }: {
    readonly index: TargetIndex;
    readonly allowed: readonly TargetKind[];
    readonly claims: TargetClaims | null;
  },
): readonly PolicyTarget[] {
  return refs.map(({ group, kind, name, sectionName = null }, at) => {
    const target = {
      ref: { group, kind, namespace: policy.namespace, name },
      sectionName,
      path: `spec.targetRefs[${String(at)}]`,
    };
    const missing = index.findMissing(target, allowed);
    const lostTo = missing === null ? (claims?.claim(policy, target.ref, sectionName) ?? null) : null;
    return { ...target, missing, lostTo };
  });
}
