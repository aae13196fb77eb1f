import type { UrlRewriteFilter } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import { isAuthority } from '../../lib/message-grammar.ts';
import type { RequestView } from '../router/request-view.ts';
import { rewritePath } from './path-rewrite.ts';

/** HTTPURLRewriteFilter: another target, another Host; the query stays. */
export class CompiledRewrite {
  /** Host to send; null = the client's. */
  readonly authority: string | null;
  readonly #path: UrlRewriteFilter['path'];

  constructor({ hostname, path }: UrlRewriteFilter) {
    this.authority = hostname !== null && isAuthority(hostname) ? hostname : null;
    this.#path = path;
  }

  /** Path and query to send; null = as they are. */
  target({ path, query }: RequestView, match: PathMatch): string | null {
    if (this.#path === null) return null;
    const rewritten = rewritePath(this.#path, path, match);
    return query === '' ? rewritten : `${rewritten}?${query}`;
  }
}
