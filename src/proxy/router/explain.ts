/**
 * Explains a request: the decision of the router with its near misses. It uses the same compiled listeners and
 * entries as `PortRouter.match`, so it cannot differ from actual routing. Serializable; the shape is documented in
 * docs/reference/explain.md and stable.
 */
import { describeAttachment } from '../../ir/attachment-point.ts';
import { originOfDataPlane } from '../../ir/data-plane-id.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { RuleId } from '../../ir/ids.ts';
import type { HttpListener, Port } from '../../ir/listener.ts';
import type { RouteMatch, StringMatch } from '../../ir/match.ts';
import type { Origin, RuleOrigin } from '../../ir/origin.ts';
import { REASONS, type ReasonCode } from '../../ir/reason.ts';
import type { RouteRule, WeightedBackend } from '../../ir/route.ts';
import { describeMatch, describeText, type FailedPart, type RegexCompiler } from './entry.ts';
import { MatchState } from './match-state.ts';
import { matchPath, normalisePath, textOctets } from './path.ts';
import {
  describeProblem,
  describeShare,
  explainBackends,
  type BackendFacts,
  type ExplainedBackend,
  type ExplainContext,
} from './explain-backends.ts';
import type { DescribedFilter, ExplainedFilters, ExplainedRequest } from './explain-filters.ts';
import { explainAttachment, type ExplainedAttachment } from './explain-attachment.ts';
import { NO_POLICIES, type ExplainedPolicies } from './explain-policies.ts';
import { explainL4, type ClientProtocol } from './explain-l4.ts';
import { isPreflight } from './preflight.ts';
import { queryValue } from './query.ts';
import type { RequestView } from './request-view.ts';
import { isTraceUnasked } from './trace.ts';
import {
  PortRouter,
  type CompiledHost,
  type CompiledListener,
  type ListenerRef,
  type RouteHit,
} from './router.ts';

export interface ExplainRequest extends RequestView {
  /** The listener port of the request. */
  readonly port: number;
  readonly serverName: string | null;
  /** Names of the given fields, in lower case. */
  readonly fieldNames?: readonly string[];
  /** The Gateway rejects the request because of its header fields. */
  readonly isRefused?: boolean;
  /** What the client sends first; HTTP when absent. */
  readonly protocol?: ClientProtocol;
}

export interface NearMiss {
  readonly rule: RuleOrigin;
  /** Hostname of the route, `*` for any. */
  readonly hostname: string;
  /** The predicates of the match. */
  readonly match: string;
  /** The first predicate that failed, with the expected and the actual value; or that an earlier rule takes precedence. */
  readonly because: string;
}

export interface Explanation extends ExplainedAttachment, ExplainedPolicies {
  /**
   * `answer`: a filter responds instead of the backend, such as to a CORS preflight. `refuse`: no rule serves the request, or every
   * backend of the rule gives an error.
   */
  readonly outcome: 'forward' | 'redirect' | 'answer' | 'refuse';
  /** Status of a redirect or an error; null if the backend sets the status, and for connections without HTTP. */
  readonly status: number | null;
  /** [Reason code](reasons.md) of a redirect or an error; null otherwise. */
  readonly reason: ReasonCode | null;
  /** The result in one line. */
  readonly summary: string;
  readonly gateway: Origin;
  /** Why this listener was selected, or none. */
  readonly listenerBecause: string;
  /** If no route matches the host: the hostnames of the routes (or listeners) of the port, `*` for any; empty otherwise. */
  readonly hosts: readonly string[];
  /** Hostname of the route that matches the host, `*` for any; null if none matches. */
  readonly hostname: string | null;
  /** The rule that matches; null if none does. */
  readonly rule: RuleOrigin | null;
  /** The match of the rule that succeeded. */
  readonly match: string | null;
  /** Filters and policies of the rule, in [execution order](routing.md#4-filters-in-this-order); those of the listener if no rule matches. */
  readonly filters: readonly DescribedFilter[];
  readonly backends: readonly ExplainedBackend[];
  /** At most ten other rules for the host, closest first. */
  readonly nearMisses: readonly NearMiss[];
}

const NEAR_MISSES = 10;

