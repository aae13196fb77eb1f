/** CORS preflights, and the request that they announce. */
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
