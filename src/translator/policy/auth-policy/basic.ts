/** `basic` of an AuthPolicy. */
import type { AuthPolicyAnyOfBasic } from '../../../gatewayapi/generated/types.ts';
import { secretId } from '../../../ir/ids.ts';
import { decodeBase64Latin1 } from '../../../lib/base64.ts';
import { parseHtpasswd } from '../../../lib/htpasswd.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { authSecretNotFound, authSecretUnusable, usersLeftOut } from './auth-faults.ts';
import { identityFaults } from './identity-fields.ts';
import { NOTHING_READ, type MethodReading } from './method-reading.ts';
import { secretRef } from './secret-ref.ts';

/** As ingress-nginx has it. */
const KEY = 'auth';
const DEFAULT_REALM = 'Restricted';
const SOURCES = [{ kind: 'header', name: 'authorization', scheme: 'Basic' }] as const;

export function readBasic(
  spec: AuthPolicyAnyOfBasic,
  path: string,
  context: ReferenceContext,
): MethodReading {
  const { realm = DEFAULT_REALM, userHeader = '', forward = 'Strip' } = spec;
  const at = `${path}.secretRef`;
  const target = secretRef(spec.secretRef, context);
  const data = context.lookup.secret(target.namespace, target.name)?.data?.[KEY];
  const faults = userHeader === '' ? [] : identityFaults(userHeader, `${path}.userHeader`, SOURCES);
  if (data === undefined) {
    return { ...NOTHING_READ, faults, referenceFaults: [authSecretNotFound(at, target, KEY)] };
  }
  const text = decodeBase64Latin1(data) ?? '';
  const { entries, problems } = parseHtpasswd(text);
  if (entries.length === 0) {
    const why = 'the key auth has no line that can be used: each is a user, a colon and a hash.';
    return { ...NOTHING_READ, faults, referenceFaults: [authSecretUnusable(at, target, why)] };
  }
  const id = secretId(`${target.namespace}/${target.name} ${KEY}`);
  return {
    ...NOTHING_READ,
    method: {
      kind: 'basic',
      users: id,
      realm,
      userField: userHeader === '' ? null : userHeader,
      forward: forward === 'Keep' ? 'keep' : 'strip',
    },
    identityFields: userHeader === '' ? [] : [userHeader.toLowerCase()],
    faults,
    warnings: problems.length === 0 ? [] : [usersLeftOut(at, target, problems)],
    secrets: [{ id, text: entries.map(({ user, hash }) => `${user}:${hash}\n`).join('') }],
  };
}
