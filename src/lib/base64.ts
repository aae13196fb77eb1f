const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
const VALUES = new Map(Array.from(ALPHABET, (letter, index) => [letter, index]));

/** Bytes of standard base64 (RFC 4648 section 4, white space allowed); null when the text is not base64. */
function decodeBase64(text: string): Uint8Array | null {
  const letters = text.replace(/\s+/g, '').replace(/={1,2}$/, '');
  if (letters.length % 4 === 1) return null;
  const bytes = new Uint8Array(Math.floor((letters.length * 3) / 4));
  let bits = 0;
  let held = 0;
  let at = 0;
  for (const letter of letters) {
    const value = VALUES.get(letter);
    if (value === undefined) return null;
    bits = (bits << 6) | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      bytes[at++] = (bits >> held) & 0xff;
    }
  }
  return bytes;
}

/**
 * Text of base64, one character a byte (Latin-1); null when it is not base64. Meant for PEM, which is ASCII: everything else
 * in a file besides its blocks is a comment.
 */
export function decodeBase64Latin1(text: string): string | null {
  const bytes = decodeBase64(text);
  if (bytes === null) return null;
  let characters = '';
  for (const byte of bytes) characters += String.fromCharCode(byte);
  return characters;
}
