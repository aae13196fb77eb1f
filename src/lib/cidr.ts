/** CIDR notation (RFC 4632 section 3.1, RFC 4291 section 2.3). */
import { parseIp } from './ip-address.ts';

/** null when `text` is `address/length`, else what is wrong with it, as text to follow a colon. */
export function cidrError(text: string): string | null {
  const [address = '', length, ...rest] = text.split('/');
  const bytes = parseIp(address);
  if (bytes === null || rest.length > 0)
    return `${JSON.stringify(text)} is not an address with a prefix length, such as 10.0.0.0/8.`;
  if (length === undefined) {
    return `${JSON.stringify(text)} has no prefix length; for this one address, write ${address}/${String(bytes.length * 8)}.`;
  }
  const max = bytes.length * 8;
  return /^\d{1,3}$/.test(length) && Number(length) <= max
    ? null
    : `the prefix length of ${JSON.stringify(text)} is not a number from 0 to ${String(max)}.`;
}
