/** Claims of a token (RFC 7519), read by name. */

export type Claims = Readonly<Record<string, unknown>>;

export const NO_CLAIMS: Claims = {};

/** A claim's name, split once. */
export interface ClaimName {
  readonly name: string;
  /** Members from the outside in, for names with dots. */
  readonly path: readonly string[];
}

export const claimName = (name: string): ClaimName => ({ name, path: name.split('.') });

/**
 * The value of a claim; undefined where there is none. A claim with exactly this name comes first (`https://id.example/groups`); otherwise
 * dots reach into nested claims (`realm_access.roles`).
 */
export function claimAt(claims: Claims, { name, path }: ClaimName): unknown {
  if (Object.hasOwn(claims, name)) return claims[name];
  let value: unknown = claims;
  for (const member of path) {
    if (!isNested(value) || !Object.hasOwn(value, member)) return undefined;
    value = value[member];
  }
  return value;
}

const isNested = (value: unknown): value is Claims =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Whether a claim has one of `values`: a list matches by any element, and `scope` by any of its words (RFC 8693 section 4.2). Numbers and
 * booleans compare as JSON text; objects and null never match.
 */
export function hasClaim(claims: Claims, claim: ClaimName, values: ReadonlySet<string>): boolean {
  const value = claimAt(claims, claim);
  if (Array.isArray(value)) return value.some((element) => isOneOf(element, values));
  if (claim.name === 'scope' && typeof value === 'string') {
    return value.split(' ').some((word) => values.has(word));
  }
  return isOneOf(value, values);
}

const isOneOf = (value: unknown, values: ReadonlySet<string>): boolean => {
  const text = claimText(value);
  return text !== null && values.has(text);
};

/** A claim's value as text; null for lists, objects, null and what is absent. */
export function claimText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : null;
}
