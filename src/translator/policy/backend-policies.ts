/** BackendPolicies judged by themselves and linked to what they are attached to. Which of them govern a request is hierarchy.ts's. */
import type { BackendPolicy, Gateway, ListenerSet } from '../../gatewayapi/generated/types.ts';
import { CORE_GROUP, GATEWAY_GROUP, SLUICE_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import { keepList } from '../../lib/keep-same.ts';
import { isAuthority, isRequestTarget, isToken, sessionNameError } from '../../lib/message-grammar.ts';
import { parseBytes } from '../../lib/quantity.ts';
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError, schemaFaults } from '../faults/object-faults.ts';
import {
  poolSettingsOnRoute,
  policySectionNotFound,
  policyTargetNotFound,
  policyTargetUnsupported,
  policyValue,
} from './faults.ts';
import type { BackendPolicyNode, BackendPolicyTarget } from '../graph/nodes.ts';
import { byAge, keepNodes, keyOf, refOf } from '../graph/object-key.ts';
import { POLICY_FIELDS } from './backend-policy/fields.ts';
import { fieldsOf, type PolicyLayer, type PolicySpec } from './merge.ts';
import { claimKey } from './targets.ts';
import type { AnyRoute } from '../graph/route-adapter.ts';
import type { Lookup } from '../graph/snapshot-index.ts';

interface PolicyClaim {
  readonly by: ObjectRef;
  /** null: on all of the object. */
  readonly section: string | null;
  readonly spec: PolicySpec;
}

export class BackendPolicies {
  /** Oldest first. */
  readonly nodes: readonly BackendPolicyNode[];
  readonly #layers = new Map<string, PolicyLayer[]>();
  /** By target, whatever its section; oldest first. */
  readonly #claims = new Map<string, PolicyClaim[]>();

  constructor(nodes: readonly BackendPolicyNode[]) {
    this.nodes = nodes;
    // Youngest first: of two at one place the older is the stronger (GEP-713, conflict resolution).
    for (const node of nodes.toReversed()) {
      if (node.faults.length > 0) continue;
      for (const target of node.targets) if (target.missing === null) this.#attach(node, target);
    }
  }

  #attach({ ref, object }: BackendPolicyNode, target: BackendPolicyTarget): void {
    const place = claimKey(target.ref, target.sectionName);
    const spec = settingsOf(object);
    const layers = this.#layers.get(place) ?? [];
    layers.push({ source: ref, place, spec });
    this.#layers.set(place, layers);
    const whole = claimKey(target.ref, null);
    const claims = this.#claims.get(whole) ?? [];
    claims.unshift({ by: ref, section: target.sectionName, spec });
    this.#claims.set(whole, claims);
  }

  /** Whose `block` goes before that of a policy of another kind for the same object; null: nobody's, and that one holds. */
  claimOn(ref: ObjectRef, block: keyof PolicySpec): PolicyClaim | null {
    const claims = this.#claims.get(claimKey(ref, null))?.filter(({ spec }) => spec[block] !== undefined);
    return claims?.find(({ section }) => section === null) ?? claims?.[0] ?? null;
  }

  /** Layers attached to exactly this object or section of it, weakest first. */
  at(ref: ObjectRef, sectionName: string | null): readonly PolicyLayer[] {
    return this.#layers.size === 0 ? [] : (this.#layers.get(claimKey(ref, sectionName)) ?? []);
  }
}

/** All but what it is attached to. */
export const settingsOf = ({ spec }: BackendPolicy): PolicySpec =>
  Object.fromEntries(Object.entries(spec).filter(([name]) => name !== 'targetRefs'));

/** `before` itself where all come out as they did. */
export function judgeBackendPolicies(
  snapshot: ResourceSnapshot,
  lookup: Lookup,
  before: BackendPolicies | null,
): BackendPolicies {
  const nodes = keepNodes(before?.nodes ?? [], judgeNodes(snapshot, lookup));
  return before !== null && keepList(before.nodes, nodes) === before.nodes
    ? before
    : new BackendPolicies(nodes);
}

function judgeNodes(snapshot: ResourceSnapshot, lookup: Lookup): readonly BackendPolicyNode[] {
  if (snapshot.backendPolicies.length === 0) return [];
  const targets = indexTargets(snapshot);
  return snapshot.backendPolicies.toSorted(byAge).map((object) =>
    contain(
      () => judgeNode(object, targets, lookup),
      (error): BackendPolicyNode => ({
        object,
        ref: refOf(object, SLUICE_GROUP),
        faults: [internalError('', error, 'Invalid')],
        targets: [],
      }),
    ),
  );
}

function judgeNode(object: BackendPolicy, targets: TargetIndex, lookup: Lookup): BackendPolicyNode {
  const ref = refOf(object, SLUICE_GROUP);
  const links = object.spec.targetRefs.map(({ group, kind, name, sectionName }, index) => {
    const path = `spec.targetRefs[${String(index)}]`;
    const target = { ref: { group, kind, namespace: ref.namespace, name }, path };
    const sections = sectionsOf(target.ref, targets, lookup);
    return {
      ...target,
      sectionName: sectionName ?? null,
      missing: missingTarget(target, sectionName ?? null, sections),
    };
  });
  const faults = [
    ...schemaFaults(object, 'Invalid'),
    ...valueFaults(object),
    ...textFaults(object),
    ...poolFaults(object),
  ];
  return { object, ref, faults, targets: links };
}

