/**
 * What clients may send, how much of it, and how slowly. Of every Gateway, defaults filled in; sizes in bytes, times in milliseconds.
 * 0 = no limit, where the field does not say otherwise.
 */
export interface ClientLimits {
  /** Request line and fields together; more is answered 431. From 1,024 to 65,536. */
  readonly headBytes: number;
  /** Request target; more is answered 414. From 256 to 65,536. */
  readonly targetBytes: number;
  /** Fields of a head; more is answered 431. From 1 to 128. */
  readonly headerCount: number;
  /** Request body; more is answered 413. */
  readonly bodyBytes: number;
  /** Open connections of one port, in each worker; further ones are closed at once, and counted as `overflow`. */
  readonly connections: number;
  readonly requestsPerConnection: number;
  /** Concurrent requests of an HTTP/2 connection. At least 1. */
  readonly streams: number;
  /** From the first byte of a head to its end. Also for the first request of a connection, the TLS handshake and a PROXY header. */
  readonly headTimeoutMs: number;
  /** A connection between two requests. */
  readonly idleTimeoutMs: number;
  /** While a request body is wanted, at least `minBytes` must come in each `windowMs`; less is answered 408. */
  readonly slowBody: { readonly windowMs: number; readonly minBytes: number };
  /** How long an HTTP/1.1 client that has closed its direction may wait for its answer to begin. */
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
  // One byte a minute keeps a stream of events open, and a client that went away silently does not hold its backend for ever.
  slowBody: { windowMs: 60_000, minBytes: 1 },
  halfClosedMs: 5_000,
};

/** A limit of 0 is none: the other one is stricter. */
const stricter = (a: number, b: number): number => (a === 0 || b === 0 ? Math.max(a, b) : Math.min(a, b));

/** What holds where several Gateways share a port: of each limit the strictest, since a client is not known to be one Gateway's. */
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
