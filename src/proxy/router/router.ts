/**
 * The router of one port: from a request to the rule that serves it. Compiled once for a configuration; `match` allocates nothing and
 * returns one of a fixed set of hits.
 *
 * host → listener (the most specific of the port; isolation: no other is asked) → hostname of its routes (most specific first, on
 * to the next when no entry of it matches) → first entry in order.
 */
import type { RuleId } from '../../ir/ids.ts';
import type { HttpListener } from '../../ir/listener.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import type { RouteEntry, VirtualHost } from '../../ir/route.ts';
import { CompiledEntry, type RegexCompiler } from './entry.ts';
import { EntryList, type RankedHit } from './entry-list.ts';
import { HostTable } from './host-table.ts';
import { matchPath } from './path.ts';
import type { RequestView } from './request-view.ts';

/** Where a request goes: `rule` is null exactly when `reason` says why it goes nowhere. */
export interface RouteHit<Rule> {
  readonly listener: HttpListener | null;
  readonly hostname: string | null;
  readonly entry: RouteEntry | null;
  readonly rule: Rule | null;
  readonly reason: ReasonCode | null;
}

export interface RouterInput<Rule> {
  /** The HTTP listeners of one port. */
  readonly listeners: readonly HttpListener[];
  /** What the caller keeps for a rule; null leaves its entries out. */
  readonly ruleOf: (id: RuleId, listener: HttpListener) => Rule | null;
  readonly regex: RegexCompiler;
}

/** A hostname's entries and the next less specific hostname of the listener. */
export interface CompiledHost<Rule> {
  readonly hostname: string;
  readonly list: EntryList<RouteHit<Rule>>;
  readonly next: CompiledHost<Rule> | null;
}

export interface CompiledListener<Rule> {
  readonly listener: HttpListener;
  readonly hosts: HostTable<CompiledHost<Rule>>;
  readonly noRule: RouteHit<Rule>;
}

export class PortRouter<Rule> {
  readonly #listeners = new HostTable<CompiledListener<Rule>>();
  readonly #terminatesTls: boolean;
  readonly #noListener: RouteHit<Rule> = miss(null, 'no_listener_host');
  readonly #misdirected: RouteHit<Rule> = miss(null, 'misdirected');

  constructor({ listeners, ruleOf, regex }: RouterInput<Rule>) {
    for (const listener of listeners) {
      this.#listeners.add(listener.hostname, compileListener(listener, ruleOf, regex));
    }
    this.#terminatesTls = listeners.some(({ tls }) => tls !== null);
  }

  /**
   * `serverName` is the SNI of the connection, null without TLS or without SNI. A request whose host belongs to another
   * listener than the connection's is misdirected (421, GEP-3567; RFC 9110 section 15.5.20).
   */
  match(view: RequestView, serverName: string | null): RouteHit<Rule> {
    const listener = this.#listeners.find(view.host);
    if (listener === null) return this.#noListener;
    if (serverName !== null && this.#terminatesTls && serverName !== view.host) {
      if (this.#listeners.find(serverName) !== listener) return this.#misdirected;
    }
    const path = matchPath(view.path);
    for (let host = listener.hosts.find(view.host); host !== null; host = host.next) {
      const hit = host.list.find(view, path);
      if (hit !== null) return hit;
    }
    return listener.noRule;
  }

  /** For explanations: the listener that `match` would choose. */
  listenerFor(host: string): CompiledListener<Rule> | null {
    return this.#listeners.find(host);
  }
}

function compileListener<Rule>(
  listener: HttpListener,
  ruleOf: (id: RuleId, listener: HttpListener) => Rule | null,
  regex: RegexCompiler,
): CompiledListener<Rule> {
  const byName = new Map(listener.virtualHosts.map((host) => [host.hostname, host]));
  const compiled = new Map<string, CompiledHost<Rule>>();
  const compile = (virtualHost: VirtualHost): CompiledHost<Rule> => {
    const { hostname } = virtualHost;
    const done = compiled.get(hostname);
    if (done !== undefined) return done;
    const next = lessSpecific(hostname, byName);
    const host = {
      hostname,
      list: new EntryList(rankEntries(listener, virtualHost, ruleOf, regex)),
      next: next === null ? null : compile(next),
    };
    compiled.set(hostname, host);
    return host;
  };
  const hosts = new HostTable<CompiledHost<Rule>>();
  for (const virtualHost of listener.virtualHosts) hosts.add(virtualHost.hostname, compile(virtualHost));
  return { listener, hosts, noRule: miss(listener, 'no_rule') };
}

function rankEntries<Rule>(
  listener: HttpListener,
  { hostname, entries }: VirtualHost,
  ruleOf: (id: RuleId, listener: HttpListener) => Rule | null,
  regex: RegexCompiler,
): RankedHit<RouteHit<Rule>>[] {
  const ranked: RankedHit<RouteHit<Rule>>[] = [];
  for (const entry of entries) {
    const rule = ruleOf(entry.rule, listener);
    if (rule === null) continue;
    const hit = { listener, hostname, entry, rule, reason: null };
    ranked.push({ entry: new CompiledEntry(entry, regex), rank: ranked.length, hit });
  }
  return ranked;
}

/** The nearest hostname of the listener's routes that covers all of `hostname`. */
function lessSpecific(hostname: string, byName: ReadonlyMap<string, VirtualHost>): VirtualHost | null {
  let rest = hostname.startsWith('*.') ? hostname.slice(2) : hostname;
  for (let dot = rest.indexOf('.'); dot !== -1; dot = rest.indexOf('.')) {
    rest = rest.slice(dot + 1);
    const found = byName.get(`*.${rest}`);
    if (found !== undefined) return found;
  }
  return hostname === '' ? null : (byName.get('') ?? null);
}

const miss = <Rule>(listener: HttpListener | null, reason: ReasonCode): RouteHit<Rule> => ({
  listener,
  hostname: null,
  entry: null,
  rule: null,
  reason,
});