/** null when the Gateway has no listener at that port. */
export function explain(
  config: GatewayConfig,
  request: ExplainRequest,
  regex: RegexCompiler,
  context: ExplainContext,
): Explanation | null {
  const port = portFor(config, request);
  if (port === null) return null;
  const below = explainL4(config, port, request, context);
  if (below !== null) return below;
  const listeners = httpListeners(port);
  const path = normalisePath(request.path);
  if (path === null) {
    const listenerBecause = 'the gateway rejects the path before it selects a listener';
    return refusal(config, 'bad_request', {
      listener: null,
      listenerBecause,
      hosts: [],
      nearMisses: [],
      filters: [],
    });
  }
  const view: RequestView = {
    method: request.method,
    host: request.host,
    path,
    query: request.query,
    header: (name) => octets(request.header(name)),
  };
  const rules = new Map(config.rules.map((rule) => [rule.id, rule]));
  const router = new PortRouter<RouteRule>({
    listeners,
    ruleOf: (id) => rules.get(id) ?? null,
    answersPreflights: (rule) => context.filters.answersPreflights(rule),
    regex: tolerant(regex),
  });
  const hit = router.match(view, request.serverName);
  const owner = router.listenerFor(view.host);
  const matchedAs = router.matchedAs(view);
  const matched = { view: matchedAs, isAsked: matchedAs !== view };
  const nearMisses = owner === null ? [] : findNearMisses(owner.hosts.find(view.host), matched, rules);
  const listenerBecause = whyListener(owner?.listener ?? null, hit, request);
  const around = { listener: hit.listener, listenerBecause, hosts: [], nearMisses, filters: [] };
  if (request.isRefused === true) return refusal(config, 'bad_request', around);
  if (hit.rule === null) {
    const reason = hit.reason ?? 'no_rule';
    const answering = reason === 'misdirected' ? router.listenerFor(request.serverName ?? '') : owner;
    const hosts = hostsWithout(view.host, owner, listeners);
    return refusal(config, reason, { ...around, hosts, filters: ofListener(answering, context) });
  }
  const asked = { view, isPreflight: isPreflight(view) };
  const filters = context.filters.ofRule(hit.rule, asked);
  if (filters.beforeChecks === null && isTraceUnasked(request.method, hit.entry)) {
    return refusal(config, 'not_implemented', around);
  }
  return served({ config, hit, rule: hit.rule, asked, filters, context }, around);
}

function portFor({ ports }: GatewayConfig, request: ExplainRequest): Port | null {
  const wanted = request.protocol === 'udp' ? 'udp' : 'tcp';
  const port = ports.find(({ number, transport }) => number === request.port && transport === wanted);
  return port === undefined || port.listeners.length === 0 ? null : port;
}

/** What acts on the response to a request that reaches no rule. */
const ofListener = (
  found: CompiledListener<RouteRule> | null,
  { filters }: ExplainContext,
): readonly DescribedFilter[] => filters.ofPolicies(found?.listener.policies);

/** As in the data plane, a pattern that does not compile matches nothing. */
const tolerant =
  (regex: RegexCompiler): RegexCompiler =>
  (pattern) => {
    try {
      return regex(pattern);
    } catch {
      return { prefix: '', size: 0, test: () => false };
    }
  };

/** Explain takes text; a request on the wire is bytes. */
const octets = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : textOctets(value);

const httpListeners = (port: Port): HttpListener[] =>
  port.listeners.filter((listener) => listener.kind === 'http');

/** If no route matches the host: the hostnames of the routes of the host's listener, or of all listeners if there is none. */
function hostsWithout(
  host: string,
  owner: CompiledListener<RouteRule> | null,
  listeners: readonly HttpListener[],
): string[] {
  if (owner !== null && owner.hosts.find(host) !== null) return [];
  const asked = owner === null ? listeners : [owner.listener];
  const names = asked.flatMap(({ virtualHosts }) => virtualHosts.map(({ hostname }) => hostname));
  return [...new Set(names)].map((hostname) => (hostname === '' ? '*' : hostname));
}

type Surroundings = Pick<Explanation, 'listenerBecause' | 'hosts' | 'nearMisses' | 'filters'> & {
  readonly listener: ListenerRef | null;
};

const shown = (hostname: string): string => (hostname === '' ? 'any host' : hostname);

function whyListener(
  owner: HttpListener | null,
  hit: RouteHit<RouteRule>,
  { host, serverName }: ExplainRequest,
): string {
  if (owner === null) return `no listener of the port is for ${host}`;
  const text = `its hostname (${shown(owner.hostname)}) is the most specific of the port that covers ${host}`;
  if (hit.reason !== 'misdirected') return text;
  return `${host} belongs to ${describeAttachment(owner.attachment)}: ${text}; the connection is for ${shown(serverName ?? '')}`;
}

function refusal(config: GatewayConfig, reason: ReasonCode, around: Surroundings): Explanation {
  const { status, text } = REASONS[reason];
  return {
    outcome: 'refuse',
    status,
    reason,
    summary: `${String(status)} ${reason}: ${text}`,
    gateway: originOfDataPlane(config.dataPlane),
    ...explainAttachment(around.listener),
    listenerBecause: around.listenerBecause,
    hosts: around.hosts,
    hostname: null,
    rule: null,
    match: null,
    ...NO_POLICIES,
    filters: around.filters,
    backends: [],
    nearMisses: around.nearMisses,
  };
}

interface Served {
  readonly config: GatewayConfig;
  readonly hit: RouteHit<RouteRule>;
  readonly rule: RouteRule;
  readonly asked: ExplainedRequest;
  /** Of the rule. */
  readonly filters: ExplainedFilters;
  readonly context: ExplainContext;
}

