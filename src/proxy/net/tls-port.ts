/** The listeners that share a TLS port, of any Gateways, compiled for look-up by server name. */
import type { CertificateId } from '../../ir/ids.ts';
import type { HttpListener, L4Rule, Listener, TlsListener } from '../../ir/listener.ts';
import type { Certificate } from '../../ir/tls.ts';
import { HostTable } from '../../lib/host-table.ts';
import { CertificateChoice } from './tls-certificates.ts';
import type { Termination } from './tls-contexts.ts';

/** How a listener ends TLS: its settings and the certificates it chooses from. */
export interface Terminated {
  readonly termination: Termination;
  readonly choice: CertificateChoice;
}

export interface HttpsTarget {
  readonly kind: 'https';
  readonly listener: HttpListener;
  readonly terminated: Terminated;
}

export interface RelayTarget<Rule> {
  readonly kind: 'relay';
  readonly listener: TlsListener;
  readonly rule: Rule;
  /** null: passed through. */
  readonly terminated: Terminated | null;
}

/** The target of one connection. */
export type TlsTarget<Rule> = HttpsTarget | RelayTarget<Rule>;

/** How a port handles connections of one of its listeners. */
type TlsEntry<Rule> =
  | HttpsTarget
  | {
      readonly kind: 'tls';
      readonly listener: TlsListener;
      readonly terminated: Terminated | null;
      readonly rules: HostTable<Rule>;
    };

export interface TlsPort<Rule> {
  readonly entries: HostTable<TlsEntry<Rule>>;
  /** True when HTTPS is all that is served here. */
  readonly isHttpsOnly: boolean;
}

export interface TlsPortInput<Rule> {
  readonly listeners: readonly {
    readonly listener: Listener;
    /** Among the certificates of the listener's configuration. */
    readonly certificateOf: (id: CertificateId) => Certificate | undefined;
  }[];
  /** Supported protocols of HTTPS; others that a listener offers by ALPN are skipped. */
  readonly httpProtocols: readonly string[];
  /** The caller's value for a rule. */
  readonly ruleOf: (rule: L4Rule, listener: TlsListener) => Rule;
}

/** True when the connections of a port with this listener begin with a ClientHello. */
export function startsWithTls(listener: Listener): boolean {
  return listener.kind === 'tls' || (listener.kind === 'http' && listener.tls !== null);
}

/** Nothing is parsed or loaded here, but for the first client of each certificate. */
export function compileTlsPort<Rule>({
  listeners,
  httpProtocols,
  ruleOf,
}: TlsPortInput<Rule>): TlsPort<Rule> {
  const entries = new HostTable<TlsEntry<Rule>>();
  let isHttpsOnly = true;
  for (const { listener, certificateOf } of listeners) {
    if (listener.kind === 'http' && listener.tls !== null) {
      const alpn = listener.tls.alpn.filter((protocol) => httpProtocols.includes(protocol));
      const terminated = terminatedBy({ id: listener.id, tls: { ...listener.tls, alpn } }, certificateOf);
      entries.add(listener.hostname, { kind: 'https', listener, terminated });
    } else if (listener.kind === 'tls') {
      isHttpsOnly = false;
      const { tls } = listener;
      const terminated = tls === null ? null : terminatedBy({ id: listener.id, tls }, certificateOf);
      const rules = new HostTable<Rule>();
      for (const { hostname, rule } of listener.hosts) rules.add(hostname, ruleOf(rule, listener));
      entries.add(listener.hostname, { kind: 'tls', listener, terminated, rules });
    }
  }
  return { entries, isHttpsOnly };
}

function terminatedBy(
  { id, tls }: { readonly id: string; readonly tls: Termination['tls'] },
  certificateOf: (id: CertificateId) => Certificate | undefined,
): Terminated {
  const own = tls.certificates.flatMap((certificate) => certificateOf(certificate) ?? []);
  return { termination: { domain: id, tls }, choice: new CertificateChoice(own) };
}

/**
 * The most specific listener that has the name, and in it the most specific route; no other listener is tried. A client that
 * without a server name (null) matches only listeners for any name.
 */
export function findTarget<Rule>(port: TlsPort<Rule>, serverName: string | null): TlsTarget<Rule> | null {
  const name = serverName ?? '';
  const entry = port.entries.find(name);
  if (entry === null || entry.kind === 'https') return entry;
  const rule = entry.rules.find(name);
  if (rule === null) return null;
  return { kind: 'relay', listener: entry.listener, rule, terminated: entry.terminated };
}