/** What a section of an object is, and the names of those it has; null: there is no such object. */
type Sections = { readonly what: string; readonly names: readonly string[] } | null;

type TargetIndex = ReadonlyMap<string, Gateway | ListenerSet | AnyRoute>;

const ROUTE_KINDS = ['HTTPRoute', 'GRPCRoute', 'TCPRoute', 'TLSRoute', 'UDPRoute'];
const TARGET_KINDS = ['Service', 'Gateway', 'ListenerSet', ...ROUTE_KINDS];

function indexTargets(snapshot: ResourceSnapshot): TargetIndex {
  const objects = [
    ...snapshot.gateways,
    ...snapshot.listenerSets,
    ...snapshot.httpRoutes,
    ...snapshot.grpcRoutes,
    ...snapshot.tlsRoutes,
    ...snapshot.tcpRoutes,
    ...snapshot.udpRoutes,
  ];
  return new Map(objects.map((object) => [`${object.kind} ${keyOf(object)}`, object]));
}

function sectionsOf(ref: ObjectRef, targets: TargetIndex, lookup: Lookup): Sections {
  const named = (list: readonly { readonly name?: string }[] = []): readonly string[] =>
    list.flatMap(({ name }) => (name === undefined ? [] : [name]));
  if (ref.kind === 'Service') {
    const service = lookup.service(ref.namespace, ref.name);
    return service === undefined ? null : { what: 'port', names: named(service.spec?.ports) };
  }
  const object = targets.get(`${ref.kind} ${ref.namespace}/${ref.name}`);
  if (object === undefined) return null;
  return object.kind === 'Gateway' || object.kind === 'ListenerSet'
    ? { what: 'listener', names: named(object.spec.listeners) }
    : { what: 'rule', names: named(object.spec.rules) };
}

function missingTarget(
  { ref, path }: { readonly ref: ObjectRef; readonly path: string },
  sectionName: string | null,
  sections: Sections,
): Fault | null {
  const group = ref.kind === 'Service' ? CORE_GROUP : GATEWAY_GROUP;
  if (!TARGET_KINDS.includes(ref.kind) || ref.group !== group) {
    return policyTargetUnsupported(path, ref, TARGET_KINDS);
  }
  if (sections === null) return policyTargetNotFound(path, ref);
  return sectionName === null || sections.names.includes(sectionName)
    ? null
    : policySectionNotFound(path, ref, sectionName, sections);
}

/** RFC 9113 section 6.9.1. */
const MAX_WINDOW_BYTES = 2_147_483_647;

/** What the schema cannot see, or was never asked about. */
function valueFaults(object: BackendPolicy): readonly Fault[] {
  return fieldsOf(settingsOf(object)).flatMap(([path, value]) => {
    const unit = POLICY_FIELDS[path]?.unit ?? 'plain';
    const text = String(value);
    if (unit === 'duration' && parseDurationMs(text) === null) {
      return [policyValue(`spec.${path}`, `${JSON.stringify(value)} is no duration, such as 250ms or 1m.`)];
    }
    if (unit !== 'bytes') return [];
    const bytes = parseBytes(text);
    if (bytes === null) {
      return [policyValue(`spec.${path}`, `${JSON.stringify(value)} is no size, such as 64Ki.`)];
    }
    const isWindow = path === 'http2.initialStreamWindowSize';
    return isWindow && (bytes < 1 || bytes > MAX_WINDOW_BYTES)
      ? [policyValue(`spec.${path}`, `a window has 1 to ${String(MAX_WINDOW_BYTES)} bytes.`)]
      : [];
  });
}

/** Text that becomes part of messages: an object may be older than the pattern of its schema. */
function textFaults({ spec: { sessionPersistence, healthCheck } }: BackendPolicy): readonly Fault[] {
  const { path = '/', hostname = '', headers = [] } = healthCheck?.active?.http ?? {};
  const { sessionName = '', type = 'Cookie' } = sessionPersistence ?? {};
  const http = 'spec.healthCheck.active.http';
  const checked: readonly (readonly [path: string, error: string | null])[] = [
    ['spec.sessionPersistence.sessionName', sessionNameError(sessionName, type)],
    [`${http}.path`, isRequestTarget(path) ? null : `${JSON.stringify(path)} is no path, such as /healthz.`],
    [
      `${http}.hostname`,
      hostname === '' || isAuthority(hostname)
        ? null
        : `${JSON.stringify(hostname)} is no host, such as shop.example or shop.example:8080.`,
    ],
    ...headers.map(
      ({ name }, index) =>
        [
          `${http}.headers[${String(index)}].name`,
          isToken(name) ? null : `${JSON.stringify(name)} is no header name.`,
        ] as const,
    ),
  ];
  return checked.flatMap(([at, error]) => (error === null ? [] : [policyValue(at, error)]));
}

function poolFaults({ spec }: BackendPolicy): readonly Fault[] {
  if (!spec.targetRefs.some(({ kind }) => ROUTE_KINDS.includes(kind))) return [];
  const blocks = Object.keys(spec).filter((name) => !['targetRefs', 'retry', 'timeouts'].includes(name));
  return blocks.map((block) => poolSettingsOnRoute(`spec.${block}`, block));
}
