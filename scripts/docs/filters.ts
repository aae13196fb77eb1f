/** docs/reference/routing.md: the stages at which filters act, in their order. A stage is listed once a filter acts at it. */
import type { FilterDefinition } from '../../src/proxy/filter/definition.ts';
import { BUILT_IN_FILTERS } from '../../src/proxy/filter/filters.ts';
import { FILTER_ORDER } from '../../src/proxy/filter/order.ts';
import { markdownTable, type Section } from './section.ts';

type Stage = (typeof FILTER_ORDER)[number]['stage'];

interface StageText {
  readonly title: string;
  /** What the filters belong to. */
  readonly of: string;
  readonly notes: string;
}

const BOTH = 'rule, then backend';
const ON_EVERY_RESPONSE = 'on every response, see below';

const STAGES: Readonly<Record<Stage, StageText>> = {
  'connection-limits': {
    title: 'connection limits',
    of: 'Gateway, listener',
    notes: 'closes a connection beyond the limit before TLS, once the client is known (after a PROXY header)',
  },
  'connection-access': {
    title: 'access of connections',
    of: 'rule of a TCP, TLS or UDP route',
    notes: 'closes connections and drops datagrams of clients whose address is refused',
  },
  identity: {
    title: 'removal of identity headers',
    of: BOTH,
    notes:
      'the headers by which an [AuthPolicy](auth-policy.md#identity-headers) names the client are never taken from clients',
  },
  preferences: {
    title: 'preferences of the client',
    of: BOTH,
    notes: 'reads what error pages and compression need of the request: `Accept`, `Accept-Encoding`',
  },
  cors: {
    title: 'CORS preflight',
    of: 'rule, else backend',
    notes:
      "responds before authentication, because browsers send preflights without credentials; with several backends, the first one's filter responds",
  },
  'https-redirect': {
    title: 'redirect to https',
    of: BOTH,
    notes:
      'a redirect that changes the scheme to https, neither hostname nor path: before authentication, so that no credentials are asked for in the clear',
  },
  checks: {
    title: 'checks of the gateway',
    of: 'rule, backend',
    notes:
      'an invalid rule or backend (500), `TRACE`, `Max-Forwards: 0`, a declared body length above the limit (413)',
  },
  access: {
    title: 'access by address, maintenance',
    of: BOTH,
    notes:
      'rules of access policies that need no principal: address, method and headers (403, `access_denied`); maintenance of a [ResponsePolicy](response-policy.md) (503, `maintenance`)',
  },
  'rate-limit': {
    title: 'rate limits by address',
    of: BOTH,
    notes: 'limits whose key needs no principal: address, method, header, cookie (429, `rate_limited`)',
  },
  authentication: {
    title: 'authentication',
    of: BOTH,
    notes:
      'the [AuthPolicies](auth-policy.md): tokens, passwords, API keys and client certificates (401, 403, 429, 503)',
  },
  'external-auth': {
    title: 'external auth',
    of: BOTH,
    notes: 'over HTTP or gRPC; fails closed (`auth_unavailable`)',
  },
  authorization: {
    title: 'access by principal',
    of: BOTH,
    notes: 'access policies with a condition on the authenticated user or its claims (403, `access_denied`)',
  },
  'client-rate-limit': {
    title: 'rate limits by principal',
    of: BOTH,
    notes: 'limits with a claim or an API client in their key (429, `rate_limited`)',
  },
  'custom-request': { title: 'custom filters', of: BOTH, notes: 'filters that users write' },
  redirect: {
    title: 'redirect, direct response',
    of: BOTH,
    notes:
      'after authentication, so that a protected path does not reveal where it redirects to; a direct response is a [DirectResponse](direct-response.md)',
  },
  'request-headers': {
    title: 'request headers',
    of: BOTH,
    notes:
      'each in the order remove, set, add. Only the gateway writes framing fields (Content-Length, Transfer-Encoding, Connection and the like)',
  },
  'url-rewrite': {
    title: 'URL rewrite',
    of: "backend's, else the rule's",
    notes:
      'keeps the query; after a replaced prefix, the rest of the path stays as the client wrote it, but a target never begins with `//`; characters not allowed in a path are encoded',
  },
  mirror: {
    title: 'mirror',
    of: 'rule and backend',
    notes: 'copies the request as it leaves the gateway; the percentage is exact over time',
  },
  'custom-response': {
    title: 'custom filters of responses',
    of: 'backend, then rule',
    notes: 'filters that users write',
  },
  'error-page': {
    title: 'error pages',
    of: "backend's, else the rule's",
    notes: 'of a [ResponsePolicy](response-policy.md), in place of error responses',
  },
  'response-headers': { title: 'response headers', of: 'backend, then rule', notes: ON_EVERY_RESPONSE },
  'cors-fields': { title: 'CORS fields', of: "rule's, else the backend's", notes: ON_EVERY_RESPONSE },
  compression: {
    title: 'compression',
    of: "backend's, else the rule's",
    notes: 'of a [CompressionPolicy](compression-policy.md), after all other changes of the response',
  },
};

const stagesOf = ({ stages, connection }: FilterDefinition): readonly (string | undefined)[] => [
  ...Object.values(stages),
  connection?.stage,
];

/** Those of the built-in filters, and the gateway's own. */
const USED = new Set([...BUILT_IN_FILTERS.flatMap(stagesOf), 'checks']);

export const FILTERS_IN_ORDER: Section = {
  page: 'docs/reference/routing.md',
  name: 'filters',
  render: () =>
    markdownTable(
      ['step', 'filter', 'of', 'notes'],
      FILTER_ORDER.filter(({ stage }) => USED.has(stage)).map(({ stage }, index) => {
        const { title, of, notes } = STAGES[stage];
        return [String(index + 1), title, of, notes];
      }),
    ),
};
