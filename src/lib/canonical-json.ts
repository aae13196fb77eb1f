/**
 * JSON text that depends on content alone: object keys in code-unit order, `undefined` members left out.
 * `toJSON` applies, so values that redact themselves when printed stay redacted.
 */
export function canonicalJson(value: unknown): string {
  if (value === undefined) return 'null';
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const own = (value as { toJSON?: unknown }).toJSON;
  if (typeof own === 'function') return canonicalJson(own.call(value));
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const members: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const member = (value as Record<string, unknown>)[key];
    if (member !== undefined) members.push(`${JSON.stringify(key)}:${canonicalJson(member)}`);
  }
  return `{${members.join(',')}}`;
}
