/**
 * One match of a rule, compiled: predicates over a `RequestView` that do not allocate. Both the matcher and the explanation
 * use these, so they cannot disagree.
 */
import type { HeaderMatch, QueryMatch, RouteMatch, StringMatch } from '../../ir/match.ts';
import type { RouteEntry } from '../../ir/route.ts';
import type { MatchState } from './match-state.ts';
import { keptParts, readLiteral, readPath, textOctets, type KeptParts } from './path.ts';
import type { CompiledPattern } from './regex.ts';
import type { RequestView } from './request-view.ts';

/** Compiles RE2 syntax; throws for invalid patterns. Injected, so that callers can record failures. */
export type RegexCompiler = (pattern: string) => CompiledPattern;

const EXACT = 0;
const PREFIX = 1;
const REGEX = 2;

/** The first predicate of a match that a request fails. */
export type FailedPart =
  { readonly part: 'path' | 'method' } | { readonly part: 'header' | 'query'; readonly name: string };

export class CompiledEntry {
  readonly source: RouteEntry;
  readonly #pathKind: number;
  readonly #path: string;
  /** `path/`: the start of every longer path under the prefix. */
  readonly #pathSlash: string;
  /** Compared with the normalized path instead of `matchPath` of it. */
  readonly #isVerbatim: boolean;
  readonly #pathPattern: PathPattern | null;
  readonly #method: string | null;
  readonly #headers: CompiledTexts;
  readonly #query: CompiledTexts;
  /** Among headers or query. */
  readonly #hasPatterns: boolean;
  /** Neither method nor headers nor query: only the path matters. */
  readonly #isPathOnly: boolean;

  constructor(source: RouteEntry, regex: RegexCompiler) {
    const { match } = source;
    const { path } = match;
    this.source = source;
    this.#pathKind = path.kind === 'exact' ? EXACT : path.kind === 'prefix' ? PREFIX : REGEX;
    const literal = path.kind === 'regex' ? null : readLiteral(path.value);
    this.#path = literal?.path ?? '';
    this.#isVerbatim = literal?.isVerbatim ?? false;
    this.#pathSlash = this.#path.endsWith('/') ? this.#path : `${this.#path}/`;
    this.#pathPattern = path.kind === 'regex' ? new PathPattern(path.pattern, regex) : null;
    this.#method = match.method;
    this.#headers = compileTexts(match.headers, regex);
    this.#query = compileTexts(match.query, regex);
    this.#hasPatterns = this.#headers.pattern.length > 0 || this.#query.pattern.length > 0;
    this.#isPathOnly = match.method === null && match.headers.length === 0 && match.query.length === 0;
  }

