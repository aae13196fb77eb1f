/** IP addresses as text and as bytes: 4 for IPv4, 16 for IPv6. An IPv4-mapped address (`::ffff:1.2.3.4`) is the IPv4 one. */

const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;
const GROUP = /^[0-9a-f]{1,4}$/i;
const MAPPED_PREFIX: readonly number[] = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

/** The bytes of an address; null if the text is not one. Zones (`%eth0`), brackets, ports and octal forms are rejected. */
export function parseIp(text: string): readonly number[] | null {
  if (!text.includes(':')) return parseIpv4(text);
  const bytes = parseIpv6(text);
  return bytes === null ? null : unmapIp(bytes);
}

/** The IPv4 address inside an IPv4-mapped one; other addresses as they are. */
export function unmapIp(bytes: readonly number[]): readonly number[] {
  return bytes.length === 16 && MAPPED_PREFIX.every((value, index) => bytes[index] === value)
    ? bytes.slice(12)
    : bytes;
}

/** 16 bytes for any address: IPv4 becomes IPv4-mapped. */
export function mapIp(bytes: readonly number[]): readonly number[] {
  return bytes.length === 4 ? [...MAPPED_PREFIX, ...bytes] : bytes;
}

/** Text of 4 or 16 bytes; IPv6 as in RFC 5952, IPv4-mapped in mixed notation. */
export function formatIp(bytes: readonly number[]): string {
  if (bytes.length === 4) return bytes.join('.');
  const inner = unmapIp(bytes);
  if (inner.length === 4) return `::ffff:${inner.join('.')}`;
  const groups: string[] = [];
  for (let at = 0; at < 16; at += 2)
    groups.push(((bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0)).toString(16));
  return compress(groups);
}

function parseIpv4(text: string): readonly number[] | null {
  return IPV4.test(text) ? text.split('.').map(Number) : null;
}

function parseIpv6(text: string): readonly number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = groupBytes(halves[0] ?? '', halves.length === 1);
  const tail = halves.length === 2 ? groupBytes(halves[1] ?? '', true) : [];
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (halves.length === 1) return missing === 0 ? head : null;
  // `::` replaces at least one group (RFC 5952 section 4.2.2 only writes it for two; RFC 4291 reads one as well).
  return missing < 2 ? null : [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** Bytes of colon-separated groups; the last group may be an IPv4 address when `last`. */
function groupBytes(text: string, last: boolean): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    const embedded = last && index === parts.length - 1 && part.includes('.') ? parseIpv4(part) : null;
    if (embedded !== null) bytes.push(...embedded);
    else if (GROUP.test(part)) bytes.push(parseInt(part, 16) >> 8, parseInt(part, 16) & 0xff);
    else return null;
  }
  return bytes;
}

/** Replaces the first longest run of two or more zero groups by `::` (RFC 5952 section 4.2). */
function compress(groups: readonly string[]): string {
  let best = { at: 0, length: 1 };
  let at = 0;
  for (let index = 0; index <= groups.length; index++) {
    if (groups[index] === '0') continue;
    if (index - at > best.length) best = { at, length: index - at };
    at = index + 1;
  }
  if (best.length < 2) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}
