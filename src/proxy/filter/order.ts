/**
 * The one order of filters. Compilation sorts by it (filter-chain.ts), `explain` prints filters in it, and docs/reference/routing.md
 * shows it (scripts/docs/filters.ts). The place of a filter follows from what it needs to know (nothing, the address, the identity) and is no setting.
 *
 * A preflight comes before authentication, since browsers send it without credentials (Fetch standard, CORS protocol). A redirect comes
 * after it, so that a protected path does not tell where it leads. gRPC-Web is not a filter (ARCHITECTURE.md, "Life of a request").
 */

/**
 * When a stage acts.
 * - `connection`: when the client of a connection or flow is known, before TLS and before anything else is read.
 * - `request`: filters of the rule before a backend is chosen, those of the backend once it is.
 * - `forward`: once it is certain that the request goes to a backend: filters of its rule and its own.
 * - `response`: on every response of the rule, whatever made it; filters of a listener on responses to requests that reach no rule.
 */
export type FilterPhase = 'connection' | 'request' | 'forward' | 'response';

export interface FilterStage {
  readonly stage: string;
  readonly phase: FilterPhase;
}

export const FILTER_ORDER = [
  { stage: 'connection-limits', phase: 'connection' },
  { stage: 'connection-access', phase: 'connection' },
  // Fields that say who the client is are the gateway's alone: nothing reads those of clients.
  { stage: 'identity', phase: 'request' },
  // What the client prefers of responses, while its head can be read.
  { stage: 'preferences', phase: 'request' },
  { stage: 'cors', phase: 'request' },
  // A redirect that changes only the scheme to https reveals nothing, and keeps credentials off the cleartext connection.
  { stage: 'https-redirect', phase: 'request' },
  // The gateway's own: a rule or backend that cannot serve, TRACE, Max-Forwards, the declared length of the body (dispatch.ts).
  { stage: 'checks', phase: 'request' },
  // By address, header or cookie; maintenance.
  { stage: 'access', phase: 'request' },
  { stage: 'rate-limit', phase: 'request' },
  { stage: 'authentication', phase: 'request' },
  { stage: 'external-auth', phase: 'request' },
  // By the identity that authentication has found.
  { stage: 'authorization', phase: 'request' },
  { stage: 'client-rate-limit', phase: 'request' },
  { stage: 'custom-request', phase: 'request' },
  { stage: 'redirect', phase: 'request' },
  { stage: 'request-headers', phase: 'forward' },
  { stage: 'url-rewrite', phase: 'forward' },
  { stage: 'mirror', phase: 'forward' },
  { stage: 'custom-response', phase: 'response' },
  { stage: 'error-page', phase: 'response' },
  { stage: 'response-headers', phase: 'response' },
  { stage: 'cors-fields', phase: 'response' },
  { stage: 'compression', phase: 'response' },
] as const satisfies readonly FilterStage[];

type Row = (typeof FILTER_ORDER)[number];
export type ConnectionStage = Extract<Row, { readonly phase: 'connection' }>['stage'];
export type RequestStage = Extract<Row, { readonly phase: 'request' | 'forward' }>['stage'];
export type ResponseStage = Extract<Row, { readonly phase: 'response' }>['stage'];

const NOWHERE = FILTER_ORDER.length;
const RANK: ReadonlyMap<string, number> = new Map(FILTER_ORDER.map(({ stage }, index) => [stage, index]));
const PHASE: ReadonlyMap<string, FilterPhase> = new Map(
  FILTER_ORDER.map(({ stage, phase }) => [stage, phase]),
);

/** Of two stages the one with the lower rank acts first; a filter without a stage acts nowhere. */
export const rankOf = (stage: RequestStage | ResponseStage | ConnectionStage | undefined): number =>
  stage === undefined ? NOWHERE : (RANK.get(stage) ?? NOWHERE);

export const actsOnForwarding = (stage: RequestStage | undefined): boolean =>
  stage !== undefined && PHASE.get(stage) === 'forward';
