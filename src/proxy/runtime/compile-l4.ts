/** How a port handles connections and datagrams below HTTP: TLS by server name, TCP and UDP rules, PROXY headers. */
import { originOfAttachment } from '../../ir/attachment-point.ts';
import type { ProxySettings } from '../../ir/gateway-config.ts';
import type { CertificateId, ClusterId } from '../../ir/ids.ts';
import type { L4Rule, Listener, TcpListener, TlsListener, UdpListener } from '../../ir/listener.ts';
import type { Certificate } from '../../ir/tls.ts';
import { HTTP_PROTOCOLS } from '../message/served-protocols.ts';
import { isInside } from '../message/downstream-connection.ts';
import type { ConnectionFilters } from '../net/connection-filter.ts';
import { compileL4Rule, type CompiledL4Rule, type L4Cluster, type L4Policies } from '../l4/l4-rule.ts';
import type { StreamCounterRegistry, StreamLabels } from '../l4/stream-counters.ts';
import { compileTlsPort, startsWithTls, type TlsPort } from '../net/tls-port.ts';
import type { CompiledGateway } from '../exchange/compiled-rule.ts';

/** The parts of a listener's configuration that its rules need. */
export interface ListenerSource {
  readonly listener: Listener;
  readonly gateway: CompiledGateway;
  readonly policies: L4Policies;
  readonly clusterOf: (id: ClusterId) => L4Cluster | null;
  readonly certificateOf: (id: CertificateId) => Certificate | undefined;
}

export interface CompiledL4Port {
  /** Connections begin with a ClientHello; null: they do not. */
  readonly tls: TlsPort<CompiledL4Rule> | null;
  /**
   * Every connection or flow goes to one rule (a TCP or UDP listener). null: the port has no such listener; `rule` null: it has no
   * route.
   */
  readonly relay: { readonly rule: CompiledL4Rule | null } | null;
  /** Every rule of the port by id, for comparison with the rules of open connections. */
  readonly rules: ReadonlyMap<string, CompiledL4Rule>;
  /** True for a peer whose connections begin with a PROXY header; null: none do. */
  readonly expectsProxyHeader: ((peerAddress: string) => boolean) | null;
}

/** `ofPort`: what is asked about every flow of a UDP port; of a TCP port, connections have been asked about when they are here. */
export function compileL4Port(
  sources: readonly ListenerSource[],
  counters: StreamCounterRegistry,
  ofPort: ConnectionFilters | null,
): CompiledL4Port {
  const rules = new Map<string, CompiledL4Rule>();
  const compile = (
    rule: L4Rule,
    source: ListenerSource,
    protocol: StreamLabels['protocol'],
  ): CompiledL4Rule => {
    const compiled = compileL4Rule(rule, {
      gateway: source.gateway.origin,
      listener: originOfAttachment(source.listener.attachment),
      clusterOf: source.clusterOf,
      policies: source.policies,
      ofPort: protocol === 'udp' ? ofPort : null,
      protocol,
      counters,
    });
    rules.set(compiled.id, compiled);
    return compiled;
  };
  const sourceOf = new Map(sources.map((source) => [source.listener, source]));
  const ruleOf = (rule: L4Rule, listener: TlsListener): CompiledL4Rule => {
    const source = sourceOf.get(listener);
    if (source === undefined) throw new Error('a TLS listener of this port is not among its sources');
    return compile(rule, source, 'tls');
  };
  const hasTls = sources.some(({ listener }) => startsWithTls(listener));
  // Of several listeners that use a whole port, the first one gets it; the translator reports the others as conflicts.
  const whole = sources.find(({ listener }) => listener.kind === 'tcp' || listener.kind === 'udp');
  const rule = whole === undefined ? null : (whole.listener as TcpListener | UdpListener).rule;
  return {
    tls: hasTls ? compileTlsPort({ listeners: sources, httpProtocols: HTTP_PROTOCOLS, ruleOf }) : null,
    relay:
      whole === undefined
        ? null
        : {
            rule: rule === null ? null : compile(rule, whole, whole.listener.kind === 'udp' ? 'udp' : 'tcp'),
          },
    rules,
    expectsProxyHeader: proxyHeaderRule([...new Set(sources.map(({ gateway }) => gateway.settings))]),
  };
}

/** A peer must send a header if any Gateway of the port accepts headers and trusts the peer. */
function proxyHeaderRule(settings: readonly ProxySettings[]): CompiledL4Port['expectsProxyHeader'] {
  const accepting = settings.filter(({ acceptProxyProtocol }) => acceptProxyProtocol);
  if (accepting.length === 0) return null;
  return (peerAddress) => accepting.some((each) => isInside(each, peerAddress));
}
