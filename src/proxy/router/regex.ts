/**
 * Regular expressions of users, in RE2 syntax and linear time. The common simple ones become string comparisons, proven equal to the
 * engine's answer by a property test.
 */
import { RE2JS, RE2Set } from 're2js';
import { literalPrefix } from './literal-prefix.ts';

export interface CompiledPattern {
  /** What every matching text starts with; `` when unknown. A text that starts otherwise need not be tested. */
  readonly prefix: string;
  /** Instructions that a test may run for each character of the text; 0 for a plain string comparison. */
  readonly size: number;
  /** Whether the whole text matches, anchored or not (as in Envoy's `safe_regex`). */
  readonly test: (text: string) => boolean;
}

/** Characters with a special meaning in a pattern, and those beyond ASCII, which requests have as bytes; text without them is literal. */
const SPECIAL = /[\\^$.|?*+()[\]{}]|[^\x00-\x7f]/;

/** Throws for patterns that `measureRegex` refuses. */
export function compileRegex(pattern: string): CompiledPattern {
  const simple = compileSimple(pattern);
  return simple === null ? compileGeneral(pattern) : { prefix: '', size: 0, test: simple };
}

/**
 * Maximum number of instructions of a pattern (Envoy's documented default). Linear time means time in proportion to text × program, and
 * all tenants of a Gateway share its workers.
 */
const MAX_PROGRAM = 100;

/** The size of a pattern (see `CompiledPattern`), or the problem: invalid RE2 syntax, or too large. */
export function measureRegex(pattern: string): number | string {
  // Before compiling: a repetition takes as many instructions as it counts, and compiling them takes time too.
  const repeats = countedRepeats(pattern);
  if (repeats > MAX_PROGRAM) return tooLarge(repeats);
  if (compileSimple(pattern) !== null) return 0;
  try {
    const size = RE2JS.compile(pattern).programSize();
    return size > MAX_PROGRAM ? tooLarge(size) : size;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const tooLarge = (size: number): string =>
  `it compiles to ${String(size)} or more instructions; the limit is ${String(MAX_PROGRAM)}. Use fewer repetitions, or match a prefix`;

const COUNTED = /(?<!\\)\{(\d+)(?:,(\d*))?\}/g;

function countedRepeats(pattern: string): number {
  let sum = 0;
  for (const [, from, to] of pattern.matchAll(COUNTED)) sum += Math.max(Number(from), Number(to ?? 0));
  return sum;
}

/**
 * Memory for the states of one pattern's automaton. Patterns that need more (their states double with each repetition) fall back to a
 * slower engine that keeps none: more memory makes their worst case slower, not faster, and all patterns of all tenants add up.
 */
const AUTOMATON_BYTES = 64 * 1_024;

function compileGeneral(pattern: string): CompiledPattern {
  const size = measureRegex(pattern);
  if (typeof size === 'string') throw new Error(size);
  // A set of one: the engine takes a memory limit only for sets.
  const regex = new RE2Set(RE2Set.ANCHOR_BOTH, 0, AUTOMATON_BYTES);
  regex.add(pattern);
  regex.compile();
  const test = (text: string): boolean => regex.match(octetsToText(text)).length > 0;
  return { prefix: literalPrefix(pattern), size, test };
}

/** Requests are read as bytes, but a pattern is about characters. Invalid UTF-8 stays as bytes. */
export function octetsToText(octets: string): string {
  if (!/[\x80-\xff]/.test(octets)) return octets;
  try {
    return decodeURIComponent(
      octets.replace(/[%\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`),
    );
  } catch {
    return octets;
  }
}

/** How the path of a gRPC call to a method of any service begins. */
const ANY_SEGMENT = '/[^/]+/';

/** `/`, one or more characters, none of them a slash, and `rest`, which begins with one. */
function isSegmentThen(text: string, rest: string): boolean {
  const end = text.length - rest.length;
  return end > 1 && text.startsWith('/') && text.endsWith(rest) && text.indexOf('/', 1) === end;
}

/** `literal`, `literal.*`, `.*literal`, `/[^/]+/literal`, each with or without anchors; null for anything else. */
function compileSimple(pattern: string): ((text: string) => boolean) | null {
  let body = pattern;
  if (body.startsWith('^')) body = body.slice(1);
  if (body.endsWith('$') && !body.endsWith('\\$')) body = body.slice(0, -1);
  if (!SPECIAL.test(body)) return (text) => text === body;
  const name = body.startsWith(ANY_SEGMENT) ? body.slice(ANY_SEGMENT.length - 1) : null;
  if (name !== null && !SPECIAL.test(name)) return (text) => isSegmentThen(text, name);
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
