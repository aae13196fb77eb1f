/**
 * Matching state of the current request, and the cost of its regular expressions so far. A router has one, reset for
 * each request.
 */
import type { CompiledPattern } from './regex.ts';
import { QueryValues } from './query.ts';

/**
 * Maximum work of the regular expressions of one request: instructions of the program × characters of the text, summed over the
 * patterns that are tested. In the worst case a unit takes some 30 ns, so that one request holds a worker for 15 ms at most.
 */
export const REGEX_BUDGET = 500_000;

/** The longest text that a regular expression reads, in bytes. */
export const REGEX_TEXT = { path: 2_048, query: 4_096, header: 4_096 } as const;

type TextPart = keyof typeof REGEX_TEXT;

/** Why a request is rejected whose regular expressions exceed the limits. */
export type RegexRefusal = 'regex_budget' | 'uri_too_long' | 'head_too_large';

const TOO_LONG: Readonly<Record<TextPart, RegexRefusal>> = {
  path: 'uri_too_long',
  query: 'uri_too_long',
  header: 'head_too_large',
};

export class MatchState {
  /** `matchPath` of the request's path. */
  path = '';
  /**
   * Not null: a pattern was not tested, and counts as not matching. The request must be rejected regardless of other matches: it may belong to
   * the rule of that pattern, which may protect something.
   */
  refusal: RegexRefusal | null = null;
  readonly query = new QueryValues();
  #work = 0;

  start(path: string): void {
    this.path = path;
    this.refusal = null;
    this.#work = 0;
    this.query.reset();
  }

  test(pattern: CompiledPattern, text: string, part: TextPart): boolean {
    if (pattern.size === 0) return pattern.test(text);
    if (!text.startsWith(pattern.prefix) || this.refusal !== null) return false;
    this.#work += pattern.size * text.length;
    if (text.length > REGEX_TEXT[part]) this.refusal = TOO_LONG[part];
    else if (this.#work > REGEX_BUDGET) this.refusal = 'regex_budget';
    else return pattern.test(text);
    return false;
  }
}
