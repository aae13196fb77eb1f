/** The literal prefix of all texts that a regular expression matches. */

const LITERAL = /[A-Za-z0-9/_~%!&'",:;<>=@#` -]/;
/** Punctuation that a backslash makes literal. Letters and digits behind a backslash mean something else. */
const ESCAPED = /[^A-Za-z0-9\x80-\uffff]/;

/** Not a literal that a repetition could repeat: in `a(?i)*` and `a\Q\E*` it repeats the `a`. */
const TRANSPARENT = /\(\?[a-zA-Z-]*\)|\\[QE]/;

/** `` if the pattern does not start with a literal, or if it is unclear. `pattern` is valid RE2 syntax. */
export function literalPrefix(pattern: string): string {
  if (TRANSPARENT.test(pattern) || hasOpenAlternative(pattern)) return '';
  let prefix = '';
  let at = pattern.startsWith('^') ? 1 : 0;
  while (at < pattern.length) {
    let char = pattern.charAt(at);
    let next = at + 1;
    if (char === '\\') {
      char = pattern.charAt(next++);
      if (!ESCAPED.test(char)) break;
    } else if (!LITERAL.test(char)) break;
    // `x*`, `x?` and `x{0,1}` need no x.
    if (/[*?{]/.test(pattern.charAt(next))) break;
    prefix += char;
    at = next;
  }
  return prefix;
}

/** Whether the pattern has a `|` outside of groups and classes. */
function hasOpenAlternative(pattern: string): boolean {
  if (!pattern.includes('|')) return false;
  let depth = 0;
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === '\\') at++;
    else if (char === '[') at = classEnd(pattern, at);
    else if (char === '(') depth++;
    else if (char === ')') depth--;
    else if (char === '|' && depth === 0) return true;
  }
  return false;
}

/** The position of the `]` that closes the class that opens at `open`. */
function classEnd(pattern: string, open: number): number {
  let at = open + 1;
  if (pattern.charAt(at) === '^') at++;
  // A `]` that comes first is a member of the class.
  if (pattern.charAt(at) === ']') at++;
  for (; at < pattern.length; at++) {
    const char = pattern.charAt(at);
    if (char === '\\') at++;
    else if (char === '[' && pattern.charAt(at + 1) === ':') {
      const close = pattern.indexOf(':]', at);
      if (close !== -1) at = close + 1;
    } else if (char === ']') return at;
  }
  return at;
}
