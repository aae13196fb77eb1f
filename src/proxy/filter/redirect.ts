import type { RedirectFilter } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import type { RequestView } from '../router/request-view.ts';
import { rewritePath } from './path-rewrite.ts';

const WELL_KNOWN_PORTS = { http: 80, https: 443 } as const;

/**
 * Value of Location. Without a port of its own, a redirect that names a scheme goes to the scheme's port, and one that does not stays
 * on the listener's; the scheme's own port is not written (HTTPRequestRedirectFilter.port).
 */
export function redirectLocation(
  filter: RedirectFilter,
  view: RequestView,
  match: PathMatch,
  origin: { readonly scheme: 'http' | 'https'; readonly listenerPort: number },
): string {
  const scheme = filter.scheme ?? origin.scheme;
  const port =
    filter.port ?? (filter.scheme === null ? origin.listenerPort : WELL_KNOWN_PORTS[filter.scheme]);
  const host = filter.hostname ?? view.host;
  const authority = port === WELL_KNOWN_PORTS[scheme] ? host : `${host}:${String(port)}`;
  // `OPTIONS *` asks about no path, but a Location needs one.
  const own = view.path === '*' ? '/' : view.path;
  const path = filter.path === null ? own : rewritePath(filter.path, own, match);
  return `${scheme}://${authority}${path}${view.query === '' ? '' : `?${view.query}`}`;
}
