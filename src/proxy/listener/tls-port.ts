/** The listeners that share a TLS port, compiled for look-up by server name. */
import type { CertificateId, ListenerId } from '../../ir/ids.ts';
import type { HttpListener, L4Rule, Port, TlsListener } from '../../ir/listener.ts';
import type { Certificate, ListenerTls } from '../../ir/tls.ts';
import { ServerNameTable } from './sni.ts';
import { CertificateChoice } from './tls-certificates.ts';
import type { Termination } from './tls-contexts.ts';

/** How a listener ends TLS: its settings and the certificates it chooses from. */
export interface Terminated {
  readonly termination: Termination;
  readonly choice: CertificateChoice;
}

/** What a port does with connections for one of its listeners. */
type TlsEntry =
  | HttpsTarget
  | {
      readonly kind: 'tls';
      readonly listener: TlsListener;
      /** null: passed through. */
      readonly terminated: Terminated | null;
      readonly rules: ServerNameTable<L4Rule>;
    };

export interface HttpsTarget {
  readonly kind: 'https';
  readonly listener: HttpListener;
  readonly terminated: Terminated;
}

export interface RelayTarget {
  readonly kind: 'relay';
  readonly listener: TlsListener;
  readonly rule: L4Rule;
  /** null: passed through. */
  readonly terminated: Terminated | null;
}

/** Where one connection goes. */
export type TlsTarget = HttpsTarget | RelayTarget;

export interface TlsPort {
  readonly entries: ServerNameTable<TlsEntry>;
  /** HTTPS listeners alone: which of them a request's host belongs to (`judgeAuthority`). */
  readonly authorities: ServerNameTable<ListenerId>;
  /** True when HTTPS is all that is served here. */
  readonly isHttpsOnly: boolean;
}

/** The most specific listener that has the name, and in it the most specific route; no other listener is tried. */
export function findTarget(port: TlsPort, serverName: string | null): TlsTarget | null {
  const entry = port.entries.find(serverName);
  if (entry === undefined || entry.kind === 'https') return entry ?? null;
  const rule = entry.rules.find(serverName);
  if (rule === undefined) return null;
  return { kind: 'relay', listener: entry.listener, rule, terminated: entry.terminated };
}

/** True when the first bytes of a connection to this port are a ClientHello. */
export function isTlsPort(port: Port): boolean {
  return port.listeners.some(
    (listener) => listener.kind === 'tls' || (listener.kind === 'http' && listener.tls !== null),
  );
}

/** Nothing is parsed or loaded here: that waits for the first client of each certificate. */
export function compileTlsPort(port: Port, certificates: ReadonlyMap<CertificateId, Certificate>): TlsPort {
  const entries: { hostname: string; value: TlsEntry }[] = [];
  const authorities: { hostname: string; value: ListenerId }[] = [];
  for (const listener of port.listeners) {
    if (listener.kind === 'http' && listener.tls !== null) {
      const { hostname, id, tls } = listener;
      authorities.push({ hostname, value: id });
      const terminated = terminatedBy(id, tls, certificates);
      entries.push({ hostname, value: { kind: 'https', listener, terminated } });
    } else if (listener.kind === 'tls') {
      entries.push({ hostname: listener.hostname, value: tlsEntry(listener, certificates) });
    }
  }
  return {
    entries: new ServerNameTable(entries),
    authorities: new ServerNameTable(authorities),
    isHttpsOnly: entries.every((entry) => entry.value.kind === 'https'),
  };
}

function tlsEntry(listener: TlsListener, certificates: ReadonlyMap<CertificateId, Certificate>): TlsEntry {
  const { id, tls, hosts } = listener;
  const rules = new ServerNameTable(hosts.map(({ hostname, rule }) => ({ hostname, value: rule })));
  const terminated = tls === null ? null : terminatedBy(id, tls, certificates);
  return { kind: 'tls', listener, terminated, rules };
}

function terminatedBy(
  id: ListenerId,
  tls: ListenerTls,
  certificates: ReadonlyMap<CertificateId, Certificate>,
): Terminated {
  const own = tls.certificates.flatMap((certificate) => certificates.get(certificate) ?? []);
  return { termination: { domain: id, tls }, choice: new CertificateChoice(own) };
}
