/** Limits and timeouts of ProxyConfigs, merged field by field: stronger specs override weaker ones. */
import { DEFAULT_CLIENT_LIMITS, type ClientLimits } from '../../ir/client-limits.ts';
import type { ProxyConfigSettings } from '../graph/proxy-config-settings.ts';

type Limits = NonNullable<ProxyConfigSettings['limits']>;
type Timeouts = NonNullable<ProxyConfigSettings['timeouts']>;

export function lowerClientLimits(limits: Limits, timeouts: Timeouts): ClientLimits {
  const fallback = DEFAULT_CLIENT_LIMITS;
  const { slowBody = {} } = timeouts;
  return {
    headBytes: limits.head ?? fallback.headBytes,
    targetBytes: limits.target ?? fallback.targetBytes,
    headerCount: limits.headers ?? fallback.headerCount,
    bodyBytes: limits.body ?? fallback.bodyBytes,
    connections: limits.connections ?? fallback.connections,
    requestsPerConnection: limits.requestsPerConnection ?? fallback.requestsPerConnection,
    streams: limits.streams ?? fallback.streams,
    headTimeoutMs: timeouts.head ?? fallback.headTimeoutMs,
    idleTimeoutMs: timeouts.idle ?? fallback.idleTimeoutMs,
    slowBody: {
      windowMs: slowBody.window ?? fallback.slowBody.windowMs,
      minBytes: slowBody.minBytes ?? fallback.slowBody.minBytes,
    },
    halfClosedMs: timeouts.halfClosed ?? fallback.halfClosedMs,
  };
}
