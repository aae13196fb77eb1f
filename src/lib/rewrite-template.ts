/** The replacement of a rewrite: a path and perhaps a query, with groups of a regular expression in them. */

/** Literal text, or the number of a group; 0 is all that matched. */
export type TemplatePart = string | number;

export interface RewriteTemplate {
  readonly path: readonly TemplatePart[];
  readonly query: readonly TemplatePart[];
  /** The request's own query follows; a replacement that ends in `?` leaves it out, as in nginx. */
  readonly keepsQuery: boolean;
}

/** `$1`, `${10}`, or `$$`; the last alternative is what is none of them. */
const REFERENCE = /\$(?:(\d)|\{(\d{1,3})\}|(\$)|(?=[^]|$))/g;

/** The parts of a replacement, or what is wrong with it. */
export function parseRewriteTemplate(replacement: string): RewriteTemplate | string {
  const endsQuery = replacement.endsWith('?');
  const text = endsQuery ? replacement.slice(0, -1) : replacement;
  const mark = text.indexOf('?');
  const path = parseParts(mark < 0 ? text : text.slice(0, mark));
  const query = parseParts(mark < 0 ? '' : text.slice(mark + 1));
  if (path === null || query === null) {
    return 'a $ must be followed by the number of a group, such as $1 or ${10}, or by another $';
  }
  const isBroken = [...path, ...query].some((part) => typeof part === 'string' && NO_ESCAPE.test(part));
  if (isBroken) return 'a % must begin an escape, such as %20';
  return { path, query, keepsQuery: !endsQuery };
}

const NO_ESCAPE = /%(?![0-9a-f]{2})/i;

function parseParts(text: string): TemplatePart[] | null {
  const parts: TemplatePart[] = [];
  let literal = '';
  let at = 0;
  for (const { 0: found, 1: digit, 2: braced, 3: dollar, index } of text.matchAll(REFERENCE)) {
    literal += text.slice(at, index);
    at = index + found.length;
    if (dollar !== undefined) literal += dollar;
    else {
      const group = digit ?? braced;
      if (group === undefined) return null;
      if (literal !== '') parts.push(literal);
      literal = '';
      parts.push(Number(group));
    }
  }
  literal += text.slice(at);
  return literal === '' ? parts : [...parts, literal];
}

/** The highest group that a template refers to; 0 for none. */
export const highestGroup = ({ path, query }: RewriteTemplate): number =>
  Math.max(0, ...[...path, ...query].filter((part) => typeof part === 'number'));
