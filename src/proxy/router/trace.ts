import type { RouteEntry } from '../../ir/route.ts';

/**
 * TRACE returns to the client what the backend received: fields that filters and auth servers add, and cookies that scripts must not
 * read. So it is forwarded only if a rule matches the method.
 */
export const isTraceUnasked = (method: string, entry: RouteEntry | null): boolean =>
  method === 'TRACE' && entry?.match.method !== 'TRACE';
