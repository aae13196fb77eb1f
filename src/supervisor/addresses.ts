/** Where a Gateway without addresses of its own can be reached. */
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { ObservedAddress } from '../controller/observations.ts';

/** A Gateway's status holds 16 addresses at most (GatewayStatus.addresses). */
const ADDRESS_LIMIT = 16;

/** The address that is bound; for `` (all) those of this machine, and loopback where it has no other. */
export function reachableAddresses(bindAddress: string): readonly ObservedAddress[] {
  if (bindAddress !== '' && bindAddress !== '0.0.0.0' && bindAddress !== '::')
    return [asAddress(bindAddress)];
  const own = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ internal, address }) => !internal && !address.toLowerCase().startsWith('fe80:'))
    .map(({ address }) => address)
    .toSorted((a, b) => Number(isIPv4(b)) - Number(isIPv4(a)));
  const addresses = own.length === 0 ? ['127.0.0.1'] : own;
  return addresses.slice(0, ADDRESS_LIMIT).map(asAddress);
}

const asAddress = (value: string): ObservedAddress => ({ type: 'IPAddress', value });
