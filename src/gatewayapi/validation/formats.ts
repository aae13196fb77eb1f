/** Values of `format` that schemas use. */
import { parseIp } from '../../lib/ip-address.ts';

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

/** RFC 3339, as Go reads it. */
const DATE_TIME =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d([.,]\d+)?(Z|[+-]([01]\d|2[0-4]):[0-5]\d)$/;

/** null when `text` has the format, else what was expected. A format that is only documentation has no text. */
export function formatProblem(format: string, text: string): string | null {
  switch (format) {
    case 'date-time':
      return DATE_TIME.test(text) ? null : 'a time, such as 2026-01-02T15:04:05Z';
    case 'byte':
      return BASE64.test(text.replaceAll(/[\r\n]/g, '')) ? null : 'base64';
    case 'ipv4':
      return isIpv4(text) ? null : 'an IPv4 address';
    case 'ipv6':
      return text.includes(':') && parseIp(text) !== null ? null : 'an IPv6 address';
    default:
      return null;
  }
}

/** Leading zeros are decimal here, as before Go 1.17. */
function isIpv4(text: string): boolean {
  if (!text.includes('.')) return false;
  return parseIp(text.includes(':') ? text : text.replaceAll(/(^|\.)0+(?=\d)/g, '$1')) !== null;
}

/** The range of an integer format. The bounds of int64 are rounded to doubles. */
export function integerRange(format: string | undefined): readonly [number, number] {
  return format === 'int32' ? [-(2 ** 31), 2 ** 31 - 1] : [-(2 ** 63), 2 ** 63 - 1024];
}
