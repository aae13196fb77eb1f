/**
 * The policies stage: what governs an upstream besides the route. BackendTLSPolicy and XBackendTrafficPolicy today;
 * later policies of ours join here and reach the lowering as values of `Upstream`.
 */
import type {
  BackendTLSPolicy,
  XBackendTrafficPolicy,
  XBackendTrafficPolicyRetryConstraint,
} from '../../gatewayapi/generated/types.ts';
import { EXPERIMENTAL_GROUP, GATEWAY_GROUP, SLUICE_GROUP, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { DEFAULT_CLUSTER_POLICY, type RetryBudget } from '../../ir/policy.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import type { Fault } from '../faults/fault.ts';
import { policyOptionForeign, policyOptionUnsupported } from '../faults/policy-faults.ts';
import type { TranslateOptions } from '../types.ts';
import { judgeTrust } from './backend-trust.ts';
import type { TlsPolicyNode, TrafficPolicyNode } from './nodes.ts';
import { byAge, refOf } from './object-key.ts';
import { claimKey, linkTargets, PolicyClaims } from './policy-target.ts';
import type { Lookup } from './snapshot-index.ts';

export interface PolicyContext {
  readonly lookup: Lookup;
  readonly options: TranslateOptions;
}

/** Policies linked to their targets. */
export interface Policies {
  readonly tls: readonly TlsPolicyNode[];
  readonly traffic: readonly TrafficPolicyNode[];
  /** A policy for the named port is more specific than one for the whole Service. */
  tlsFor(target: ObjectRef, portName: string): TlsPolicyNode | null;
  trafficFor(target: ObjectRef): TrafficPolicyNode | null;
}

export function judgePolicies(snapshot: ResourceSnapshot, context: PolicyContext): Policies {
  const tlsClaims = new PolicyClaims();
  const tls = snapshot.backendTlsPolicies
    .toSorted(byAge)
    .map((object) => judgeTlsPolicy(object, context, tlsClaims));
  const trafficClaims = new PolicyClaims();
  const traffic = snapshot.backendTrafficPolicies
    .toSorted(byAge)
    .map((object) => judgeTrafficPolicy(object, context, trafficClaims));
  const tlsByTarget = byTarget(tls);
  const trafficByTarget = byTarget(traffic);
  return {
    tls,
    traffic,
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
    for (const target of node.targets) {
      if (target.missing === null && target.lostTo === null) {
        map.set(claimKey(target.ref, target.sectionName), node);
      }
    }
  }
  return map;
}

function judgeTlsPolicy(
  object: BackendTLSPolicy,
  { lookup, options }: PolicyContext,
  claims: PolicyClaims,
): TlsPolicyNode {
  const ref = refOf(object, GATEWAY_GROUP);
  const from = { group: ref.group, kind: ref.kind, namespace: ref.namespace };
  const trust = judgeTrust({ lookup, options, from }, object.spec.validation, 'spec.validation');
  const optionFaults: Fault[] = [];
  const remarks: Fault[] = [];
  for (const key of Object.keys(object.spec.options ?? {}).sort()) {
    if (key.startsWith(`${SLUICE_GROUP}/`)) optionFaults.push(policyOptionUnsupported('spec.options', key));
    else remarks.push(policyOptionForeign('spec.options', key));
  }
  return {
    object,
    ref,
    tls: optionFaults.length > 0 ? null : trust.tls,
    acceptedFaults: [...trust.acceptedFaults, ...optionFaults],
    resolvedFaults: trust.resolvedFaults,
    remarks,
    targets: linkTargets(ref, object.spec.targetRefs, { lookup, claims, kinds: ['Service'] }),
  };
}

function judgeTrafficPolicy(
  object: XBackendTrafficPolicy,
  { lookup }: PolicyContext,
  claims: PolicyClaims,
): TrafficPolicyNode {
  const ref = refOf(object, EXPERIMENTAL_GROUP);
  const kinds = ['Service', 'XBackend'];
  return {
    object,
    ref,
    retryBudget: readRetryBudget(object.spec.retryConstraint),
    targets: linkTargets(ref, object.spec.targetRefs, { lookup, claims, kinds }),
  };
}

/** GEP-3388. Fields that are absent have the CRD's defaults, which are ours as well. */
function readRetryBudget(constraint: XBackendTrafficPolicyRetryConstraint | undefined): RetryBudget | null {
  if (constraint === undefined) return null;
  const fallback = DEFAULT_CLUSTER_POLICY.retryBudget;
  const { budget, minRetryRate } = constraint;
  return {
    percent: budget?.percent ?? fallback.percent,
    intervalMs: parseDurationMs(budget?.interval ?? '') ?? fallback.intervalMs,
    minRetryCount: minRetryRate?.count ?? fallback.minRetryCount,
    minRetryIntervalMs: parseDurationMs(minRetryRate?.interval ?? '') ?? fallback.minRetryIntervalMs,
  };
}
