/**
 * Status of BackendPolicies (GEP-713): one entry per Gateway on which the policy has a say, and one per target that is missing or to
 * which no Gateway of ours leads.
 */
import type { GatewayObservation } from '../../gatewayapi/snapshot.ts';
import { describeRef, namespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ParentRef, PolicyAncestorStatus, StatusUpdate } from '../../gatewayapi/status.ts';
import { compareText } from '../../lib/compare.ts';
import type { Graph } from '../graph/graph.ts';
import type { BackendPolicyNode, BackendPolicyTarget, GatewayNode } from '../graph/nodes.ts';
import { generationOf } from '../graph/object-key.ts';
import type { FieldOutcomes } from './effects.ts';
import { gatewaysUsing, type BackendUsage } from './backend-usage.ts';
import {
  accepted,
  atGeneration,
  notAccepted,
  resolvedRefs,
  unresolvedRefs,
  type Verdict,
} from '../status/conditions.ts';
import { blockedBy } from '../status/gateway.ts';
import {
  policyConflictedEverywhere,
  policyNothingServed,
  policyNotProgrammed,
  policyOverridden,
  policyProgrammed,
  policyReconciling,
} from './conditions.ts';

const MAX_ANCESTORS = 16;

export interface BackendPolicyContext {
  readonly controllerName: string;
  readonly usage: BackendUsage;
  readonly observed: ReadonlyMap<string, GatewayObservation>;
}

/** `compute`: contains what fails for one policy. */
export function backendPolicyStatuses(
  graph: Graph,
  context: BackendPolicyContext,
  compute: (object: BackendPolicyNode['object'], run: () => StatusUpdate[]) => readonly StatusUpdate[],
): readonly StatusUpdate[] {
  const { nodes } = graph.policies.backend;
  if (nodes.length === 0) return [];
  const leads = indexGateways(graph, context.usage);
  return nodes.flatMap((policy) =>
    compute(policy.object, () => [backendPolicyStatus(policy, { ...context, graph, leads })]),
  );
}

/** Gateways that lead to a target. */
export type GatewaysOf = (target: BackendPolicyTarget) => readonly GatewayNode[];

export function indexGateways(graph: Graph, usage: BackendUsage): GatewaysOf {
  const byRef = new Map(graph.gateways.map((node) => [keyOf(node.ref), node]));
  const byObject = new Map<string, Set<string>>();
  const note = (object: ObjectRef, gateway: ObjectRef): void => {
    const known = byObject.get(keyOf(object)) ?? new Set<string>();
    byObject.set(keyOf(object), known.add(keyOf(gateway)));
  };
  for (const { ref, listenerSets } of graph.gateways) {
    note(ref, ref);
    for (const set of listenerSets) if (set.faults.length === 0) note(set.ref, ref);
  }
  for (const route of graph.routes) {
    for (const { gateway, listeners } of route.parents) if (listeners.length > 0) note(route.ref, gateway);
  }
  return ({ ref, sectionName }) => {
    const keys =
      ref.kind === 'Service'
        ? gatewaysUsing(usage, 'any', { ref, sectionName }).map(keyOf)
        : [...(byObject.get(keyOf(ref)) ?? [])];
    return keys.flatMap((key) => byRef.get(key) ?? []);
  };
}

const keyOf = ({ kind, namespace, name }: ObjectRef): string => `${kind} ${namespace}/${name}`;

interface PolicyStatusContext extends BackendPolicyContext {
  readonly graph: Graph;
  readonly leads: GatewaysOf;
}

interface Entry {
  readonly ancestorRef: ParentRef;
  readonly verdicts: readonly Verdict[];
}

