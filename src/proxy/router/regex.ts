/**
 * Regular expressions of users, in RE2 syntax and linear time. The common simple ones become string comparisons, proven equal to the
 * engine's answer by a property test.
 */
import { RE2JS } from 're2js';

export type TextTest = (text: string) => boolean;

/** Characters that mean something in a pattern; text without them is literal. */
const SPECIAL = /[\\^$.|?*+()[\]{}]/;

/** A test that the whole text must match, anchored or not (as Envoy's `safe_regex` has it). Throws for invalid patterns. */
export function compileRegex(pattern: string): TextTest {
  return compileSimple(pattern) ?? compileGeneral(pattern);
}

/** null when the pattern is valid RE2 syntax, else what is wrong with it. */
export function regexError(pattern: string): string | null {
  try {
    RE2JS.compile(pattern);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function compileGeneral(pattern: string): TextTest {
  const regex = RE2JS.compile(pattern);
  return (text) => regex.matches(text);
}

/** `literal`, `literal.*`, `.*literal`, each with or without anchors; null for anything else. */
function compileSimple(pattern: string): TextTest | null {
  let body = pattern;
  if (body.startsWith('^')) body = body.slice(1);
  if (body.endsWith('$') && !body.endsWith('\\$')) body = body.slice(0, -1);
  if (!SPECIAL.test(body)) return (text) => text === body;
  // `.` does not match a line feed, which no header or path that reached a rule can hold.
  if (body.endsWith('.*') && !SPECIAL.test(body.slice(0, -2))) {
    const prefix = body.slice(0, -2);
    return (text) => text.startsWith(prefix) && !text.includes('\n');
  }
  if (body.startsWith('.*') && !SPECIAL.test(body.slice(2))) {
    const suffix = body.slice(2);
    return (text) => text.endsWith(suffix) && !text.includes('\n');
  }
  return null;
}
