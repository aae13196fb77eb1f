/** HTTPRequestRedirectFilter. */
import type { RedirectFilter } from '../../ir/filter.ts';
import type { PathMatch } from '../../ir/match.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { FilterOutcome, HttpFilter } from '../exchange/http-filter.ts';
import { pathMatchOf } from '../exchange/outgoing-request.ts';
import { isWebCall } from '../message/grpc-web-head.ts';
import { replyFor } from '../message/local-reply.ts';
import type { RequestView } from '../router/request-view.ts';
import type { FilterDefinition } from './definition.ts';
import { rewritePath } from './path-rewrite.ts';

export const REDIRECT: FilterDefinition<RedirectFilter> = {
  kind: 'redirect',
  stages: { request: 'redirect' },
  precedence: 'both',
  actsFor: (config) => !isHttpsUpgrade(config),
  compile: (config) => ({ request: new Redirect(config) }),
  describe({ scheme, hostname, path, port, status }) {
    const parts = { scheme, hostname, path: path?.value ?? null, port };
    const shown = Object.entries(parts).flatMap(([key, value]) =>
      value === null ? [] : [`${key} ${String(value)}`],
    );
    return `redirect ${[status, ...shown].join(', ')}`;
  },
  outcome({ status }) {
    const summary = `${String(status)} by a redirect filter`;
    return { outcome: 'redirect', status, reason: 'redirect', summary };
  },
};

/** Comes before authentication, so that a browser does not send credentials in the clear. */
export const HTTPS_REDIRECT: FilterDefinition<RedirectFilter> = {
  ...REDIRECT,
  stages: { request: 'https-redirect' },
  actsFor: isHttpsUpgrade,
};

/** A redirect that tells no more than that there is https: the rest of the URL is the request's own. */
function isHttpsUpgrade({ scheme, hostname, path }: RedirectFilter): boolean {
  return scheme === 'https' && hostname === null && path === null;
}

class Redirect implements HttpFilter {
  readonly kind = 'redirect';
  readonly #config: RedirectFilter;

  constructor(config: RedirectFilter) {
    this.#config = config;
  }

  apply(exchange: Exchange): FilterOutcome {
    const { head, connection } = exchange;
    const location = redirectLocation(this.#config, head, pathMatchOf(exchange), connection.info);
    if (location === null) return { kind: 'answer', reason: 'bad_request' };
    const reply = {
      status: this.#config.status,
      fields: [{ name: 'location', value: location }],
      body: '',
      // Browsers follow redirects of gRPC-Web calls; gRPC clients follow none.
      grpc: isWebCall(head) ? null : replyFor('redirect').grpc,
    };
    return { kind: 'answer', reason: 'redirect', reply };
  }
}

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
