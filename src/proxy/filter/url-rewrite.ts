import type { UrlRewriteFilter } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import { isAuthority } from '../../lib/message-grammar.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FilterRun } from '../exchange/filter-run.ts';
import type { FilterOutcome, HttpFilter } from '../exchange/http-filter.ts';
import { outgoingRequest, pathMatchOf, targetOf } from '../exchange/outgoing-request.ts';
import type { RequestView } from '../router/request-view.ts';
import type { FilterDefinition } from './definition.ts';
import { rewritePath } from './path-rewrite.ts';

export const URL_REWRITE: FilterDefinition<UrlRewriteFilter> = {
  kind: 'url-rewrite',
  stages: { request: 'url-rewrite' },
  precedence: 'backend',
  compile: (config) => ({ request: new CompiledRewrite(config) }),
  describe({ hostname, path }) {
    const host = hostname === null ? [] : [`host → ${hostname}`];
    const target = path === null ? [] : [`${path.kind === 'full' ? 'path' : 'prefix'} → ${path.value}`];
    return `rewrite: ${[...host, ...target].join(', ')}`;
  },
};

/** HTTPURLRewriteFilter: another target, another Host; the query stays. */
export class CompiledRewrite implements HttpFilter {
  readonly kind = 'url-rewrite';
  /** Host to send; null = the client's. */
  readonly authority: string | null;
  readonly #path: UrlRewriteFilter['path'];

  constructor({ hostname, path }: UrlRewriteFilter) {
    this.authority = hostname !== null && isAuthority(hostname) ? hostname : null;
    this.#path = path;
  }

  apply(exchange: Exchange, run: FilterRun): FilterOutcome {
    const request = outgoingRequest(exchange);
    // What a filter leaves alone, another one may have set.
    request.target = this.target(exchange.head, pathMatchOf(exchange), run.query) ?? request.target;
    request.authority = this.authority ?? request.authority;
    return 'continue';
  }

  /** Path and query to send; null = as they are. */
  target(view: RequestView, match: PathMatch, query: string | null = null): string | null {
    return this.#path === null
      ? null
      : targetOf(rewritePath(this.#path, view.path, match), query ?? view.query);
  }
}
