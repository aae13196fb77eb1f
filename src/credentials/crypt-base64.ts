/** The base64 of crypt(3): another alphabet than RFC 4648, lowest bits first, bytes in an order of each algorithm's own. */
const ALPHABET = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** Indices of the bytes that form four letters, highest first; fewer at the end. */
export type ByteGroup = readonly number[];

export function cryptBase64(bytes: Buffer, groups: readonly ByteGroup[]): string {
  return groups.map((group) => encode(bytes, group)).join('');
}

function encode(bytes: Buffer, group: ByteGroup): string {
  let value = group.reduce((sum, index) => (sum << 8) | (bytes[index] ?? 0), 0);
  let letters = '';
  for (let count = group.length + 1; count > 0; count -= 1) {
    letters += ALPHABET[value & 0x3f] ?? '';
    value >>= 6;
  }
  return letters;
}
