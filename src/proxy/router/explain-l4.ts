/** Where a layer-4 connection or flow goes: TLS by its server name, TCP and UDP by port. */
import { originOfDataPlane } from '../../ir/data-plane-id.ts';
import type { GatewayConfig } from '../../ir/gateway-config.ts';
import type { HttpListener, L4Rule, Listener, Port, TlsListener } from '../../ir/listener.ts';
import type { WeightedBackend } from '../../ir/route.ts';
import type { ReasonCode } from '../../ir/reason.ts';
import { NO_POLICIES } from './explain-policies.ts';
import { explainAttachment } from './explain-attachment.ts';
import { explainBackends, describeShare, type ExplainContext } from './explain-backends.ts';
import type { ExplainedFilters } from './explain-filters.ts';
import type { Explanation } from './explain.ts';
import { HostTable } from '../../lib/host-table.ts';

/** What a client sends first: HTTP, a ClientHello, or bytes for a TCPRoute or UDPRoute. */
export type ClientProtocol = 'http' | 'tls' | 'tcp' | 'udp';

export interface L4Question {
  readonly protocol?: ClientProtocol;
  /** null without TLS. */
  readonly serverName: string | null;
}

type L4Listener = Exclude<Listener, { readonly kind: 'http' }>;

interface L4Choice {
  readonly listener: L4Listener;
  readonly because: string;
  /** Hostname of the route with the server name; null if the listener needs none. */
  readonly hostname: string | null;
  readonly rule: L4Rule | null;
  readonly hosts: readonly string[];
}

/** A copy of the logic in `net/tls-port.ts`, which this pure layer cannot import. */
const startsWithTls = (listener: Listener): listener is HttpListener | TlsListener =>
  listener.kind === 'tls' || (listener.kind === 'http' && listener.tls !== null);

const shown = (hostname: string): string => (hostname === '' ? 'any host' : hostname);

/** null if the connection belongs to an HTTP listener of the port, which decides for each request. */
export function explainL4(
  config: GatewayConfig,
  port: Port,
  question: L4Question,
  context: ExplainContext,
): Explanation | null {
  const whole = port.listeners.find((one) => one.kind === 'tcp' || one.kind === 'udp');
  if (whole?.kind === 'tcp' || whole?.kind === 'udp') {
    const because = `it takes every ${whole.kind === 'udp' ? 'datagram' : 'connection'} of the port`;
    return forwarded(
      config,
      { listener: whole, because, hostname: null, rule: whole.rule, hosts: [] },
      context,
    );
  }
  if (question.serverName !== null) return explainTls(config, port, question.serverName, context);
  const speaksTls = port.listeners.every(startsWithTls);
  if ((question.protocol ?? 'http') === 'http' && !speaksTls) return null;
  const listenerBecause = speaksTls
    ? 'every listener of the port begins with TLS: use https:// or tls://'
    : 'the listeners of the port are for HTTP: use http://';
  return refused(config, 'bad_request', { listener: null, listenerBecause, hosts: [] });
}

function explainTls(
  config: GatewayConfig,
  port: Port,
  serverName: string,
  context: ExplainContext,
): Explanation | null {
  const table = new HostTable<HttpListener | TlsListener>();
  const withTls = port.listeners.filter(startsWithTls);
  for (const listener of withTls) table.add(listener.hostname, listener);
  if (withTls.length === 0) {
    const listenerBecause = 'no listener of the port terminates TLS: use http://';
    return refused(config, 'bad_request', { listener: null, listenerBecause, hosts: [] });
  }
  const listener = table.find(serverName);
  if (listener === null) {
    const listenerBecause = `no listener of the port is for the server name ${serverName}`;
    const hosts = withTls.map(({ hostname }) => hostname);
    return refused(config, 'no_listener_host', { listener: null, listenerBecause, hosts });
  }
  if (listener.kind !== 'tls') return null;
  const rules = new HostTable<{ readonly hostname: string; readonly rule: L4Rule }>();
  for (const host of listener.hosts) rules.add(host.hostname, host);
  const found = rules.find(serverName);
  const how = listener.tls === null ? 'TLS is passed through' : 'TLS is terminated';
  const because = `its hostname (${shown(listener.hostname)}) is the most specific of the port that covers the server name ${serverName}; ${how}`;
  const hosts = found === null ? listener.hosts.map(({ hostname }) => hostname) : [];
  const choice = { listener, because, hostname: found?.hostname ?? null, rule: found?.rule ?? null, hosts };
  return forwarded(config, choice, context);
}

function forwarded(
  config: GatewayConfig,
  { listener, because, hostname, rule, hosts }: L4Choice,
  context: ExplainContext,
): Explanation {
  const around = { listener, listenerBecause: because, hosts };
  if (rule === null) return refused(config, 'no_rule', around);
  const filtersOf = (backend: WeightedBackend): ExplainedFilters => ({
    filters: context.filters.ofPolicies(backend.kind === 'cluster' ? backend.policies : []),
    beforeChecks: null,
    afterChecks: null,
  });
  const facts = explainBackends(config, { rule: rule.id, backends: rule.backends, filtersOf }, context);
  const weighted = facts.filter(({ explained }) => explained.weight > 0);
  const failed = weighted.every(({ problem }) => problem !== null);
  const shares = weighted.map(({ explained, problem }) =>
    describeShare(explained, problem === null ? null : `${problem.reason}: ${problem.message}`),
  );
  const reason = weighted[0] === undefined ? 'no_backend' : (weighted[0].problem?.reason ?? null);
  return {
    ...refused(config, reason ?? 'no_backend', around),
    outcome: failed ? 'refuse' : 'forward',
    reason: failed ? reason : null,
    summary: failed
      ? `${endOf(listener)}: ${weighted.length === 0 ? 'the rule has no backend with a weight above 0' : shares.join(', ')}`
      : `forward to ${shares.join(', ')}`,
    hostname: hostname === '' ? '*' : hostname,
    rule: rule.origin,
    ...context.filters.protecting(rule),
    filters: context.filters.ofPolicies(rule.policies),
    // There is no status: with such a backend, the connection is closed.
    backends: facts.map(({ explained, problem }) =>
      problem === null
        ? explained
        : { ...explained, problem: `${endOf(listener)}: ${problem.reason}: ${problem.message}` },
    ),
  };
}

/** There is no response: the client's connection is closed, or the datagram is lost. */
const endOf = (listener: Listener | null): string =>
  listener?.kind === 'udp' ? 'the datagram is dropped' : 'the connection is closed';

interface Refused {
  readonly listener: Listener | null;
  readonly listenerBecause: string;
  readonly hosts: readonly string[];
}

const WHY: Readonly<Partial<Record<ReasonCode, string>>> = {
  no_rule: 'no route matches',
  no_listener_host: 'no listener has the server name',
  bad_request: 'it does not speak the protocol of the port',
};

function refused(
  config: GatewayConfig,
  reason: ReasonCode,
  { listener, listenerBecause, hosts }: Refused,
): Explanation {
  return {
    outcome: 'refuse',
    status: null,
    reason,
    summary: `${endOf(listener)}: ${WHY[reason] ?? reason}`,
    gateway: originOfDataPlane(config.dataPlane),
    ...explainAttachment(listener),
    listenerBecause,
    hosts: hosts.map((hostname) => (hostname === '' ? '*' : hostname)),
    hostname: null,
    rule: null,
    match: null,
    ...NO_POLICIES,
    filters: [],
    backends: [],
    nearMisses: [],
  };
}
