/** Which findings become Events: errors, on the object that they are about. Pure. */
import type { Finding } from '../../gatewayapi/finding.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { KubeObject } from '../../kubeapi/client.ts';
import type { Problem } from './event-recorder.ts';

/** `find` gives the object as last seen; a finding about an object that no longer exists is left out. */
export function problemsOf(
  findings: readonly Finding[],
  find: (ref: ObjectRef) => KubeObject | undefined,
): readonly Problem[] {
  return findings.flatMap(({ severity, code, object: ref, path, message, hint }) => {
    const object = severity === 'error' ? find(ref) : undefined;
    if (object === undefined) return [];
    const where = path === '' ? '' : `${path}: `;
    return [
      { object, reason: reasonOf(code), message: `${where}${message}${hint === null ? '' : ` ${hint}`}` },
    ];
  });
}

/** `backend-not-found` as `BackendNotFound`. */
const reasonOf = (code: string): string =>
  code
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join('');
