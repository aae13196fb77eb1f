/** The network that counts as one client: an IPv4 address, or the /64 of an IPv6 address, of which one host may use any address. */
import { formatIp, parseIp } from '../lib/ip-address.ts';

export function clientNetwork(address: string): string {
  if (!address.includes(':')) return address;
  const bytes = parseIp(address);
  if (bytes?.length !== 16) return bytes === null ? address : formatIp(bytes);
  return `${formatIp(bytes.map((byte, index) => (index < 8 ? byte : 0)))}/64`;
}
