/** What the soak runs: a route each, the endpoints behind it, and what its policy lets a retry cure. */

/** Ways of an endpoint over HTTP/1.1. `well` is none; `slow` answers after a hundred times as long. */
export const WEB_MODES = [
  'well',
  'slow',
  'refuses',
  'hangs',
  'slow-head',
  'reset-before-head',
  'close-within-head',
  'half-open',
  'no-http',
  'two-lengths',
  'more-than-said',
  '5xx',
  'reset-after-head',
  'less-than-said',
  'slow-body',
  'stalled-body',
] as const;
export type WebMode = (typeof WEB_MODES)[number];

/** Ways of an endpoint over HTTP/2; with gRPC calls `unavailable` is a status of gRPC. */
export const H2_MODES = [
  'well',
  'refuses',
  'hangs',
  'goaway-after-answer',
  'goaway-unseen',
  'rst-stream',
  'refused-stream',
  'connection-reset',
  'unavailable',
  'rst-after-head',
] as const;
export type H2Mode = (typeof H2_MODES)[number];
export type Mode = WebMode | H2Mode;

/** Faults of an endpoint: none; faults in turn; it leaves and returns, sometimes without notice; all endpoints are down together. */
export type Fate = 'steady' | 'slow' | 'faulty' | 'flapping' | 'down';

export interface Scenario {
  /** Of the route and its Service; requests name `NAME.example`. */
  readonly name: string;
  readonly protocol: 'http1' | 'h2';
  readonly clients: readonly ClientKind[];
  readonly fates: readonly Fate[];
  /** Of `faulty` endpoints, one at a time. */
  readonly modes: readonly Mode[];
  /** `retry` and `timeouts` of the BackendPolicy for the Service. */
  readonly policy: Readonly<Record<string, unknown>>;
  /** Members of the HTTPRoute's rule. */
  readonly rule?: Readonly<Record<string, unknown>>;
}

export type ClientKind = 'GET over HTTP/1.1' | 'POST over HTTP/1.1' | 'GET over HTTP/2' | 'gRPC';

const HTTP: readonly ClientKind[] = ['GET over HTTP/1.1', 'POST over HTTP/1.1', 'GET over HTTP/2'];
const ONE_OF_THREE: readonly Fate[] = ['steady', 'faulty', 'faulty'];
const CODES = [500, 502, 503, 504];

/** More tries than endpoints: whatever the others do, one of them goes to the endpoint that is well. */
const RETRY = {
  attempts: 4,
  retryOn: ['ConnectFailure', 'RefusedStream', 'Reset', 'GatewayError', 'PerTryTimeout', 'RetriableCodes'],
  codes: CODES,
  backoff: '10ms',
  perTryTimeout: '1s',
  nonIdempotent: 'Always',
};

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'before-head',
    protocol: 'http1',
    clients: HTTP,
    fates: ONE_OF_THREE,
    modes: [
      'well',
      'refuses',
      'hangs',
      'slow-head',
      'reset-before-head',
      'close-within-head',
      'half-open',
      'no-http',
      'two-lengths',
      'more-than-said',
      '5xx',
    ],
    // The words of Gateway API, as far as it has them.
    rule: {
      retry: { attempts: RETRY.attempts, codes: CODES, backoff: RETRY.backoff },
      timeouts: { backendRequest: '1s' },
    },
    policy: { retry: { nonIdempotent: 'Always' } },
  },
  {
    name: 'after-head',
    protocol: 'http1',
    clients: HTTP,
    fates: ONE_OF_THREE,
    modes: ['well', 'reset-after-head', 'less-than-said', 'slow-body', 'stalled-body'],
    policy: { retry: RETRY, timeouts: { streamIdle: '2s' } },
  },
  {
    name: 'flapping',
    protocol: 'http1',
    clients: HTTP,
    fates: ['steady', 'flapping', 'flapping'],
    modes: [],
    policy: { retry: RETRY },
  },
  {
    name: 'one-slow',
    protocol: 'http1',
    clients: HTTP,
    fates: ['steady', 'steady', 'slow'],
    modes: [],
    policy: { retry: { ...RETRY, perTryTimeout: '600ms' } },
  },
  {
    name: 'http2',
    protocol: 'h2',
    clients: HTTP,
    fates: ONE_OF_THREE,
    modes: H2_MODES.filter((mode) => mode !== 'rst-after-head'),
    policy: { retry: RETRY },
  },
  {
    name: 'grpc',
    protocol: 'h2',
    clients: ['gRPC'],
    fates: ONE_OF_THREE,
    modes: H2_MODES,
    policy: { retry: { ...RETRY, grpcCodes: ['Unavailable'] } },
  },
  {
    name: 'all-down',
    protocol: 'http1',
    clients: HTTP,
    fates: ['down', 'down'],
    modes: [],
    policy: { retry: RETRY },
  },
];
