/** Regular expressions of users whose groups are needed, within the same limits as those that only match. */
import { RE2JS } from 're2js';
import { REGEX_BUDGET, REGEX_TEXT, type RegexRefusal } from './match-state.ts';
import { measureRegex } from './regex.ts';

/** One match in a text. */
export interface Capture {
  readonly start: number;
  readonly end: number;
  /** By number; `` for a group that did not take part. 0 is all that matched. */
  readonly groups: readonly string[];
}

/** Matches, in their order; or why the text cannot be searched within the limits. */
export type Captures = readonly Capture[] | RegexRefusal;

const NONE: readonly Capture[] = [];

export class CapturingPattern {
  readonly #regex: RE2JS;
  readonly #size: number;

  /** Throws for patterns that `measureRegex` refuses. */
  constructor(pattern: string) {
    const size = measureRegex(pattern);
    if (typeof size === 'string') throw new Error(size);
    this.#regex = RE2JS.compile(pattern);
    this.#size = this.#regex.programSize();
  }

  /** The match of the whole path, if there is one. */
  whole(path: string): Captures {
    if (path.length > REGEX_TEXT.path) return 'uri_too_long';
    if (this.#size * path.length > REGEX_BUDGET) return 'regex_budget';
    const matcher = this.#regex.matcher(path);
    return matcher.matches() ? [captureOf(matcher)] : NONE;
  }

  /** The first matches in the path, at most `limit`. Each is paid for by the text that is left: it may be read to its end. */
  within(path: string, limit: number): Captures {
    if (path.length > REGEX_TEXT.path) return 'uri_too_long';
    const matcher = this.#regex.matcher(path);
    const found: Capture[] = [];
    let work = 0;
    let from = 0;
    while (found.length < limit) {
      work += this.#size * (path.length - from + 1);
      if (work > REGEX_BUDGET) return 'regex_budget';
      if (!matcher.find()) break;
      found.push(captureOf(matcher));
      from = matcher.end();
    }
    return found;
  }
}

function captureOf(matcher: ReturnType<RE2JS['matcher']>): Capture {
  const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, group) => matcher.group(group) ?? '');
  return { start: matcher.start(), end: matcher.end(), groups };
}
