/**
 * One match of a rule, compiled: predicates over a `RequestView` that allocate nothing. The matcher and the explanation both
 * ask these, so they cannot disagree.
 */
import type { HeaderMatch, QueryMatch, RouteMatch, StringMatch } from '../../ir/match.ts';
import type { RouteEntry } from '../../ir/route.ts';
import { decodeAll, literalReading, textOctets } from './path.ts';
import type { RequestView } from './request-view.ts';

/** Compiles RE2 syntax to a test that the whole text matches. Injected, so that the router stays pure. */
export type RegexCompiler = (pattern: string) => (text: string) => boolean;

type TextTest = (text: string) => boolean;

const EXACT = 0;
const PREFIX = 1;
const REGEX = 2;

/** The first part of a match that a request does not meet. */
export type FailedPart =
  { readonly part: 'path' | 'method' } | { readonly part: 'header' | 'query'; readonly name: string };

export class CompiledEntry {
  readonly source: RouteEntry;
  readonly #pathKind: number;
  readonly #path: string;
  /** `path/`: what a longer path under the prefix starts with. */
  readonly #pathSlash: string;
  readonly #pathTest: TextTest | null;
  readonly #method: string | null;
  readonly #headers: readonly CompiledText[];
  readonly #query: readonly CompiledText[];
  /** Neither method nor headers nor query: the path decides alone. */
  readonly #isPathOnly: boolean;

  constructor(source: RouteEntry, regex: RegexCompiler) {
    const { match } = source;
    this.source = source;
    this.#pathKind = match.path.kind === 'exact' ? EXACT : match.path.kind === 'prefix' ? PREFIX : REGEX;
    this.#path = match.path.kind === 'regex' ? '' : literalReading(match.path.value);
    this.#pathSlash = this.#path.endsWith('/') ? this.#path : `${this.#path}/`;
    this.#pathTest = match.path.kind === 'regex' ? regex(match.path.pattern) : null;
    this.#method = match.method;
    this.#headers = compileTexts(match.headers, regex);
    this.#query = compileTexts(match.query, regex);
    this.#isPathOnly = match.method === null && match.headers.length === 0 && match.query.length === 0;
  }

  /** The literal path of an exact or prefix match, for indexing; null for a regular expression. */
  get literal(): { readonly kind: 'exact' | 'prefix'; readonly path: string } | null {
    if (this.#pathKind === REGEX) return null;
    return { kind: this.#pathKind === EXACT ? 'exact' : 'prefix', path: this.#path };
  }

  /** `path` is `matchPath(view.path)`, computed once for all entries. */
  matches(view: RequestView, path: string): boolean {
    return this.matchesPath(path) && (this.#isPathOnly || this.matchesRest(view));
  }

  matchesPath(path: string): boolean {
    switch (this.#pathKind) {
      case EXACT:
        return path === this.#path;
      case PREFIX:
        return this.#pathSlash === '/' || path === this.#path || path.startsWith(this.#pathSlash);
      default:
        return this.#pathTest !== null && this.#pathTest(path);
    }
  }

  matchesRest(view: RequestView): boolean {
    if (this.#method !== null && this.#method !== view.method) return false;
    for (const header of this.#headers) if (!header.accepts(view.header(header.name))) return false;
    for (const query of this.#query) if (!query.accepts(queryValue(view.query, query.name))) return false;
    return true;
  }

  /** Why `matches` is false; null when it is true. */
  failedPart(view: RequestView, path: string): FailedPart | null {
    if (!this.matchesPath(path)) return { part: 'path' };
    if (this.#method !== null && this.#method !== view.method) return { part: 'method' };
    for (const header of this.#headers) {
      if (!header.accepts(view.header(header.name))) return { part: 'header', name: header.name };
    }
    for (const query of this.#query) {
      if (!query.accepts(queryValue(view.query, query.name))) return { part: 'query', name: query.name };
    }
    return null;
  }
}

const NO_TEXTS: readonly CompiledText[] = [];

const compileTexts = (
  matches: readonly (HeaderMatch | QueryMatch)[],
  regex: RegexCompiler,
): readonly CompiledText[] =>
  matches.length === 0 ? NO_TEXTS : matches.map((match) => new CompiledText(match, regex));

class CompiledText {
  readonly name: string;
  readonly #exact: string | null;
  readonly #test: TextTest | null;

  constructor({ name, value }: HeaderMatch | QueryMatch, regex: RegexCompiler) {
    this.name = name;
    this.#exact = value.kind === 'exact' ? textOctets(value.value) : null;
    this.#test = value.kind === 'regex' ? regex(value.pattern) : null;
  }

  accepts(value: string | undefined): boolean {
    if (value === undefined) return false;
    return this.#test === null ? value === this.#exact : this.#test(value);
  }
}

/**
 * The first value of `name` in a query, as it is written (no decoding but of `+` and escapes when there are any); undefined when
 * absent. HTTPQueryParamMatch: repeated parameters are matched on the first.
 */
export function queryValue(query: string, name: string): string | undefined {
  let from = 0;
  while (from < query.length) {
    let end = query.indexOf('&', from);
    if (end === -1) end = query.length;
    const equals = query.indexOf('=', from);
    const nameEnd = equals === -1 || equals > end ? end : equals;
    if (isName(query, from, nameEnd, name))
      return nameEnd === end ? '' : decodeQuery(query.slice(nameEnd + 1, end));
    from = end + 1;
  }
  return undefined;
}

function isName(query: string, from: number, to: number, name: string): boolean {
  if (to - from === name.length) return query.startsWith(name, from);
  return to - from > name.length && decodeQuery(query.slice(from, to)) === name;
}

const decodeQuery = (text: string): string => {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  return spaced.includes('%') ? decodeAll(spaced) : spaced;
};

/** Text of a predicate for people: `= v` or `~ pattern`. */
export const describeText = (value: StringMatch): string =>
  value.kind === 'exact' ? `= ${JSON.stringify(value.value)}` : `~ ${value.pattern}`;

/** Text of a match for people, in the order in which it is evaluated. */
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
