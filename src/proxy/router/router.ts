/**
 * The router of one port: finds the rule of a request. Compiled once for a configuration; unchanged hostnames are reused from the last
 * one. `match` does not allocate and returns one of a fixed set of hits.
 *
 * host → listener (the most specific of the port; isolation: no other is asked) → hostname of its routes (most specific first, on
 * to the next when no entry of it matches) → first entry in order.
 */
import { isSameAttachment, type AttachmentPoint } from '../../ir/attachment-point.ts';
import type { ListenerId, RuleId } from '../../ir/ids.ts';
import type { HttpListener } from '../../ir/listener.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { RouteEntry, VirtualHost } from '../../ir/route.ts';
import { CompiledEntry, type RegexCompiler } from './entry.ts';
import { EntryList, type RankedHit } from './entry-list.ts';
import { HostTable } from '../../lib/host-table.ts';
import { MatchState, type RegexRefusal } from './match-state.ts';
import { matchPath } from './path.ts';
import { askedRequest, isPreflight } from './preflight.ts';
import type { RequestView } from './request-view.ts';

/** A listener by name: the same object as long as it is configured, even if its routes change. */
export interface ListenerRef {
  readonly id: ListenerId;
  readonly attachment: AttachmentPoint;
}

/** The result for a request: `rule` is null exactly if `reason` is set. */
export interface RouteHit<Rule> {
  readonly listener: ListenerRef | null;
  readonly hostname: string | null;
  readonly entry: RouteEntry | null;
  readonly rule: Rule | null;
  readonly reason: ReasonCode | null;
}

export interface RouterInput<Rule> {
  /** The HTTP listeners of one port. */
  readonly listeners: readonly HttpListener[];
  /** The caller's value for a rule; null drops its entries. */
  readonly ruleOf: (id: RuleId, listener: HttpListener) => Rule | null;
  /** Whether a CORS filter of the rule responds to preflights; absent: no rule has one. */
  readonly answersPreflights?: (rule: Rule) => boolean;
  readonly regex: RegexCompiler;
  /** The router of the previous configuration: entries compiled from the same objects are reused. */
  readonly before?: PortRouter<Rule> | null;
}

/** A hostname's entries and the next less specific hostname of the listener. */
export interface CompiledHost<Rule> {
  readonly source: VirtualHost;
  readonly hostname: string;
  readonly list: EntryList<RouteHit<Rule>>;
  readonly next: CompiledHost<Rule> | null;
}

export interface CompiledListener<Rule> {
  readonly listener: HttpListener;
  readonly ref: ListenerRef;
  readonly hosts: HostTable<CompiledHost<Rule>>;
  readonly noRule: RouteHit<Rule>;
  readonly refused: Readonly<Record<RegexRefusal, RouteHit<Rule>>>;
}

export class PortRouter<Rule> {
  readonly listeners = new Map<ListenerId, CompiledListener<Rule>>();
  readonly #byHostname = new HostTable<CompiledListener<Rule>>();
  readonly #answersPreflights: (rule: Rule) => boolean;
  readonly #terminatesTls: boolean;
  readonly #state = new MatchState();
  readonly #noListener: RouteHit<Rule> = miss(null, 'no_listener_host');
  readonly #misdirected: RouteHit<Rule> = miss(null, 'misdirected');

  constructor({
    listeners,
    ruleOf,
    answersPreflights = () => false,
    regex,
    before = null,
  }: RouterInput<Rule>) {
    this.#answersPreflights = answersPreflights;
    for (const listener of listeners) {
      const compiled = compileListener(listener, {
        ruleOf: (id) => ruleOf(id, listener),
        regex,
        before: before?.listeners.get(listener.id) ?? null,
      });
      this.listeners.set(listener.id, compiled);
      this.#byHostname.add(listener.hostname, compiled);
    }
    this.#terminatesTls = listeners.some(({ tls }) => tls !== null);
  }

  /**
   * `serverName` is the SNI of the connection, null without TLS or without SNI. A request whose host belongs to another
   * listener than the connection's is misdirected (421, GEP-3567; RFC 9110 section 15.5.20).
   */
  match(view: RequestView, serverName: string | null): RouteHit<Rule> {
    const listener = this.#byHostname.find(view.host);
    if (listener === null) return this.#noListener;
    if (serverName !== null && this.#terminatesTls && serverName !== view.host) {
      if (this.#byHostname.find(serverName) !== listener) return this.#misdirected;
    }
    const path = matchPath(view.path);
    return this.#firstHit(listener, this.#matchedAs(listener, view, path), path);
  }

  #firstHit(listener: CompiledListener<Rule>, view: RequestView, path: string): RouteHit<Rule> {
    const state = this.#state;
    state.start(path);
    for (let host = listener.hosts.find(view.host); host !== null; host = host.next) {
      const hit = host.list.find(view, state);
      if (state.refusal !== null) return listener.refused[state.refusal];
      if (hit !== null) return hit;
    }
    return listener.noRule;
  }

