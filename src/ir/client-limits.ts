/**
 * Limits and timeouts of clients, for each Gateway, with defaults. Sizes in bytes, times in milliseconds.
 * 0 = no limit, unless the field says otherwise.
 */
export interface ClientLimits {
  /** Request line and fields together; above: 431. From 1,024 to 65,536. */
  readonly headBytes: number;
  /** Request target; above: 414. From 256 to 65,536. */
  readonly targetBytes: number;
  /** Fields of a head; above: 431. From 1 to 128. */
  readonly headerCount: number;
  /** Request body; above: 413. */
  readonly bodyBytes: number;
  /** Open connections of one port, in each worker; further ones are closed at once, and counted as `overflow`. */
  readonly connections: number;
  readonly requestsPerConnection: number;
  /** Concurrent requests of an HTTP/2 connection. At least 1. */
  readonly streams: number;
  /** From the first byte of a head to its end. Also for the first request of a connection, the TLS handshake and a PROXY header. */
  readonly headTimeoutMs: number;
  /** Time between two requests of a connection. */
  readonly idleTimeoutMs: number;
  /** While the gateway waits for a request body, at least `minBytes` must arrive in each `windowMs`; otherwise 408. */
  readonly slowBody: { readonly windowMs: number; readonly minBytes: number };
  /** Time for the response to begin after an HTTP/1.1 client has closed its sending direction. */
  readonly halfClosedMs: number;
}

export const DEFAULT_CLIENT_LIMITS: ClientLimits = {
  headBytes: 65_536,
  targetBytes: 16_384,
  headerCount: 128,
  bodyBytes: 0,
  connections: 0,
  requestsPerConnection: 0,
  streams: 128,
  headTimeoutMs: 10_000,
  idleTimeoutMs: 75_000,
  // One byte per minute keeps a stream of events open, and a client that disappears does not occupy its backend forever.
  slowBody: { windowMs: 60_000, minBytes: 1 },
  halfClosedMs: 5_000,
};

/** 0 means no limit, so the other limit is stricter. */
const stricter = (a: number, b: number): number => (a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b));

/** The limits of a port that several Gateways share: the strictest of each, because the Gateway of a client is not known. */
export function strictestLimits(limits: readonly ClientLimits[]): ClientLimits {
  const [first = DEFAULT_CLIENT_LIMITS, ...others] = limits;
  return others.reduce((a, b): ClientLimits => {
    const strict = (limit: (limits: ClientLimits) => number): number => stricter(limit(a), limit(b));
    return {
      headBytes: strict(({ headBytes }) => headBytes),
      targetBytes: strict(({ targetBytes }) => targetBytes),
      headerCount: strict(({ headerCount }) => headerCount),
      bodyBytes: strict(({ bodyBytes }) => bodyBytes),
      connections: strict(({ connections }) => connections),
      requestsPerConnection: strict(({ requestsPerConnection }) => requestsPerConnection),
      streams: strict(({ streams }) => streams),
      headTimeoutMs: strict(({ headTimeoutMs }) => headTimeoutMs),
      idleTimeoutMs: strict(({ idleTimeoutMs }) => idleTimeoutMs),
      slowBody: {
        windowMs: strict(({ slowBody }) => slowBody.windowMs),
        minBytes: Math.max(a.slowBody.minBytes, b.slowBody.minBytes),
      },
      halfClosedMs: strict(({ halfClosedMs }) => halfClosedMs),
    };
  }, first);
}
