/**
 * The text form of a certificate's subjectAltName, as Node.js writes it: `DNS:a.example, URI:spiffe://x, DNS:"odd, name"`.
 * A value that could be confused with the separators is written as a JSON string, so that one name cannot pose as two.
 */
export interface AltName {
  readonly kind: string;
  readonly value: string;
}

const QUOTED = /^"(?:[^"\\]|\\.)*"/;

/** Every name in order. A text that does not follow the form gives the names up to the fault: nothing is guessed. */
export function parseSubjectAltName(text: string): readonly AltName[] {
  const names: AltName[] = [];
  let rest = text;
  while (rest !== '') {
    const colon = rest.indexOf(':');
    if (colon <= 0) return names;
    const kind = rest.slice(0, colon);
    const taken = takeValue(rest.slice(colon + 1));
    if (taken === null) return names;
    names.push({ kind, value: taken.value });
    rest = taken.rest;
  }
  return names;
}

/** DNS names in lower case, wildcards as written. */
export function dnsNames(text: string): readonly string[] {
  return parseSubjectAltName(text)
    .filter((name) => name.kind === 'DNS')
    .map((name) => name.value.toLowerCase());
}

/**
 * The DNS names a certificate serves. Its common name counts only where there is no DNS name at all: browsers ignore
 * it, older clients do not. `subject` has one attribute a line, as Node.js writes it.
 */
export function servedNames(subjectAltName: string, subject: string): readonly string[] {
  const names = dnsNames(subjectAltName);
  if (names.length > 0) return names;
  const commonName = /^CN=(.+)$/m.exec(subject)?.[1];
  return commonName === undefined ? [] : [commonName.toLowerCase()];
}

function takeValue(text: string): { readonly value: string; readonly rest: string } | null {
  const quoted = QUOTED.exec(text)?.[0];
  if (quoted !== undefined) {
    const value = unquote(quoted);
    const rest = text.slice(quoted.length);
    if (value === null || (rest !== '' && !rest.startsWith(', '))) return null;
    return { value, rest: rest.slice(2) };
  }
  const comma = text.indexOf(', ');
  return comma < 0 ? { value: text, rest: '' } : { value: text.slice(0, comma), rest: text.slice(comma + 2) };
}

function unquote(quoted: string): string | null {
  try {
    const value: unknown = JSON.parse(quoted);
    return typeof value === 'string' ? value : null;
  } catch {
    return null;
  }
}
