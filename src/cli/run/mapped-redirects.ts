/** Redirects name the listener's port (HTTPRequestRedirectFilter.port), which clients of a mapped port cannot reach. */
import type { Filter } from '../../ir/filter.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { RouteRule } from '../../ir/route.ts';

export const MAPPED_REDIRECT =
  'redirects name the port of the listener, not the one that --map binds: change the port of the URL by hand to follow them';

export function mappedRedirectNotes(
  configs: readonly GatewayConfig[],
  portMap: readonly (readonly [number, number])[],
): readonly string[] {
  const isMapped = portMap.some(([from, to]) => from !== to);
  return isMapped && configs.some(({ rules }) => rules.some(redirects)) ? [MAPPED_REDIRECT] : [];
}

/** With `port`, the redirect sets one explicitly. */
const redirects = ({ filters }: RouteRule): boolean =>
  filters.some((filter: Filter) => filter.kind === 'redirect' && filter.port === null);
