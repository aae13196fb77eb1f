/** Dials endpoints: TCP, and TLS on top of it where the cluster says so. */
import { Socket, isIP, type TcpNetConnectOpts } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { ConnectionPolicy } from '../../ir/policy.ts';
import type { Certificate, UpstreamTls } from '../../ir/tls.ts';
import { transportOver, transportToConnect } from '../listener/shared-read.ts';
import type { Transport } from '../listener/transport.ts';
import { checkIdentity } from './upstream-identity.ts';
import type { ConnectingSink, Dial } from './upstream-pool.ts';

export interface DialTarget {
  readonly address: string;
  readonly port: number;
}

export interface DialTls {
  readonly settings: UpstreamTls;
  /** The client certificate that `settings` names; null = none. */
  readonly clientCertificate: Certificate | null;
  /** Protocols to offer by ALPN, best first; empty = no ALPN. */
  readonly alpn: readonly string[];
}

/** Makes connections to one endpoint. */
export function createDial(target: DialTarget, policy: ConnectionPolicy, tls: DialTls | null): Dial {
  return {
    connectTimeoutMs: policy.connectTimeoutMs,
    connect: (sink) =>
      tls === null ? dialTcp(target, policy, sink) : dialTls(connectOptions(target, policy), tls, sink),
  };
}

function dialTcp(target: DialTarget, policy: ConnectionPolicy, sink: ConnectingSink): Transport {
  const transport = transportToConnect(sink);
  const { socket } = transport;
  socket.once('connect', () => sink.onConnected());
  socket.connect(connectOptions(target, policy));
  return transport;
}

function connectOptions(target: DialTarget, policy: ConnectionPolicy): TcpNetConnectOpts {
  return {
    host: target.address,
    port: target.port,
    noDelay: true,
    keepAlive: policy.keepaliveIdleMs > 0,
    keepAliveInitialDelay: policy.keepaliveIdleMs,
  };
}

function dialTls(options: TcpNetConnectOpts, tls: DialTls, sink: ConnectingSink): Transport {
  const { settings, clientCertificate } = tls;
  const tcp = new Socket({ allowHalfOpen: true });
  const socket = connectTls({
    socket: tcp,
    // SNI holds names only (RFC 6066 section 3).
    ...(isIP(settings.hostname) === 0 ? { servername: settings.hostname } : {}),
    ...(settings.caPem === null ? {} : { ca: settings.caPem }),
    ...(tls.alpn.length === 0 ? {} : { ALPNProtocols: [...tls.alpn] }),
    ...(clientCertificate === null
      ? {}
      : { cert: clientCertificate.certificatePem, key: clientCertificate.keyPem.reveal() }),
    checkServerIdentity: (_name, certificate) => checkIdentity(settings, certificate),
  });
  const transport = transportOver(socket, sink, true);
  socket.once('secureConnect', () => sink.onConnected());
  tcp.connect(options);
  return transport;
}
