/**
 * Regular expressions of users, in RE2 syntax and linear time. The common simple ones become string comparisons, proven equal to the
 * engine's answer by a property test.
 */
import { RE2JS } from 're2js';

export type TextTest = (text: string) => boolean;

/** Characters that mean something in a pattern, and those beyond ASCII, which requests have as bytes; text without them is literal. */
const SPECIAL = /[\\^$.|?*+()[\]{}]|[^\x00-\x7f]/;

/** A test that the whole text must match, anchored or not (as Envoy's `safe_regex` has it). Throws for invalid patterns. */
export function compileRegex(pattern: string): TextTest {
  return compileSimple(pattern) ?? compileGeneral(pattern);
}

/**
 * Instructions that a pattern may compile to. Linear time is time in proportion to text × program: ten thousand instructions hold a
 * worker for seconds over one long path, and whoever writes a route shares the worker with everybody else.
 */
const MAX_PROGRAM = 1_000;

/** null when the pattern is valid RE2 syntax and small enough to serve, else what is wrong with it. */
export function regexError(pattern: string): string | null {
  // Before compiling: a repetition is as many instructions as it counts, and compiling them all takes its time too.
  let size = countedRepeats(pattern);
  if (size > MAX_PROGRAM) return tooLarge(size);
  try {
    size = RE2JS.compile(pattern).programSize();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return size > MAX_PROGRAM ? tooLarge(size) : null;
}

const tooLarge = (size: number): string =>
  `it compiles to ${String(size)} or more instructions where ${String(MAX_PROGRAM)} are served; ask for fewer repetitions`;

const COUNTED = /(?<!\\)\{(\d+)(?:,(\d*))?\}/g;

function countedRepeats(pattern: string): number {
  let sum = 0;
  for (const [, from, to] of pattern.matchAll(COUNTED)) sum += Math.max(Number(from), Number(to ?? 0));
  return sum;
}

function compileGeneral(pattern: string): TextTest {
  const regex = RE2JS.compile(pattern);
  return (text) => regex.matches(octetsToText(text));
}

/** Requests are read byte by byte; a pattern speaks of characters, `.` of a whole one. What is not UTF-8 stays bytes. */
function octetsToText(octets: string): string {
  if (!/[\x80-\xff]/.test(octets)) return octets;
  try {
    return decodeURIComponent(
      octets.replace(/[%\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`),
    );
  } catch {
    return octets;
  }
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
