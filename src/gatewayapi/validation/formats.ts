/** Values of `format` that the API server checks; others are documentation. */

const IPV4_PART = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4 = new RegExp(`^${IPV4_PART}(\\.${IPV4_PART}){3}$`);
const DATE_TIME =
  /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])[Tt]([01]\d|2[0-3]):[0-5]\d:([0-5]\d|60)(\.\d+)?([Zz]|[+-]\d{2}:\d{2})$/;
const BASE64 = /^([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

export const isIpv4 = (text: string): boolean => IPV4.test(text);

/** RFC 4291 section 2.2; no zone. */
export function isIpv6(text: string): boolean {
  if (!text.includes(':')) return false;
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  let count = 0;
  for (const [h, half] of groups.entries()) {
    for (const [index, group] of half.entries()) {
      const isTail = h === groups.length - 1 && index === half.length - 1;
      if (isTail && isIpv4(group)) count += 2;
      else if (/^[0-9a-fA-F]{1,4}$/.test(group)) count += 1;
      else return false;
    }
  }
  return halves.length === 2 ? count < 8 : count === 8;
}

export const isIp = (text: string): boolean => isIpv4(text) || isIpv6(text);

/** null when `text` has the format, else what was expected. */
export function formatProblem(format: string, text: string): string | null {
  switch (format) {
    case 'date-time':
      return DATE_TIME.test(text) ? null : 'an RFC 3339 date and time, such as 2026-01-02T15:04:05Z';
    case 'byte':
      return BASE64.test(text) ? null : 'base64';
    case 'ipv4':
      return isIpv4(text) ? null : 'an IPv4 address';
    case 'ipv6':
      return isIpv6(text) ? null : 'an IPv6 address';
    default:
      return null;
  }
}

/** Limits of integer formats; int64 beyond what a double holds exactly is refused too. */
export function integerRange(format: string | undefined): readonly [number, number] {
  return format === 'int32'
    ? [-2_147_483_648, 2_147_483_647]
    : [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
}
