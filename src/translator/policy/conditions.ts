/** Conditions of inherited policies and of the objects that they affect (GEP-713). */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { joinMessages, type Fault, type FaultReason } from '../faults/fault.ts';
import { whyLost } from './faults.ts';
import type { FieldOutcomes } from './effects.ts';
import type { Verdict } from '../status/conditions.ts';

const holds = (type: Verdict['type'], reason: FaultReason, message: string): Verdict => ({
  type,
  status: 'True',
  reason,
  message,
});

const fails = (type: Verdict['type'], reason: FaultReason, message: string): Verdict => ({
  ...holds(type, reason, message),
  status: 'False',
});

/** Fields that do not apply, grouped by reason. */
function lostFields(fields: FieldOutcomes): string {
  const byReason = Map.groupBy(
    [...fields].filter(([, { kind }]) => kind !== 'effective'),
    ([, outcome]) => whyLost(outcome),
  );
  return [...byReason].map(([why, list]) => `${list.map(([path]) => path).join(', ')}: ${why}.`).join(' ');
}

export function policyNotProgrammed(faults: readonly Fault[]): Verdict {
  return fails('Programmed', faults[0]?.reason ?? 'Invalid', joinMessages(faults));
}

export function policyReconciling(why: string): Verdict {
  return fails('Programmed', 'Reconciling', why);
}

export function policyProgrammed(fields: FieldOutcomes): Verdict {
  if (fields.size === 0) {
    return holds('Programmed', 'Programmed', 'The policy affects no backend yet.');
  }
  const isWhole = [...fields.values()].every(({ kind }) => kind === 'effective');
  return isWhole
    ? holds('Programmed', 'Programmed', 'Every field applies.')
    : holds('Programmed', 'PartiallyProgrammed', `Applied except for these fields. ${lostFields(fields)}`);
}

/** `why`: it closes routes of layer 4, which cannot meet its conditions. */
export function policyClosing(why: string): Verdict {
  return fails(
    'Programmed',
    'Invalid',
    `${why}; TCPRoutes, TLSRoutes and UDPRoutes that it governs are closed.`,
  );
}

export function policyOverridden(fields: FieldOutcomes): Verdict {
  return fails('Programmed', 'Overridden', `No field applies. ${lostFields(fields)}`);
}

/** Accepted and Programmed of a policy whose fields all belong to an older one of the same target. */
export function policyConflictedEverywhere(fields: FieldOutcomes): readonly Verdict[] {
  const message = `No field applies. ${lostFields(fields)}`;
  return [fails('Accepted', 'Conflicted', message), policyOverridden(fields)];
}

/** Accepted and Programmed of a policy whose fields are all unsupported. */
export function policyNothingServed(fields: FieldOutcomes): readonly Verdict[] {
  const message = `None of its fields is supported. ${lostFields(fields)}`;
  return [fails('Accepted', 'Invalid', message), fails('Programmed', 'Invalid', message)];
}

const MAX_NAMED = 8;

/** For Gateways and routes that policies affect, one per kind of policy. */
export function policyAffected(policies: readonly ObjectRef[]): readonly Verdict[] {
  const byKind = Map.groupBy(policies, ({ group, kind }) => `${group}/${kind}Affected` as const);
  return [...byKind].map(([type, ofKind]) => {
    const names = ofKind.slice(0, MAX_NAMED).map(describeRef);
    const more = ofKind.length > MAX_NAMED ? ` (+${String(ofKind.length - MAX_NAMED)} more)` : '';
    return holds(type, 'PolicyAffected', `Affected by ${names.join(', ')}${more}.`);
  });
}
