/** Headers by which backends learn who the client is: which names they may have. */
import type { CredentialSource } from '../../../ir/auth.ts';
import { FRAMING_FIELDS } from '../../../lib/framing-fields.ts';
import { isToken } from '../../../lib/message-grammar.ts';
import type { Fault } from '../../faults/fault.ts';
import { policyValue } from '../faults.ts';

/** The gateway reads these of clients, or writes them itself. */
const RESERVED: ReadonlySet<string> = new Set([
  ...FRAMING_FIELDS,
  'authorization',
  'cookie',
  'expect',
  'forwarded',
  'host',
  'proxy-authorization',
  'x-real-ip',
  'x-request-id',
]);

/** `sources`: what the same method reads; a field of the same name would be removed before it is read. */
export function identityFaults(
  header: string,
  path: string,
  sources: readonly CredentialSource[],
): readonly Fault[] {
  const name = header.toLowerCase();
  if (!isToken(header)) return [policyValue(path, `${JSON.stringify(header)} is no header name.`)];
  if (RESERVED.has(name) || name.startsWith('x-forwarded-') || name.startsWith('grpc-')) {
    return [policyValue(path, `${header} has a meaning of its own, and cannot say who the client is.`)];
  }
  return sources.some((source) => source.kind === 'header' && source.name === name)
    ? [policyValue(path, `${header} carries the credential, and cannot say who the client is.`)]
    : [];
}