function served({ config, hit, rule, asked, filters, context }: Served, around: Surroundings): Explanation {
  const { hostname, entry } = hit;
  const backends = rule.action.kind === 'forward' ? rule.action.backends : [];
  const filtersOf = (backend: WeightedBackend): ExplainedFilters =>
    context.filters.ofBackend(rule, backend, asked);
  const facts = explainBackends(config, { rule: rule.id, backends, filtersOf }, context);
  const { outcome, status, reason, summary } = outcomeOf(rule, filters, facts);
  return {
    outcome,
    status,
    reason,
    summary,
    gateway: originOfDataPlane(config.dataPlane),
    ...explainAttachment(around.listener),
    listenerBecause: around.listenerBecause,
    hosts: [],
    hostname: hostname === '' ? '*' : hostname,
    rule: rule.origin,
    match: entry === null ? null : describeMatch(entry.match),
    ...context.filters.protecting(rule),
    filters: filters.filters,
    backends: facts.map(({ explained }) => explained),
    nearMisses: around.nearMisses,
  };
}

type Outcome = Pick<Explanation, 'outcome' | 'status' | 'reason' | 'summary'>;

function outcomeOf(rule: RouteRule, filters: ExplainedFilters, facts: readonly BackendFacts[]): Outcome {
  if (filters.beforeChecks !== null) return filters.beforeChecks;
  if (rule.action.kind === 'fail') {
    const { status, reason, message } = rule.action;
    return { outcome: 'refuse', status, reason, summary: `${String(status)} ${reason}: ${message}` };
  }
  if (filters.afterChecks !== null) return filters.afterChecks;
  const weighted = facts.filter(({ explained }) => explained.weight > 0);
  const [first] = weighted;
  if (first === undefined) {
    const { status, text } = REASONS.no_backend;
    const summary = `${String(status)} no_backend: ${text}`;
    return { outcome: 'refuse', status, reason: 'no_backend', summary };
  }
  if (weighted.length === 1 && first.answer !== null) return first.answer;
  const { problem } = first;
  if (problem !== null && weighted.length === 1) {
    const { status, reason } = problem;
    const summary = `${describeProblem(problem)} ${describeShare(first.explained, null)}`;
    return { outcome: 'refuse', status, reason, summary };
  }
  const shares = weighted.map(({ explained, answer }) =>
    describeShare(explained, explained.problem ?? answer?.summary ?? null),
  );
  if (problem !== null && weighted.every((one) => one.problem !== null)) {
    const { status, reason } = problem;
    return { outcome: 'refuse', status, reason, summary: `no backend can answer: ${shares.join(', ')}` };
  }
  return { outcome: 'forward', status: null, reason: null, summary: `forward to ${shares.join(', ')}` };
}

/** The request that rules were matched with. `isAsked`: it is the request that a preflight announces. */
interface MatchedRequest {
  readonly view: RequestView;
  readonly isAsked: boolean;
}

/** Entries that did not match, and matching ones after the winner, closest first. */
function findNearMisses(
  chain: CompiledHost<RouteRule> | null,
  request: MatchedRequest,
  rules: ReadonlyMap<RuleId, RouteRule>,
): NearMiss[] {
  const { view } = request;
  const path = matchPath(view.path);
  const state = new MatchState();
  const found: { readonly near: NearMiss; readonly distance: number }[] = [];
  let isWon = false;
  for (let host = chain; host !== null; host = host.next) {
    for (const { entry } of host.list.entries) {
      // Each entry has a separate budget: this explains why it does not match, not the total cost.
      state.start(path);
      const failed = entry.failedPart(view, state);
      const rule = rules.get(entry.source.rule);
      if (failed === null && !isWon) {
        isWon = true;
        continue;
      }
      if (rule === undefined) continue;
      const near = {
        rule: rule.origin,
        hostname: host.hostname === '' ? '*' : host.hostname,
        match: describeMatch(entry.source.match),
        because:
          failed === null
            ? 'matches too, but an earlier rule takes precedence'
            : describeFailure(failed, entry.source.match, request),
      };
      found.push({ near, distance: failed?.part === 'path' ? 1 : 0 });
    }
  }
  return found
    .toSorted((a, b) => a.distance - b.distance)
    .slice(0, NEAR_MISSES)
    .map(({ near }) => near);
}

function describeFailure(failed: FailedPart, match: RouteMatch, { view, isAsked }: MatchedRequest): string {
  switch (failed.part) {
    case 'path':
      return `path: expected ${match.path.kind === 'regex' ? `~ ${match.path.pattern}` : `${match.path.kind} ${match.path.value}`}, got ${view.path}`;
    case 'method':
      return `method: expected ${match.method ?? 'any'}, got ${view.method}${isAsked ? ' (the preflight asks for it)' : ''}`;
    case 'header':
      return difference('header', failed.name, wanted(match.headers, failed.name), view.header(failed.name));
    case 'query':
      return difference(
        'query',
        failed.name,
        wanted(match.query, failed.name),
        queryValue(view.query, failed.name),
      );
  }
}

const wanted = (
  predicates: readonly { readonly name: string; readonly value: StringMatch }[],
  name: string,
): string => {
  const found = predicates.find((predicate) => predicate.name === name);
  return found === undefined ? '' : describeText(found.value);
};

const difference = (part: string, name: string, want: string, got: string | undefined): string =>
  `${part} ${name}: expected ${want}, ${got === undefined ? 'got none' : `got ${JSON.stringify(got)}`}`;
