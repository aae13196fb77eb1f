/** Dials endpoints: TCP, and TLS on top of it where the cluster says so. */
import { connect, type TcpNetConnectOpts } from 'node:net';
import type { ConnectionPolicy } from '../../ir/policy.ts';
import { transportOver, transportToConnect } from '../net/shared-read.ts';
import type { Transport } from '../net/transport.ts';
import type { ConnectingSink, Dial } from './upstream-pool.ts';
import type { UpstreamTlsClient } from './upstream-tls.ts';

export interface DialTarget {
  readonly address: string;
  readonly port: number;
}

/** Makes connections to one endpoint. */
export function createDial(
  target: DialTarget,
  policy: ConnectionPolicy,
  tls: UpstreamTlsClient | null,
): Dial {
  const options = connectOptions(target, policy);
  return {
    connectTimeoutMs: policy.connectTimeoutMs,
    connect: (sink, preamble = null) =>
      tls === null ? dialTcp(options, sink, preamble) : dialTls(options, tls, sink, preamble),
  };
}

function dialTcp(options: TcpNetConnectOpts, sink: ConnectingSink, preamble: Buffer | null): Transport {
  const transport = transportToConnect(sink);
  const { socket } = transport;
  socket.once('connect', () => {
    if (preamble !== null) socket.write(preamble);
    sink.onConnected();
  });
  socket.connect(options);
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

function dialTls(
  options: TcpNetConnectOpts,
  tls: UpstreamTlsClient,
  sink: ConnectingSink,
  preamble: Buffer | null,
): Transport {
  const socket = tls.connect(options, preamble === null ? null : dialWithPreamble(options, preamble));
  const transport = transportOver(socket, sink, true);
  socket.once('secureConnect', () => sink.onConnected());
  return transport;
}

/** A socket that will say `preamble` before anything else that is written to it. */
function dialWithPreamble(options: TcpNetConnectOpts, preamble: Buffer): ReturnType<typeof connect> {
  const socket = connect({ ...options, allowHalfOpen: true });
  socket.write(preamble);
  return socket;
}
