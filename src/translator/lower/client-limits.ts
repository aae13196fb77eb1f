/** Limits and timeouts of ProxyConfigs, merged field by field: stronger specs override weaker ones. */
import type { ProxyConfigLimits, ProxyConfigTimeouts } from '../../gatewayapi/generated/types.ts';
import { DEFAULT_CLIENT_LIMITS, type ClientLimits } from '../../ir/client-limits.ts';
import { parseDurationMs } from '../../lib/duration.ts';
import { parseBytes } from '../../lib/quantity.ts';

const bytes = (quantity: string | number | undefined, fallback: number): number =>
  quantity === undefined ? fallback : (parseBytes(quantity) ?? fallback);

const milliseconds = (duration: string | undefined, fallback: number): number =>
  duration === undefined ? fallback : (parseDurationMs(duration) ?? fallback);

/** Values are valid here: a ProxyConfig with an invalid value is not accepted and not lowered. */
export function lowerClientLimits(limits: ProxyConfigLimits, timeouts: ProxyConfigTimeouts): ClientLimits {
  const fallback = DEFAULT_CLIENT_LIMITS;
  const { slowBody = {} } = timeouts;
  return {
    headBytes: bytes(limits.head, fallback.headBytes),
    targetBytes: bytes(limits.target, fallback.targetBytes),
    headerCount: limits.headers ?? fallback.headerCount,
    bodyBytes: bytes(limits.body, fallback.bodyBytes),
    connections: limits.connections ?? fallback.connections,
    requestsPerConnection: limits.requestsPerConnection ?? fallback.requestsPerConnection,
    streams: limits.streams ?? fallback.streams,
    headTimeoutMs: milliseconds(timeouts.head, fallback.headTimeoutMs),
    idleTimeoutMs: milliseconds(timeouts.idle, fallback.idleTimeoutMs),
    slowBody: {
      windowMs: milliseconds(slowBody.window, fallback.slowBody.windowMs),
      minBytes: slowBody.minBytes ?? fallback.slowBody.minBytes,
    },
    halfClosedMs: milliseconds(timeouts.halfClosed, fallback.halfClosedMs),
  };
}
