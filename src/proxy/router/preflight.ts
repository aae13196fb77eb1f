/** CORS preflights: the request that they announce, and the filter that responds to them. */
import type { CorsFilter, Filter } from '../../ir/filter.ts';
import type { RouteRule } from '../../ir/route.ts';
import type { RequestView } from './request-view.ts';

const ASKED_METHOD = 'access-control-request-method';

/** Whether a request is a CORS preflight (Fetch standard). */
export function isPreflight(view: RequestView): boolean {
  return (
    view.method === 'OPTIONS' &&
    view.header('origin') !== undefined &&
    view.header(ASKED_METHOD) !== undefined
  );
}

/**
 * The request that a preflight announces, as far as it is known: its method, and what both have in common. The values of its header
 * fields are not: a rule that matches on them is not reached by a preflight.
 */
export function askedRequest(preflight: RequestView): RequestView {
  return {
    method: preflight.header(ASKED_METHOD) ?? '',
    host: preflight.host,
    path: preflight.path,
    query: preflight.query,
    header: (name) => preflight.header(name),
  };
}

/**
 * The filter that responds to preflights of a rule: its own, otherwise that of the first backend with one and a weight above 0. A preflight gets its
 * response before a backend is selected, so that no backend sees it (GEP-1767).
 */
export function preflightFilter({ filters, action }: RouteRule): CorsFilter | null {
  const own = filters.find(isCors);
  if (own !== undefined || action.kind === 'fail') return own ?? null;
  for (const { weight, filters: ofBackend = [] } of action.backends) {
    const found = weight > 0 ? ofBackend.find(isCors) : undefined;
    if (found !== undefined) return found;
  }
  return null;
}

const isCors = (filter: Filter): filter is CorsFilter => filter.kind === 'cors';
