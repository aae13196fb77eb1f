/** Serves the HTTP connections of one port: the host of the engines, which creates an exchange for each head. */
import type { ReasonCode } from '../../ir/reason.ts';
import { ConnectionRegistry } from './connection-registry.ts';
import { dispatch } from '../exchange/dispatch.ts';
import { DownstreamConnection, type ConnectionInfo } from '../message/downstream-connection.ts';
import type { ExchangeContext } from '../exchange/exchange-context.ts';
import { Exchange } from '../exchange/exchange.ts';
import { readForwardedClient } from '../exchange/forwarded-client.ts';
import { fieldPolicy, refusesFields } from '../message/field-policy.ts';
import { WebRequestHead, webFormatOf, type WebFormat } from '../message/grpc-web-head.ts';
import { WebCallStream, WebTextRequest } from '../grpc-web/web-call.ts';
import type { Http1Server } from '../h1/http1-server.ts';
import { acceptHttp2, detectHttp2 } from '../h2/http2-server.ts';
import type { RequestHead } from '../message/head.ts';
import type { ServerConnection, ServerHost } from '../message/server-host.ts';
import type { DownstreamEvents, DownstreamStream } from '../message/stream.ts';
import type { Transport } from '../net/transport.ts';
import type { CompiledRule } from '../exchange/compiled-rule.ts';
import type { CompiledHttpListener, CompiledPort } from '../runtime/runtime.ts';
import type { TimerWheel } from '../net/timer-wheel.ts';

export interface HttpServiceDeps {
  readonly context: ExchangeContext;
  readonly http1: Http1Server;
}

export class HttpService implements ServerHost {
  /** Replaced when the configuration changes: a connection outlives configurations, a request does not. */
  port: CompiledPort;
  readonly connections = new ConnectionRegistry();
  readonly #deps: HttpServiceDeps;

  constructor(port: CompiledPort, deps: HttpServiceDeps) {
    this.port = port;
    this.#deps = deps;
  }

  /**
   * Serves an HTTP connection, cleartext or decrypted. `applicationProtocol`: the one that ALPN selected; without TLS the
   * first bytes decide (prior knowledge, RFC 9113 section 3.3).
   */
  serve(transport: Transport, info: ConnectionInfo, applicationProtocol: string | null): void {
    const connection = new DownstreamConnection(info);
    if (applicationProtocol === 'h2') acceptHttp2(transport, connection, this);
    else this.#deps.http1.accept(transport, connection, this);
  }

  detectProtocol(transport: Transport, connection: DownstreamConnection): void {
    this.connections.handedOver();
    detectHttp2(transport, this, connection.info.limits.headTimeoutMs, (isHttp2) => {
      this.connections.handedOver();
      connection.mayBeHttp2 = false;
      if (isHttp2) acceptHttp2(transport, connection, this);
      else this.#deps.http1.accept(transport, connection, this);
    });
  }

  get wheel(): TimerWheel {
    return this.#deps.context.wheel;
  }

  begin(stream: DownstreamStream, head: RequestHead, connection: DownstreamConnection): DownstreamEvents {
    const { port } = this;
    const { context } = this.#deps;
    const { serverName, tlsListener } = connection.info;
    const isRefused = head.suspects !== 0 && this.#applyFieldPolicy(head, connection);
    // A TLS connection without a name belongs to the listener for any name, and only its hosts may be asked for on it.
    const hit = port.router.match(head, tlsListener === null ? null : (serverName ?? ''));
    const listener = hit.listener === null ? undefined : port.http.get(hit.listener);
    const web = listener?.gateway.settings.grpcWeb === true ? webFormatFor(head, hit.rule) : null;
    const toClient = web === null ? stream : new WebCallStream(stream, web);
    const request = web === null ? head : new WebRequestHead(head, web);
    const exchange = new Exchange(context, toClient, request, connection);
    if (listener !== undefined) {
      exchange.gateway = listener.gateway;
      exchange.counters = listener.counters;
      readForwardedClient(exchange, listener.gateway.settings);
    }
    context.observer.requestStarted?.(exchange, request, hit.rule);
    if (isRefused) exchange.answer('bad_request');
    else {
      if (hit.rule === null) this.#enterWithoutRule(exchange, listener);
      dispatch(exchange, request, hit);
    }
    return web?.isText === true ? new WebTextRequest(exchange) : exchange;
  }

  /** What acts on the response to a request that reaches no rule: that of its listener, or of the connection's where it is misdirected. */
  #enterWithoutRule(exchange: Exchange, listener: CompiledHttpListener | undefined): void {
    const { port } = this;
    const { tlsListener } = exchange.connection.info;
    const ofConnection = tlsListener === null ? undefined : port.router.listeners.get(tlsListener);
    const owner = listener ?? (ofConnection === undefined ? undefined : port.http.get(ofConnection.ref));
    const filters = owner?.filters ?? null;
    if (filters !== null) exchange.enter(filters);
  }

  /** Hides fields before matching; true if the Gateway rejects the request because of them. */
  #applyFieldPolicy(head: RequestHead, connection: DownstreamConnection): boolean {
    const owner = this.port.router.listenerFor(head.host);
    const settings = owner === null ? undefined : this.port.http.get(owner.ref)?.gateway.settings;
    if (settings === undefined) return false;
    if (refusesFields(settings, head.suspects)) return true;
    const policy = fieldPolicy(settings, connection.isTrustedBy(settings));
    if (policy.concerns(head.suspects)) head.hide(policy);
    return false;
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

/**
 * How to translate a gRPC-Web call; null for other requests, and for HTTP/1.1 backends: they do not support gRPC, and may support
 * gRPC-Web themselves.
 */
function webFormatFor(head: RequestHead, rule: CompiledRule | null): WebFormat | null {
  const format = webFormatOf(head);
  if (format === null || rule === null) return format;
  const isGrpc = rule.backends.every(({ cluster }) => cluster === null || cluster.config.protocol === 'h2');
  return isGrpc ? format : null;
}
