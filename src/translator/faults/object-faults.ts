/** Faults of a whole object: it violates its schema, or evaluating it failed. Either way the object is closed. */
import { isReported, violationsOf } from '../../gatewayapi/rejection.ts';
import { errorFault, type Fault } from './fault.ts';

/** The reason of an invalid object: for routes, and for all other kinds. */
export type ObjectReason = 'UnsupportedValue' | 'Invalid';

const NONE: readonly Fault[] = [];

/** Empty for an object that conforms to its schema. */
export function schemaFaults(object: object, reason: ObjectReason): readonly Fault[] {
  const violations = violationsOf(object);
  if (violations.length === 0) return NONE;
  const toFault = isReported(object) ? neverValid : schemaViolated;
  return violations.map((violation) => toFault(violation, reason));
}

interface ViolatedField {
  readonly path: string;
  readonly message: string;
}

function neverValid({ path, message }: ViolatedField, reason: ObjectReason): Fault {
  return errorFault({
    code: 'invalid-object',
    reason,
    path,
    message: `${path === '' ? 'The object' : path}: ${message}; Sluice does not apply the object.`,
    hint: 'Fix the object.',
  });
}

function schemaViolated({ path, message }: ViolatedField, reason: ObjectReason): Fault {
  return errorFault({
    code: 'invalid-object',
    reason,
    path,
    message: `${path === '' ? 'The object' : path} ${message}; the API server stores the object anyway, but Sluice does not serve it.`,
    hint: 'Apply the object again in its newest version: the API server then reports what is wrong.',
  });
}

/** An exception: a bug in Sluice, never the user's mistake. */
export function internalError(path: string, error: unknown, reason: ObjectReason): Fault {
  return errorFault({
    code: 'internal-error',
    reason,
    path,
    message: `Sluice failed to evaluate this (${describeError(error)}), and does not serve it.`,
    hint: 'This is a bug in Sluice: please report it with the object.',
  });
}

const MAX_LENGTH = 300;

/** Includes the function and line that threw. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error).slice(0, MAX_LENGTH);
  const [, name, file] = /\n\s+at (?:(\S+) \()?(?:\S*\/)?([\w.-]+:\d+):\d+/.exec(error.stack ?? '') ?? [];
  const place = file === undefined ? '' : `, ${name === undefined ? '' : `${name} `}${file}`;
  return `${error.name}: ${error.message}`.slice(0, MAX_LENGTH) + place;
}
