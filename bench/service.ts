/** What every proxy of a comparison is to serve. */
import type { RoutingTable } from './routing-table.ts';

export interface HttpService {
  readonly kind: 'http';
  readonly table: RoutingTable;
  /** Of clients; over TLS it is chosen by ALPN, and `h2` without TLS means prior knowledge. */
  readonly downstream: 'http1' | 'h2';
  readonly tls: boolean;
  /** gRPC is spoken to the backend over HTTP/2 without TLS, anything else over HTTP/1.1. */
  readonly application: 'http' | 'grpc' | 'websocket';
}

/** Bytes or datagrams, unread. */
export interface RelayService {
  readonly kind: 'tcp' | 'udp';
}

export type Service = HttpService | RelayService;

/** The backend that the proxies of a comparison forward to. */
export type BackendKind = 'http' | 'grpc' | 'websocket' | 'udp';

export function backendOf(service: Service): BackendKind {
  switch (service.kind) {
    case 'http':
      return service.application;
    case 'tcp':
      return 'http';
    case 'udp':
      return 'udp';
  }
}
