/** Dials endpoints: TCP, and TLS if the cluster uses it. */
import { connect, type TcpNetConnectOpts } from 'node:net';
import type { ConnectionPolicy } from '../../ir/policy.ts';
import { connectTransport, transportOver } from '../net/socket-transport.ts';
import type { ConnectingSink, Transport } from '../net/transport.ts';
import type { Reachability } from './reachability.ts';
import type { Dial } from './upstream-pool.ts';
import type { UpstreamTlsClient } from './upstream-tls.ts';

export interface DialTarget {
  readonly address: string;
  readonly port: number;
}

/** Makes connections to one endpoint. `reachability`: records each that succeeds; null = nothing does. */
export function createDial(
  target: DialTarget,
  policy: ConnectionPolicy,
  tls: UpstreamTlsClient | null,
  reachability: Reachability | null = null,
): Dial {
  const options = connectOptions(target, policy);
  return {
    connectTimeoutMs: policy.connectTimeoutMs,
    connect: (sink, preamble = null) =>
      tls === null
        ? dialTcp({ options, reachability, preamble }, sink)
        : dialTls({ options, reachability, preamble }, tls, sink),
  };
}

interface Connecting {
  readonly options: TcpNetConnectOpts;
  readonly reachability: Reachability | null;
  readonly preamble: Buffer | null;
}

function dialTcp({ options, reachability, preamble }: Connecting, sink: ConnectingSink): Transport {
  const transport = connectTransport(options, sink, () => {
    reachability?.connected();
    if (preamble !== null) transport.enqueue(preamble);
    sink.onConnected();
  });
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
  { options, reachability, preamble }: Connecting,
  tls: UpstreamTlsClient,
  sink: ConnectingSink,
): Transport {
  const socket = tls.connect(options, preamble === null ? null : dialWithPreamble(options, preamble));
  const transport = transportOver(socket, sink, true);
  socket.once('secureConnect', () => {
    reachability?.connected();
    sink.onConnected();
  });
  return transport;
}

/** A socket that sends `preamble` before anything else. */
function dialWithPreamble(options: TcpNetConnectOpts, preamble: Buffer): ReturnType<typeof connect> {
  const socket = connect({ ...options, allowHalfOpen: true });
  socket.write(preamble);
  return socket;
}
