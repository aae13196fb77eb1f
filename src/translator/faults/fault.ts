import type { Severity } from '../../gatewayapi/finding.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ConditionReason } from '../status/catalog/condition-catalog.ts';
import type { FaultCodeOf } from './fault-codes.ts';

/**
 * A problem with a user's object. It is a value on a graph node, never an exception, and becomes both a condition
 * (`reason` and `message`) and a finding (all of it). Only the constructors in this folder create faults,
 * one constructor for each reason and message.
 */
export interface Fault {
  readonly severity: Severity;
  /** Stable kebab-case code of the finding: one of FAULT_CODES, or of an extension. */
  readonly code: string;
  /** CamelCase reason of the condition that this fault turns False; empty for faults that no condition reports. */
  readonly reason: FaultReason;
  /** Field path in the object that carries the fault. */
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
  /** The object that the reference at `path` names; absent when the fault is not about a reference. */
  readonly target?: ObjectRef;
}

export type FaultReason = ConditionReason | '';

interface FaultText<S extends Severity> {
  readonly code: FaultCodeOf<S>;
  readonly reason: FaultReason;
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly target?: ObjectRef;
}

/** Sluice does not serve something that the user configured. */
export function errorFault(text: FaultText<'error'>): Fault {
  return { hint: null, ...text, severity: 'error' };
}

/** Sluice serves it, but probably not as intended. */
export function warningFault(text: FaultText<'warning'>): Fault {
  return { hint: null, ...text, severity: 'warning' };
}

/** Joins the messages of several faults into one condition message, without duplicates; a long list ends with a count. */
export function joinMessages(faults: readonly Fault[]): string {
  const MAX_SHOWN = 8;
  const messages = [...new Set(faults.map((fault) => fault.message))];
  const shown = messages.slice(0, MAX_SHOWN).join(' ');
  const more = messages.length - MAX_SHOWN;
  return more > 0 ? `${shown} (+${more} more)` : shown;
}

/** Information that needs no action. */
export function infoFault(text: FaultText<'info'>): Fault {
  return { hint: null, ...text, severity: 'info' };
}
