/** Rewrites of the path by a regular expression. */
import type { RegexRewrite, RegexRewriteFilter } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import { isAuthority, isRequestTarget } from '../../lib/message-grammar.ts';
import { parseRewriteTemplate, type RewriteTemplate, type TemplatePart } from '../../lib/rewrite-template.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FilterOutcome, HttpFilter } from '../exchange/http-filter.ts';
import { outgoingRequest, pathMatchOf } from '../exchange/outgoing-request.ts';
import { CapturingPattern, type Capture, type Captures } from '../router/capture.ts';
import { keptParts, matchPath, normalisePath, readPath } from '../router/path.ts';
import { octetsToText } from '../router/regex.ts';
import type { FilterDefinition } from './definition.ts';
import { percentEncode, targetOctets } from './path-rewrite.ts';

export const REGEX_REWRITE: FilterDefinition<RegexRewriteFilter> = {
  kind: 'regex-rewrite',
  stages: { request: 'url-rewrite' },
  precedence: 'backend',
  compile: (config) => ({ request: new RegexRewriteStep(config) }),
  describe({ hostname, path }) {
    const host = hostname === null ? [] : [`host → ${hostname}`];
    const pattern = path?.pattern ?? 'the pattern of the match';
    const scope = path?.scope === 'match' ? 'what matches' : 'the path';
    const target = path === null ? [] : [`${scope} of ${pattern} → ${path.replacement}`];
    return `rewrite: ${[...host, ...target].join(', ')}`;
  },
};

class RegexRewriteStep implements HttpFilter {
  readonly kind = 'regex-rewrite';
  readonly #authority: string | null;
  readonly #path: PathRewriter | null;

  constructor({ hostname, path }: RegexRewriteFilter) {
    this.#authority = hostname !== null && isAuthority(hostname) ? hostname : null;
    this.#path = path === null ? null : new PathRewriter(path);
  }

  apply(exchange: Exchange): FilterOutcome {
    const { path, query } = exchange.head;
    const rewritten = this.#path?.rewrite(path, query, pathMatchOf(exchange)) ?? UNCHANGED;
    if (rewritten.refusal !== null) return { kind: 'answer', reason: rewritten.refusal };
    const request = outgoingRequest(exchange);
    request.target = rewritten.target ?? request.target;
    request.authority = this.#authority ?? request.authority;
    return 'continue';
  }
}

/** A target of null stays as it is. */
export interface Rewritten {
  readonly target: string | null;
  readonly refusal: ReasonCode | null;
}

const UNCHANGED: Rewritten = { target: null, refusal: null };
const refused = (refusal: ReasonCode): Rewritten => ({ target: null, refusal });

/** The longest target that is sent: a group may be repeated many times. */
const MAX_TARGET = 65_536;

export class PathRewriter {
  readonly #config: RegexRewrite;
  readonly #template: RewriteTemplate;
  readonly #pattern: CapturingPattern | null;
  /** Of the rule's matches: as many as it has. */
  readonly #ofMatches = new Map<string, CapturingPattern>();

  /** Throws for what the translator refuses. */
  constructor(config: RegexRewrite) {
    const template = parseRewriteTemplate(config.replacement);
    if (typeof template === 'string') throw new Error(template);
    this.#config = config;
    this.#template = template;
    this.#pattern = config.pattern === null ? null : new CapturingPattern(config.pattern);
  }

  rewrite(path: string, query: string, match: PathMatch): Rewritten {
    if (path === '*') return UNCHANGED;
    const found = this.#pattern === null ? this.#ofMatch(path, match) : this.#ofPattern(this.#pattern, path);
    if (typeof found === 'string') return refused(found);
    if (found.length === 0) return UNCHANGED;
    const target = this.#targetOf(path, query, found);
    if (target !== null && target.length > MAX_TARGET) return refused('uri_too_long');
    return target === null ? refused('bad_request') : { target, refusal: null };
  }

