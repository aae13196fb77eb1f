import type { RequestView } from './request-view.ts';

/** Whether a request asks for permission instead of doing something (Fetch standard: CORS-preflight request). */
export function isPreflight(view: RequestView): boolean {
  return (
    view.method === 'OPTIONS' &&
    view.header('origin') !== undefined &&
    view.header('access-control-request-method') !== undefined
  );
}
