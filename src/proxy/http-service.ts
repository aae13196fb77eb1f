/** Serves the HTTP connections of one port: what the engines see of the proxy, and the way from a head to its exchange. */
import type { Socket } from 'node:net';
import type { ReasonCode } from '../ir/reason.ts';
import { ConnectionRegistry } from './connection-registry.ts';
import { dispatch } from './http/dispatch.ts';
import { DownstreamConnection } from './http/downstream-connection.ts';
import type { ExchangeContext } from './http/exchange-context.ts';
import { Exchange } from './http/exchange.ts';
import type { Http1Server } from './http/h1/http1-server.ts';
import type { RequestHead } from './http/head.ts';
import type { ServerConnection, ServerHost } from './http/server-host.ts';
import type { DownstreamEvents, DownstreamStream } from './http/stream.ts';
import { DISCARDING_SINK, transportOfAccepted } from './listener/shared-read.ts';
import { plainAddress } from './listener/tcp.ts';
import type { ProxyLimits } from './proxy-api.ts';
import type { CompiledPort } from './runtime/runtime.ts';
import type { TimerWheel } from './timer-wheel.ts';

export interface HttpServiceDeps {
  readonly context: ExchangeContext;
  readonly limits: ProxyLimits;
  readonly http1: Http1Server;
}

export class HttpService implements ServerHost {
  /** Replaced by a swap: a connection outlives configurations, a request does not. */
  port: CompiledPort;
  readonly connections = new ConnectionRegistry();
  readonly #deps: HttpServiceDeps;

  constructor(port: CompiledPort, deps: HttpServiceDeps) {
    this.port = port;
    this.#deps = deps;
  }

  /** Serves a socket that the port has accepted. */
  accept(socket: Socket): void {
    const transport = transportOfAccepted(socket, DISCARDING_SINK);
    const connection = new DownstreamConnection({
      clientAddress: plainAddress(transport.socket.remoteAddress),
      clientPort: transport.socket.remotePort ?? 0,
      scheme: 'http',
      listenerPort: this.port.number,
      serverName: null,
      tlsListener: null,
    });
    this.#deps.http1.accept(transport, connection, this);
  }

  get limits(): ProxyLimits {
    return this.#deps.limits;
  }
  get wheel(): TimerWheel {
    return this.#deps.context.wheel;
  }
  get isDraining(): boolean {
    return this.connections.isDraining;
  }

  begin(stream: DownstreamStream, head: RequestHead, connection: DownstreamConnection): DownstreamEvents {
    const { port } = this;
    const { context } = this.#deps;
    const exchange = new Exchange(context, stream, head, connection);
    const hit = port.router.match(head, connection.info.serverName);
    if (hit.rule === null && hit.listener !== null) {
      exchange.counters = port.unmatched.get(hit.listener) ?? context.unrouted;
    }
    dispatch(exchange, head, hit);
    return exchange;
  }

  opened(connection: ServerConnection): void {
    this.connections.opened(connection);
  }
  closed(connection: ServerConnection): void {
    this.connections.closed(connection);
  }
  refused(reason: ReasonCode): void {
    this.connections.refused(reason);
  }
}