  #ofPattern(pattern: CapturingPattern, path: string): Captures {
    return pattern.within(path, this.#config.scope === 'path' ? 1 : Infinity);
  }

  /**
   * Groups of the match that the request met. It may have met only a reading of the path (`matchPath`): what that decodes is encoded again
   * where it would be a delimiter.
   */
  #ofMatch(path: string, match: PathMatch): Captures {
    if (match.kind !== 'regex') return [];
    const pattern = this.#patternOf(match.pattern);
    const found = pattern.whole(path);
    if (typeof found === 'string' || found.length > 0) return found;
    const kept = keptParts(match.pattern);
    for (const reading of [matchPath(path), ...(kept === null ? [] : [readPath(path, kept)])]) {
      const text = octetsToText(reading);
      const ofReading = pattern.whole(text);
      if (typeof ofReading === 'string') return ofReading;
      const [capture] = ofReading;
      if (capture === undefined) continue;
      const encoding = text === reading ? 'latin1' : 'utf8';
      const groups = capture.groups.map((group) => encodeReading(group, encoding));
      return [{ start: 0, end: path.length, groups }];
    }
    return [];
  }

  #patternOf(source: string): CapturingPattern {
    const known = this.#ofMatches.get(source);
    if (known !== undefined) return known;
    const pattern = new CapturingPattern(source);
    this.#ofMatches.set(source, pattern);
    return pattern;
  }

  /** Path and query; null for what is no path. */
  #targetOf(path: string, query: string, found: readonly Capture[]): string | null {
    const { query: ownQuery, keepsQuery } = this.#template;
    const replaced = this.#config.scope === 'path' ? this.#whole(found) : this.#parts(path, found);
    const normal = sendablePath(replaced);
    if (normal === null) return null;
    const [first] = found;
    const own = first === undefined ? '' : expand(ownQuery, first, encodeInQuery);
    const queries = [queryOctets(own), keepsQuery ? query : ''].filter((part) => part !== '');
    const target = queries.length === 0 ? normal : `${normal}?${queries.join('&')}`;
    return isRequestTarget(target) ? target : null;
  }

  #whole([first]: readonly Capture[]): string {
    return first === undefined ? '' : expand(this.#template.path, first, asItIs);
  }

  #parts(path: string, found: readonly Capture[]): string {
    let result = '';
    let at = 0;
    for (const capture of found) {
      result += path.slice(at, capture.start) + expand(this.#template.path, capture, asItIs);
      at = capture.end;
    }
    return result + path.slice(at);
  }
}

const expand = (
  parts: readonly TemplatePart[],
  { groups }: Capture,
  encode: (group: string) => string,
): string => parts.map((part) => (typeof part === 'string' ? part : encode(groups[part] ?? ''))).join('');

const asItIs = (group: string): string => group;

/** A group is one value of the query: what would begin another one is encoded. */
const encodeInQuery = (group: string): string => group.replaceAll(/[&+;#]/g, encodeURIComponent);

/** What a path does not have as it is, and the delimiters that only an escape can stand for. */
const NOT_IN_PATH = /[^A-Za-z0-9\-._~!$&'()*+,=:@/]+/g;

const encodeReading = (group: string, encoding: 'latin1' | 'utf8'): string =>
  group.replaceAll(NOT_IN_PATH, (text) => percentEncode(Buffer.from(text, encoding)));

const DOT_SEGMENT = /\/\.{1,2}(?:\/|$)/;

/** A path as it may be sent, or null: groups put together may be an escape, or a dot segment, that the request's path did not have. */
function sendablePath(text: string): string | null {
  const path = targetOctets(text).replace(/^\/{2,}/, '/');
  return DOT_SEGMENT.test(path) ? null : normalisePath(path);
}

/** The query of a replacement may have any text. */
const queryOctets = (query: string): string =>
  query.replaceAll(/[^\x21\x22\x24-\x7e]+/g, (text) => percentEncode(Buffer.from(text, 'utf8')));
