import type { Severity } from '../../gatewayapi/finding.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';

/**
 * One thing that is wrong with a user's object: a value on a graph node, never an exception. It feeds both products of
 * the graph: `reason` and `message` the condition, all of it the finding. Made only by the constructors in this folder,
 * one per reason and text.
 */
export interface Fault {
  readonly severity: Severity;
  /** Stable kebab-case code of the finding. */
  readonly code: string;
  /** CamelCase reason of the condition this fault turns around. */
  readonly reason: string;
  /** Field path in the object that carries the fault. */
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
  /** The object that the reference at `path` names; absent when the fault is not about a reference. */
  readonly target?: ObjectRef;
}

interface FaultText {
  readonly code: string;
  readonly reason: string;
  readonly path: string;
  readonly message: string;
  readonly hint?: string;
  readonly target?: ObjectRef;
}

/** Something asked for that is not served. */
export function errorFault(text: FaultText): Fault {
  return { hint: null, ...text, severity: 'error' };
}

/** Something served, but likely not as meant. */
export function warningFault(text: FaultText): Fault {
  return { hint: null, ...text, severity: 'warning' };
}

/** Messages of several faults as one condition message, each once, in order; long lists are cut with a count. */
export function joinMessages(faults: readonly Fault[]): string {
  const MAX_SHOWN = 8;
  const messages = [...new Set(faults.map((fault) => fault.message))];
  const shown = messages.slice(0, MAX_SHOWN).join(' ');
  const more = messages.length - MAX_SHOWN;
  return more > 0 ? `${shown} (+${more} more)` : shown;
}

/** Worth knowing; nothing to do. */
export function infoFault(text: FaultText): Fault {
  return { hint: null, ...text, severity: 'info' };
}