  /**
   * The request that rules are matched with. A preflight is matched as the request that it announces if that is rejected, or matches
   * a rule that responds to preflights; otherwise as an ordinary OPTIONS request.
   */
  #matchedAs(listener: CompiledListener<Rule>, view: RequestView, path: string): RequestView {
    if (!isPreflight(view)) return view;
    const asked = askedRequest(view);
    const hit = this.#firstHit(listener, asked, path);
    const isAnswered = hit.rule === null ? hit !== listener.noRule : this.#answersPreflights(hit.rule);
    return isAnswered ? asked : view;
  }

  /** For explanations: the request that `match` matches rules with. */
  matchedAs(view: RequestView): RequestView {
    const listener = this.#byHostname.find(view.host);
    return listener === null ? view : this.#matchedAs(listener, view, matchPath(view.path));
  }

  /** For explanations: the listener that `match` would select. */
  listenerFor(host: string): CompiledListener<Rule> | null {
    return this.#byHostname.find(host);
  }
}

interface ListenerCompilation<Rule> {
  readonly ruleOf: (id: RuleId) => Rule | null;
  readonly regex: RegexCompiler;
  /** The same listener in the configuration before. */
  readonly before: CompiledListener<Rule> | null;
}

function compileListener<Rule>(
  listener: HttpListener,
  { ruleOf, regex, before }: ListenerCompilation<Rule>,
): CompiledListener<Rule> {
  const ref = refOf(listener, before);
  const covering = hostsThatCover(listener.virtualHosts);
  const compiled = new Map<string, CompiledHost<Rule>>();
  const compile = (source: VirtualHost): CompiledHost<Rule> => {
    const { hostname } = source;
    const done = compiled.get(hostname);
    if (done !== undefined) return done;
    const wider = lessSpecific(hostname, covering);
    const next = wider === null ? null : compile(wider);
    const known = before?.ref === ref ? before.hosts.exactly(hostname) : null;
    const host =
      known !== null && known.next === next && saysTheSame(known, source, ruleOf)
        ? known
        : { source, hostname, list: new EntryList(rankEntries(ref, source, ruleOf, regex)), next };
    if (covering.has(hostname)) compiled.set(hostname, host);
    return host;
  };
  const hosts = new HostTable<CompiledHost<Rule>>();
  for (const virtualHost of listener.virtualHosts) hosts.add(virtualHost.hostname, compile(virtualHost));
  const { noRule, refused } = before?.ref === ref ? before : missesOf<Rule>(ref);
  return { listener, ref, hosts, noRule, refused };
}

const missesOf = <Rule>(ref: ListenerRef): Pick<CompiledListener<Rule>, 'noRule' | 'refused'> => ({
  noRule: miss(ref, 'no_rule'),
  refused: {
    regex_budget: miss(ref, 'regex_budget'),
    uri_too_long: miss(ref, 'uri_too_long'),
    head_too_large: miss(ref, 'head_too_large'),
  },
});

function refOf({ id, attachment }: HttpListener, before: CompiledListener<unknown> | null): ListenerRef {
  const known = before?.ref;
  return known !== undefined && known.id === id && isSameAttachment(known.attachment, attachment)
    ? known
    : { id, attachment };
}

/** Whether compiling `source` would have the same result: it is the same object, and its entries have the same rules. */
function saysTheSame<Rule>(
  { source: known, list }: CompiledHost<Rule>,
  source: VirtualHost,
  ruleOf: (id: RuleId) => Rule | null,
): boolean {
  return (
    known === source &&
    list.entries.length === source.entries.length &&
    list.entries.every(({ hit }) => hit.entry !== null && ruleOf(hit.entry.rule) === hit.rule)
  );
}

function rankEntries<Rule>(
  listener: ListenerRef,
  { hostname, entries }: VirtualHost,
  ruleOf: (id: RuleId) => Rule | null,
  regex: RegexCompiler,
): RankedHit<RouteHit<Rule>>[] {
  const ranked: RankedHit<RouteHit<Rule>>[] = [];
  for (const entry of entries) {
    const rule = ruleOf(entry.rule);
    if (rule === null) continue;
    const hit = { listener, hostname, entry, rule, reason: null };
    ranked.push({ entry: new CompiledEntry(entry, regex), rank: ranked.length, hit });
  }
  // A grown array has spare capacity, times thousands of hostnames; a copy has none.
  return ranked.slice();
}

/** Hosts that other hosts fall back to: wildcards, and the one for any host. */
const hostsThatCover = (hosts: readonly VirtualHost[]): ReadonlyMap<string, VirtualHost> =>
  new Map(
    hosts
      .filter(({ hostname }) => hostname === '' || hostname.startsWith('*.'))
      .map((host) => [host.hostname, host]),
  );

/** The nearest hostname of the listener's routes that covers all of `hostname`. */
function lessSpecific(hostname: string, covering: ReadonlyMap<string, VirtualHost>): VirtualHost | null {
  if (covering.size === 0) return null;
  let rest = hostname.startsWith('*.') ? hostname.slice(2) : hostname;
  for (let dot = rest.indexOf('.'); dot !== -1; dot = rest.indexOf('.')) {
    rest = rest.slice(dot + 1);
    const found = covering.get(`*.${rest}`);
    if (found !== undefined) return found;
  }
  return hostname === '' ? null : (covering.get('') ?? null);
}

const miss = <Rule>(listener: ListenerRef | null, reason: ReasonCode): RouteHit<Rule> => ({
  listener,
  hostname: null,
  entry: null,
  rule: null,
  reason,
});
