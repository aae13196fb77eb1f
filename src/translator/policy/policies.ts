/**
 * The policies stage: what governs an upstream besides the route. BackendTLSPolicy and XBackendTrafficPolicy reach the lowering as
 * values of `Upstream`; BackendPolicies are inherited, and hierarchy.ts says what they come to.
 */
import type { BackendTLSPolicy, XBackendTrafficPolicy } from '../../gatewayapi/generated/types.ts';
import { EXPERIMENTAL_GROUP, GATEWAY_GROUP, SLUICE_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { sessionNameError } from '../../lib/message-grammar.ts';
import { contain } from '../contain.ts';
import type { Fault } from '../faults/fault.ts';
import { internalError, schemaFaults } from '../faults/object-faults.ts';
import {
  policyBlockConflicted,
  policyOptionForeign,
  policyOptionUnsupported,
  policyValue,
} from './faults.ts';
import type { TranslateOptions } from '../types.ts';
import { judgeBackendPolicies, type BackendPolicies } from './backend-policies.ts';
import { judgeTrust } from '../graph/backend-trust.ts';
import type { BlockConflict, TlsPolicyNode, TrafficPolicyNode } from '../graph/nodes.ts';
import { byAge, keepNodes, refOf } from '../graph/object-key.ts';
import { claimKey, linkTargets, PolicyClaims } from './targets.ts';
import type { Lookup } from '../graph/snapshot-index.ts';

export interface PolicyContext {
  readonly lookup: Lookup;
  readonly options: TranslateOptions;
}

/** Policies linked to their targets. */
export interface Policies {
  readonly tls: readonly TlsPolicyNode[];
  readonly traffic: readonly TrafficPolicyNode[];
  readonly backend: BackendPolicies;
  /** A policy for the named port is more specific than one for the whole Service. */
  tlsFor(target: ObjectRef, portName: string): TlsPolicyNode | null;
  trafficFor(target: ObjectRef): TrafficPolicyNode | null;
}

/** Of nodes that come out as in `before`, those of `before` are taken. */
export function judgePolicies(
  snapshot: ResourceSnapshot,
  context: PolicyContext,
  before: Policies | null,
): Policies {
  const backend = judgeBackendPolicies(snapshot, context.lookup, before?.backend ?? null);
  const tlsClaims = new PolicyClaims();
  const tls = keepNodes(
    before?.tls ?? [],
    snapshot.backendTlsPolicies.toSorted(byAge).map((object) =>
      contain(
        () => judgeTlsPolicy(object, context, tlsClaims),
        (error) => closedTlsPolicy(object, context, { claims: tlsClaims, error }),
      ),
    ),
  );
  const trafficClaims = new PolicyClaims();
  const traffic = keepNodes(
    before?.traffic ?? [],
    snapshot.backendTrafficPolicies.toSorted(byAge).map((object) =>
      contain(
        () => judgeTrafficPolicy(object, context, { claims: trafficClaims, backend }),
        (error) => ({
          object,
          ref: refOf(object, EXPERIMENTAL_GROUP),
          targets: [],
          faults: [internalError('', error, 'Invalid')],
          conflicts: [],
        }),
      ),
    ),
  );
  const tlsByTarget = byTarget(tls);
  const trafficByTarget = byTarget(traffic.filter(({ faults }) => faults.length === 0));
  return {
    tls,
    traffic,
    backend,
    tlsFor: (target, portName) =>
      (portName === '' ? undefined : tlsByTarget.get(claimKey(target, portName))) ??
      tlsByTarget.get(claimKey(target, null)) ??
      null,
    trafficFor: (target) => trafficByTarget.get(claimKey(target, null)) ?? null,
  };
}

function byTarget<Node extends TlsPolicyNode | TrafficPolicyNode>(
  nodes: readonly Node[],
): ReadonlyMap<string, Node> {
  const map = new Map<string, Node>();
  for (const node of nodes) {
    if ('faults' in node && node.faults.length > 0) continue;
    for (const target of node.targets) {
      if (target.missing === null && target.lostTo === null) {
        map.set(claimKey(target.ref, target.sectionName), node);
      }
    }
  }
  return map;
}

/** It keeps its targets where they can be read: a connection that was to be encrypted must not go in the clear. */
function closedTlsPolicy(
  object: BackendTLSPolicy,
  { lookup }: PolicyContext,
  { claims, error }: { readonly claims: PolicyClaims; readonly error: unknown },
): TlsPolicyNode {
  const ref = refOf(object, GATEWAY_GROUP);
  return {
    object,
    ref,
    tls: null,
    acceptedFaults: [internalError('', error, 'Invalid')],
    resolvedFaults: [],
    remarks: [],
    targets: contain(
      () => linkTargets(ref, object.spec.targetRefs, { lookup, claims, kinds: ['Service'] }),
      () => [],
    ),
  };
}

function judgeTlsPolicy(
  object: BackendTLSPolicy,
  { lookup, options }: PolicyContext,
  claims: PolicyClaims,
): TlsPolicyNode {
  const ref = refOf(object, GATEWAY_GROUP);
  const from = { group: ref.group, kind: ref.kind, namespace: ref.namespace };
  const trust = judgeTrust({ lookup, options, from }, object.spec.validation, 'spec.validation');
  const violations = schemaFaults(object, 'Invalid');
  const optionFaults: Fault[] = [];
  const remarks: Fault[] = [];
  for (const key of Object.keys(object.spec.options ?? {}).sort()) {
    if (key.startsWith(`${SLUICE_GROUP}/`)) optionFaults.push(policyOptionUnsupported('spec.options', key));
    else remarks.push(policyOptionForeign('spec.options', key));
  }
  return {
    object,
    ref,
    tls: optionFaults.length + violations.length > 0 ? null : trust.tls,
    acceptedFaults: [...violations, ...trust.acceptedFaults, ...optionFaults],
    resolvedFaults: trust.resolvedFaults,
    remarks,
    targets: linkTargets(ref, object.spec.targetRefs, { lookup, claims, kinds: ['Service'] }),
  };
}

function judgeTrafficPolicy(
  object: XBackendTrafficPolicy,
  { lookup }: PolicyContext,
  { claims, backend }: { readonly claims: PolicyClaims; readonly backend: BackendPolicies },
): TrafficPolicyNode {
  const ref = refOf(object, EXPERIMENTAL_GROUP);
  const kinds = ['Service', 'XBackend'];
  const targets = linkTargets(ref, object.spec.targetRefs, { lookup, claims, kinds });
  const conflicts = targets.flatMap((target) =>
    blocksOf(object).flatMap((block): readonly BlockConflict[] => {
      const claim = backend.claimOn(target.ref, block);
      if (claim === null) return [];
      const { by, section } = claim;
      const fault = policyBlockConflicted(target.path, block, { target: target.ref, by, section });
      return [{ target: target.ref, fault, isWhole: section === null }];
    }),
  );
  const { sessionName = '', type = 'Cookie' } = object.spec.sessionPersistence ?? {};
  const nameError = sessionNameError(sessionName, type);
  const faults = [
    ...schemaFaults(object, 'Invalid'),
    ...(nameError === null ? [] : [policyValue('spec.sessionPersistence.sessionName', nameError)]),
  ];
  return { object, ref, targets, faults, conflicts };
}

/** Blocks that the policy sets. */
export const blocksOf = ({
  spec,
}: XBackendTrafficPolicy): readonly ('retryConstraint' | 'sessionPersistence')[] =>
  (['retryConstraint', 'sessionPersistence'] as const).filter((block) => spec[block] !== undefined);
