import type { RedirectFilter } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import type { RequestView } from '../router/request-view.ts';
import { rewritePath } from './path-rewrite.ts';

const WELL_KNOWN_PORTS = { http: 80, https: 443 } as const;

/**
 * Value of Location. Without a port of its own, a redirect that names a scheme goes to the scheme's port, and one that does not stays
 * on the listener's; the scheme's own port is not written (HTTPRequestRedirectFilter.port).
 *
 * HTTP/1.0 allows a request without Host. A redirect that changes only the path then has a relative Location, which needs no host
 * (RFC 9110 section 10.2.2). null where no Location can be given: another scheme or port, and no host.
 */
export function redirectLocation(
  filter: RedirectFilter,
  view: RequestView,
  match: PathMatch,
  origin: { readonly scheme: 'http' | 'https'; readonly listenerPort: number },
): string | null {
  const scheme = filter.scheme ?? origin.scheme;
  const port =
    filter.port ?? (filter.scheme === null ? origin.listenerPort : WELL_KNOWN_PORTS[filter.scheme]);
  const host = filter.hostname ?? view.host;
  // `OPTIONS *` asks about no path, but a Location needs one.
  const own = view.path === '*' ? '/' : view.path;
  const path = filter.path === null ? own : rewritePath(filter.path, own, match);
  const target = `${path}${view.query === '' ? '' : `?${view.query}`}`;
  if (host === '') return filter.scheme === null && filter.port === null ? relative(target) : null;
  const authority = port === WELL_KNOWN_PORTS[scheme] ? host : `${host}:${String(port)}`;
  return `${scheme}://${authority}${target}`;
}

/** A reference that begins with two slashes would name a host (RFC 3986 section 4.2). */
const relative = (target: string): string => (target.startsWith('//') ? `/.${target}` : target);
