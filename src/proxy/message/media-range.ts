/** Members of Accept and Accept-Encoding, with their weights (RFC 9110 sections 12.4.2 and 12.5). */

/** Values with their weights from 0 to 1, in lower case; undefined for a member that is malformed. */
export interface Weighted {
  readonly value: string;
  readonly weight: number;
}

/** More members than any client has reason to send. */
const MAX_MEMBERS = 64;
const WEIGHT = /^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/;

/** Members that are malformed are left out. */
export function parseWeighted(value: string): readonly Weighted[] {
  return value.split(',', MAX_MEMBERS).flatMap((member): readonly Weighted[] => {
    const [name = '', ...parameters] = member.split(';').map((part) => part.trim().toLowerCase());
    if (name === '') return [];
    const weight = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2) ?? '1';
    return WEIGHT.test(weight) ? [{ value: name, weight: Number(weight) }] : [];
  });
}

/** Whether Accept names `type`, itself or as `type/*`, with a weight above 0. `* / *` names nothing in particular. */
export function namesMediaType(accepted: readonly Weighted[], type: string): boolean {
  const exact = accepted.find(({ value }) => value === type);
  if (exact !== undefined) return exact.weight > 0;
  const range = `${type.slice(0, type.indexOf('/'))}/*`;
  return accepted.some(({ value, weight }) => value === range && weight > 0);
}
