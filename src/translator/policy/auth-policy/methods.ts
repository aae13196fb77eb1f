/** Every method of an AuthPolicy: one file and one row each. */
import type { AuthPolicyAnyOf } from '../../../gatewayapi/generated/types.ts';
import type { ReferenceContext } from '../../graph/certificate.ts';
import { policyValue } from '../faults.ts';
import { readApiKey } from './api-key.ts';
import { readBasic } from './basic.ts';
import { readClientCertificate } from './client-certificate.ts';
import { readJwt } from './jwt.ts';
import { NOTHING_READ, type MethodReader, type MethodReading } from './method-reading.ts';

type MethodName = keyof AuthPolicyAnyOf;
/** By name; the table pairs each with the reader of its type. */
type ReaderTable = { readonly [Name in MethodName]-?: MethodReader<NonNullable<AuthPolicyAnyOf[Name]>> };

const READERS: ReaderTable = {
  jwt: readJwt,
  basic: readBasic,
  apiKey: readApiKey,
  clientCertificate: readClientCertificate,
};

/** `path`: of the member of `anyOf`. */
export function readMethod(member: AuthPolicyAnyOf, path: string, context: ReferenceContext): MethodReading {
  const [entry, ...others] = Object.entries(member);
  const name = entry?.[0] ?? '';
  // A method that only a later version knows is not in the table: without it the policy must not apply.
  if (entry === undefined || others.length > 0 || !Object.hasOwn(READERS, name)) {
    return { ...NOTHING_READ, faults: [policyValue(path, 'it must have exactly one method.')] };
  }
  const read = READERS[name as MethodName] as MethodReader<unknown>;
  return read(entry[1], `${path}.${name}`, context);
}