function backendPolicyStatus(policy: BackendPolicyNode, context: PolicyStatusContext): StatusUpdate {
  const generation = generationOf(policy.object);
  const related = new Set<GatewayNode>();
  const alone: Entry[] = [];
  for (const target of policy.targets) {
    const gateways = target.missing === null ? context.leads(target) : [];
    for (const gateway of gateways) related.add(gateway);
    if (gateways.length === 0) alone.push(entryOfTarget(policy, target));
  }
  const ofGateways = [...related]
    .sort((a, b) => compareText(keyOf(a.ref), keyOf(b.ref)))
    .map((gateway): Entry => ({
      ancestorRef: { ...gateway.ref },
      verdicts: verdictsFor(policy, gateway, context),
    }));
  const ancestors = cut([...ofGateways, ...alone]).map(({ ancestorRef, verdicts }): PolicyAncestorStatus => ({
    ancestorRef,
    controllerName: context.controllerName,
    conditions: atGeneration(generation, verdicts),
  }));
  return { kind: 'BackendPolicy', object: policy.ref, generation, status: { ancestors } };
}

/** The last entry that has room says how many have none. */
function cut(entries: readonly Entry[]): readonly Entry[] {
  const more = entries.length - MAX_ANCESTORS;
  if (more <= 0) return entries;
  const kept = entries.slice(0, MAX_ANCESTORS);
  return kept.map((entry, index) =>
    index < MAX_ANCESTORS - 1
      ? entry
      : {
          ...entry,
          verdicts: entry.verdicts.map((verdict) =>
            verdict.type === 'Accepted'
              ? { ...verdict, message: `${verdict.message} (+${String(more)} more ancestors)` }
              : verdict,
          ),
        },
  );
}

function entryOfTarget(policy: BackendPolicyNode, { ref, sectionName, missing }: BackendPolicyTarget): Entry {
  const ancestorRef = { ...ref, ...(sectionName === null ? {} : { sectionName }) };
  const faults = missing === null ? policy.faults : [...policy.faults, missing];
  const references = missing === null ? resolvedRefs() : unresolvedRefs([missing]);
  if (faults.length > 0) {
    return { ancestorRef, verdicts: [notAccepted(faults), policyNotProgrammed(faults), references] };
  }
  const waiting = policyReconciling(`No Gateway of ours leads to ${describeRef(ref)}.`);
  return { ancestorRef, verdicts: [accepted('The policy'), waiting, references] };
}

function verdictsFor(
  policy: BackendPolicyNode,
  gateway: GatewayNode,
  { graph, observed }: PolicyStatusContext,
): readonly Verdict[] {
  const { faults } = policy;
  if (faults.length > 0) return [notAccepted(faults), policyNotProgrammed(faults), resolvedRefs()];
  const fields = graph.policyEffects.of(policy.ref, gateway.ref);
  const refused = refusalOf(fields);
  if (refused !== null) return [...refused, resolvedRefs()];
  const observation = observed.get(namespacedName(gateway.ref.namespace, gateway.ref.name)) ?? null;
  const blocked = blockedBy(gateway, observation);
  const programmed =
    blocked === null
      ? programmedVerdict(fields)
      : policyReconciling(`The Gateway is not programmed: ${blocked.message}`);
  return [accepted('The policy'), programmed, resolvedRefs()];
}

/** Accepted and Programmed where no field can ever hold on its own account; null where one can. */
function refusalOf(fields: FieldOutcomes): readonly Verdict[] | null {
  const outcomes = [...fields.values()];
  if (outcomes.length === 0) return null;
  if (outcomes.every(({ kind }) => kind === 'unserved')) return policyNothingServed(fields);
  return outcomes.every((outcome) => outcome.kind === 'overridden' && outcome.samePlace)
    ? policyConflictedEverywhere(fields)
    : null;
}

function programmedVerdict(fields: FieldOutcomes): Verdict {
  const outcomes = [...fields.values()];
  const isEffective = outcomes.some(({ kind }) => kind === 'effective');
  return outcomes.length > 0 && !isEffective ? policyOverridden(fields) : policyProgrammed(fields);
}
