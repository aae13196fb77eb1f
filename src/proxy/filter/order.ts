/**
 * The one order of filters. Compilation sorts by it (filter-table.ts), `explain` prints filters in it, and docs/reference/routing.md
 * shows it. The place of a filter follows from what it needs to know (nothing, the address, the identity) and is no setting.
 *
 * A preflight comes before authentication, since browsers send it without credentials (Fetch standard, CORS protocol). A redirect comes
 * after it, so that a protected path does not tell where it leads.
 */

/**
 * When a stage acts.
 * - `connection`: when the client of a connection or flow is known, before TLS and before anything else is read.
 * - `listener`: before there is an exchange.
 * - `request`: filters of the rule before a backend is chosen, those of the backend once it is.
 * - `forward`: once it is certain that the request goes to a backend: filters of its rule and its own.
 * - `response`: on every response of the rule, whatever made it; filters of a listener on responses to requests that reach no rule.
 */
export type FilterPhase = 'connection' | 'listener' | 'request' | 'forward' | 'response';

export interface FilterStage {
  readonly stage: string;
  readonly phase: FilterPhase;
  /** What acts here, as documentation names it; null: nothing yet. */
  readonly title: string | null;
}

export const FILTER_ORDER = [
  { stage: 'connection-limits', phase: 'connection', title: null },
  { stage: 'connection-access', phase: 'connection', title: null },
  // Not a filter of the pipeline: an exchange reads from the head that it is given whether its call is one of gRPC, and everything
  // after that (limits of time, the form of local replies, retries, health) depends on it. So the call is translated before.
  { stage: 'grpc-web', phase: 'listener', title: 'gRPC-Web' },
  { stage: 'cors', phase: 'request', title: 'CORS preflight' },
  // A redirect that changes only the scheme to https reveals nothing, and keeps credentials off the cleartext connection.
  { stage: 'https-redirect', phase: 'request', title: null },
  // The gateway's own: a rule or backend that cannot serve, TRACE, Max-Forwards, the declared length of the body (dispatch.ts).
  { stage: 'checks', phase: 'request', title: 'checks of the gateway' },
  // By address, header or cookie; maintenance.
  { stage: 'access', phase: 'request', title: 'access by address' },
  { stage: 'rate-limit', phase: 'request', title: null },
  { stage: 'authentication', phase: 'request', title: 'external auth' },
  // By the identity that authentication has found.
  { stage: 'authorization', phase: 'request', title: 'access by principal' },
  { stage: 'client-rate-limit', phase: 'request', title: null },
  { stage: 'custom-request', phase: 'request', title: null },
  { stage: 'redirect', phase: 'request', title: 'redirect, direct response' },
  { stage: 'request-headers', phase: 'forward', title: 'request headers' },
  { stage: 'url-rewrite', phase: 'forward', title: 'URL rewrite' },
  { stage: 'mirror', phase: 'forward', title: 'mirror' },
  { stage: 'custom-response', phase: 'response', title: null },
  { stage: 'error-page', phase: 'response', title: null },
  { stage: 'response-headers', phase: 'response', title: 'response headers' },
  { stage: 'cors-fields', phase: 'response', title: 'CORS fields' },
  { stage: 'compression', phase: 'response', title: null },
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