  /** The literal for indexing by `matchPath` of a request; null if only `matches` can decide. */
  get literal(): { readonly kind: 'exact' | 'prefix'; readonly path: string } | null {
    if (this.#pathKind === REGEX || this.#isVerbatim) return null;
    return { kind: this.#pathKind === EXACT ? 'exact' : 'prefix', path: this.#path };
  }

  matches(view: RequestView, state: MatchState): boolean {
    if (this.#pathKind === REGEX) {
      // Cheapest first.
      return (
        this.#matchesLiterals(view, state) &&
        this.matchesPath(view, state) &&
        this.#matchesPatterns(view, state)
      );
    }
    return this.matchesPath(view, state) && (this.#isPathOnly || this.matchesRest(view, state));
  }

  matchesPath(view: RequestView, state: MatchState): boolean {
    const path = this.#isVerbatim ? view.path : state.path;
    switch (this.#pathKind) {
      case EXACT:
        return path === this.#path;
      case PREFIX:
        return this.#pathSlash === '/' || path === this.#path || path.startsWith(this.#pathSlash);
      default:
        return this.#pathPattern?.accepts(view, state) === true;
    }
  }

  /** All but the path. */
  matchesRest(view: RequestView, state: MatchState): boolean {
    return this.#matchesLiterals(view, state) && this.#matchesPatterns(view, state);
  }

  #matchesLiterals(view: RequestView, state: MatchState): boolean {
    if (this.#method !== null && this.#method !== view.method) return false;
    for (const header of this.#headers.literal) if (!header.meetsHeader(view, state)) return false;
    for (const query of this.#query.literal) if (!query.meetsQuery(view, state)) return false;
    return true;
  }

  #matchesPatterns(view: RequestView, state: MatchState): boolean {
    if (!this.#hasPatterns) return true;
    for (const header of this.#headers.pattern) if (!header.meetsHeader(view, state)) return false;
    for (const query of this.#query.pattern) if (!query.meetsQuery(view, state)) return false;
    return true;
  }

  /** Why `matches` is false; null when it is true. */
  failedPart(view: RequestView, state: MatchState): FailedPart | null {
    if (!this.matchesPath(view, state)) return { part: 'path' };
    if (this.#method !== null && this.#method !== view.method) return { part: 'method' };
    const headers = [...this.#headers.literal, ...this.#headers.pattern];
    const header = headers.find((one) => !one.meetsHeader(view, state));
    if (header !== undefined) return { part: 'header', name: header.name };
    const queries = [...this.#query.literal, ...this.#query.pattern];
    const query = queries.find((one) => !one.meetsQuery(view, state));
    return query === undefined ? null : { part: 'query', name: query.name };
  }
}

/** Predicates over headers or query parameters, cheapest first. */
interface CompiledTexts {
  readonly literal: readonly CompiledText[];
  readonly pattern: readonly CompiledText[];
}

const NO_TEXTS: CompiledTexts = { literal: [], pattern: [] };

function compileTexts(matches: readonly (HeaderMatch | QueryMatch)[], regex: RegexCompiler): CompiledTexts {
  if (matches.length === 0) return NO_TEXTS;
  const texts = matches.map((match) => new CompiledText(match, regex));
  return {
    literal: texts.filter(({ pattern }) => pattern === null),
    pattern: texts.filter(({ pattern }) => pattern !== null),
  };
}

class CompiledText {
  readonly name: string;
  readonly pattern: CompiledPattern | null;
  readonly #exact: string | null;

  constructor({ name, value }: HeaderMatch | QueryMatch, regex: RegexCompiler) {
    this.name = name;
    this.#exact = value.kind === 'exact' ? textOctets(value.value) : null;
    this.pattern = value.kind === 'regex' ? regex(value.pattern) : null;
  }

  meetsHeader(view: RequestView, state: MatchState): boolean {
    const value = view.header(this.name);
    if (value === undefined) return false;
    return this.pattern === null ? value === this.#exact : state.test(this.pattern, value, 'header');
  }

  meetsQuery(view: RequestView, state: MatchState): boolean {
    const value = state.query.get(view.query, this.name);
    if (value === undefined) return false;
    return this.pattern === null ? value === this.#exact : state.test(this.pattern, value, 'query');
  }
}

/** Header conditions outside of routes. */
export class HeaderConditions {
  readonly #texts: CompiledTexts;

  /** Throws for patterns that cannot be served. */
  constructor(matches: readonly HeaderMatch[], regex: RegexCompiler) {
    this.#texts = compileTexts(matches, regex);
  }

  /** Whether a request meets all of them. */
  meets(view: RequestView, state: MatchState): boolean {
    for (const header of this.#texts.literal) if (!header.meetsHeader(view, state)) return false;
    for (const header of this.#texts.pattern) if (!header.meetsHeader(view, state)) return false;
    return true;
  }
}

/** A regular expression for paths, tested against the readings of a path that it can match. */
class PathPattern {
  readonly #pattern: CompiledPattern;
  readonly #kept: KeptParts | null;

  constructor(pattern: string, regex: RegexCompiler) {
    this.#pattern = regex(pattern);
    this.#kept = keptParts(pattern);
  }

  accepts({ path }: RequestView, state: MatchState): boolean {
    if (state.test(this.#pattern, state.path, 'path')) return true;
    if (this.#kept === null || path === state.path) return false;
    const reading = readPath(path, this.#kept);
    return reading !== state.path && state.test(this.#pattern, reading, 'path');
  }
}

/** A predicate as text: `= v` or `~ pattern`. */
export const describeText = (value: StringMatch): string =>
  value.kind === 'exact' ? `= ${JSON.stringify(value.value)}` : `~ ${value.pattern}`;

/** A match as text, in the order of evaluation. */
export function describeMatch(match: RouteMatch): string {
  const path =
    match.path.kind === 'regex'
      ? `path ~ ${match.path.pattern}`
      : `path ${match.path.kind} ${match.path.value}`;
  return [
    path,
    ...(match.method === null ? [] : [`method ${match.method}`]),
    ...match.headers.map(({ name, value }) => `header ${name} ${describeText(value)}`),
    ...match.query.map(({ name, value }) => `query ${name} ${describeText(value)}`),
  ].join(', ');
}
