/** `clientCertificate` of an AuthPolicy. */
import type { AuthPolicyAnyOfClientCertificate } from '../../../gatewayapi/generated/types.ts';
import { NOTHING_READ, type MethodReading } from './method-reading.ts';

export const readClientCertificate = ({ sans = [] }: AuthPolicyAnyOfClientCertificate): MethodReading => ({
  ...NOTHING_READ,
  method: { kind: 'client-certificate', names: sans.map(({ type, value }) => ({ type, value })) },
});
