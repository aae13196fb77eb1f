/** Faults of configured responses: bodies and what they are read from. */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { errorFault, type Fault } from './fault.ts';

export function bodyTooLong(path: string, limit: number): Fault {
  return errorFault({
    code: 'body-too-long',
    reason: 'Invalid',
    path,
    message: `${path} has more than ${String(limit)} bytes.`,
    hint: 'Move it to a ConfigMap, and refer to that with configMapRef.',
  });
}

export function bodyNotFound(path: string, ref: ObjectRef, key: string): Fault {
  return errorFault({
    code: 'body-not-found',
    reason: 'RefNotFound',
    path,
    target: ref,
    message: `${describeRef(ref)} does not exist, or has no key ${key}.`,
    hint: `Create it in namespace ${ref.namespace}, with the text under data.`,
  });
}
