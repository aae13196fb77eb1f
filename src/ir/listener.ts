import type { ListenerId, RuleId } from './ids.ts';
import type { AttachmentPoint } from './attachment-point.ts';
import type { RuleOrigin } from './origin.ts';
import type { PolicyValue } from './policy-value.ts';
import type { VirtualHost, WeightedBackend } from './route.ts';
import type { ListenerTls } from './tls.ts';

interface ListenerBase {
  readonly id: ListenerId;
  readonly attachment: AttachmentPoint;
  /** Absent: none. */
  readonly policies?: readonly PolicyValue[];
}

/** HTTP or, with `tls`, HTTPS. `hostname` as in `VirtualHost`. */
export interface HttpListener extends ListenerBase {
  readonly kind: 'http';
  readonly hostname: string;
  readonly tls: ListenerTls | null;
  readonly virtualHosts: readonly VirtualHost[];
}

/** Layer-4 rule: a weighted choice for a whole connection or flow. */
export interface L4Rule {
  readonly id: RuleId;
  readonly origin: RuleOrigin;
  readonly backends: readonly WeightedBackend[];
  /** Absent: none. */
  readonly policies?: readonly PolicyValue[];
}

/** TLS listener: chosen by SNI; each host either passes through or is terminated, then relayed as TCP. */
export interface TlsListener extends ListenerBase {
  readonly kind: 'tls';
  readonly hostname: string;
  /** Present for Terminate. */
  readonly tls: ListenerTls | null;
  readonly hosts: readonly { readonly hostname: string; readonly rule: L4Rule }[];
}

export interface TcpListener extends ListenerBase {
  readonly kind: 'tcp';
  readonly rule: L4Rule | null;
}

export interface UdpListener extends ListenerBase {
  readonly kind: 'udp';
  readonly rule: L4Rule | null;
}

export type Listener = HttpListener | TlsListener | TcpListener | UdpListener;

/**
 * One socket address family to bind: every listener of a Gateway that shares it. The most specific `hostname` wins
 * (listener isolation: a request belongs to exactly one listener).
 */
export interface Port {
  readonly number: number;
  readonly transport: 'tcp' | 'udp';
  readonly listeners: readonly Listener[];
  /** Of the Gateway, for connections before their listener is known; absent: none. */
  readonly policies?: readonly PolicyValue[];
}
