/**
 * Field values from configuration. They are Unicode text, and a field value is octets without controls: text is
 * sent as UTF-8, and whatever could end a line becomes a space. (Latin1-encoding U+010A, say, would make a line feed of it.)
 */

const NEEDS_CARE = /[^\t\x20-\x7e]/;
const CONTROLS = /[\0-\x08\x0a-\x1f\x7f]/g;

/** `value` as a string of octets: every code unit is one byte, none is a control other than tab. */
export function fieldValueOctets(value: string): string {
  if (!NEEDS_CARE.test(value)) return value;
  return Buffer.from(value.replace(CONTROLS, ' '), 'utf8').toString('latin1');
}

const OCTET_CONTROLS = /[^\t\x20-\x7e\x80-\xff]/;

/** True when a string of octets may be a field value as it is. */
export function isFieldValue(octets: string): boolean {
  return !OCTET_CONTROLS.test(octets);
}
