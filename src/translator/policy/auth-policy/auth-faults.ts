/** Faults of AuthPolicies. No message contains anything of a Secret but names. */
import { describeRef, type ObjectRef } from '../../../gatewayapi/ref.ts';
import type { HtpasswdProblem } from '../../../lib/htpasswd.ts';
import { errorFault, warningFault, type Fault } from '../../faults/fault.ts';

/** `key`: that it must have; null: any. */
export function authSecretNotFound(path: string, target: ObjectRef, key: string | null): Fault {
  return errorFault({
    code: 'auth-secret-not-found',
    reason: 'RefNotFound',
    path,
    target,
    message: `${describeRef(target)} does not exist${key === null ? '' : `, or has no key ${key}`}.`,
    hint: `Create it in namespace ${target.namespace}. Until then, what the policy governs answers 500.`,
  });
}

export function authSecretUnusable(path: string, target: ObjectRef, why: string): Fault {
  return errorFault({
    code: 'auth-secret-unusable',
    reason: 'RefNotFound',
    path,
    target,
    message: `${describeRef(target)} cannot be used: ${why}`,
  });
}

const MAX_LINES = 4;

export function usersLeftOut(path: string, target: ObjectRef, problems: readonly HtpasswdProblem[]): Fault {
  const shown = problems.slice(0, MAX_LINES).map(({ line, why }) => `line ${String(line)}: ${why}`);
  const more = problems.length > MAX_LINES ? ` (+${String(problems.length - MAX_LINES)} more)` : '';
  return warningFault({
    code: 'auth-users-left-out',
    reason: 'Accepted',
    path,
    message: `Users of ${describeRef(target)} cannot sign in: ${shown.join('; ')}${more}.`,
    hint: 'Write the lines with htpasswd -B.',
  });
}

export function apiKeysShared(path: string, target: ObjectRef, clients: readonly string[]): Fault {
  return warningFault({
    code: 'auth-keys-shared',
    reason: 'Accepted',
    path,
    message: `Clients of ${describeRef(target)} have the API key of another client, and count as that one: ${clients.join(', ')}.`,
    hint: 'Give each client a key of its own.',
  });
}

export function keySetNotFound(path: string, target: ObjectRef, key: string): Fault {
  return errorFault({
    code: 'auth-key-set-not-found',
    reason: 'RefNotFound',
    path,
    target,
    message: `${describeRef(target)} does not exist, or has no key ${key}.`,
    hint: `Create it in namespace ${target.namespace}, with the key set under data.`,
  });
}

export function keySetInvalid(path: string, why: string): Fault {
  return errorFault({
    code: 'auth-key-set-invalid',
    reason: 'Invalid',
    path,
    message: `The key set cannot be used: ${why}`,
  });
}

export function keySetSecret(path: string): Fault {
  return warningFault({
    code: 'auth-key-set-secret',
    reason: 'Accepted',
    path,
    message: 'The key set contains a private or symmetric key, which is not used.',
    hint: 'Remove it, and replace the key pair: everyone who can read the object can sign tokens.',
  });
}
