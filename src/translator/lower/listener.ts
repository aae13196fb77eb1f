/** Lowers listeners of the graph to listeners of the data plane. */
import type { AttachmentPoint } from '../../ir/attachment-point.ts';
import type { HttpListener, Listener, TlsListener } from '../../ir/listener.ts';
import type { VirtualHost } from '../../ir/route.ts';
import type { ListenerTls } from '../../ir/tls.ts';
import { hostnameSpecificity } from '../../lib/hostname.ts';
import type { AttachedRoute, ListenerNode } from '../graph/nodes.ts';
import type { PolicyScope } from '../policy/hierarchy.ts';
import type { PolicyLowering } from '../policy/lowering.ts';
import { lowerLayer4Rule } from './layer4.ts';
import type { ClusterUses } from './upstreams.ts';

export interface ListenerContext {
  /** Routes attached to it, in order of precedence. */
  readonly attached: readonly AttachedRoute[];
  /** Of an HTTP listener. */
  readonly virtualHosts: readonly VirtualHost[];
  /** Clusters that its layer-4 rules use, with the pools of the listener's policies. */
  readonly uses: ClusterUses;
  readonly policies: PolicyLowering;
  readonly scope: PolicyScope;
}

export function lowerListener(listener: ListenerNode, context: ListenerContext): Listener {
  const base = {
    id: listener.id,
    attachment: attachmentOf(listener),
    ...context.policies.valuesFor('listener', context.scope.layers),
  };
  switch (listener.protocolFamily) {
    case 'udp':
      return { ...base, kind: 'udp', rule: oldestRule(listener, context) };
    case 'tcp':
      return { ...base, kind: 'tcp', rule: oldestRule(listener, context) };
    case 'tls':
      return listener.spec.protocol === 'HTTPS'
        ? lowerHttp(base, listener, context)
        : lowerTls(base, listener, context);
    case 'http':
    case null:
      return lowerHttp(base, listener, context);
  }
}

type Base = Pick<Listener, 'id' | 'attachment' | 'policies'>;

function attachmentOf({ owner: { kind, namespace, name }, spec }: ListenerNode): AttachmentPoint {
  return { kind: 'listener', owner: { kind, namespace, name }, name: spec.name };
}

function lowerHttp(base: Base, listener: ListenerNode, context: ListenerContext): HttpListener {
  return {
    ...base,
    kind: 'http',
    hostname: listener.hostname,
    tls: listener.terminatesTls ? lowerListenerTls(listener, ['h2', 'http/1.1']) : null,
    virtualHosts: context.virtualHosts,
  };
}

function lowerTls(base: Base, listener: ListenerNode, context: ListenerContext): TlsListener {
  const hosts: TlsListener['hosts'][number][] = [];
  for (const [hostname, attached] of tlsHostOwners(context.attached)) {
    const rule = lowerLayer4Rule(attached, { ...context, listener });
    if (rule !== null) hosts.push({ hostname, rule });
  }
  return {
    ...base,
    kind: 'tls',
    hostname: listener.hostname,
    tls: listener.terminatesTls ? lowerListenerTls(listener, []) : null,
    hosts: hosts.sort((a, b) => hostnameSpecificity(a.hostname, b.hostname)),
  };
}

/**
 * Selects the route for connections to a hostname that several routes match: the route with the more specific hostname,
 * then the oldest.
 */
export function tlsHostOwners(routes: readonly AttachedRoute[]): ReadonlyMap<string, AttachedRoute> {
  const owners = new Map<string, { readonly attached: AttachedRoute; readonly written: string }>();
  for (const attached of routes) {
    for (const { hostname, written } of attached.hostnames) {
      const known = owners.get(hostname);
      if (known !== undefined && hostnameSpecificity(known.written, written) <= 0) continue;
      owners.set(hostname, { attached, written });
    }
  }
  return new Map([...owners].map(([hostname, { attached }]) => [hostname, attached]));
}

/** A layer-4 listener cannot distinguish routes: the oldest route gets all its traffic. */
function oldestRule(listener: ListenerNode, context: ListenerContext): ReturnType<typeof lowerLayer4Rule> {
  const oldest = context.attached[0];
  return oldest === undefined ? null : lowerLayer4Rule(oldest, { ...context, listener });
}

function lowerListenerTls(listener: ListenerNode, alpn: readonly string[]): ListenerTls {
  const { tlsOptions } = listener;
  return {
    certificates: listener.certificates.map((certificate) => certificate.id),
    minVersion: tlsOptions.minVersion,
    maxVersion: tlsOptions.maxVersion,
    cipherSuites: tlsOptions.cipherSuites,
    alpn: tlsOptions.alpn ?? alpn,
    clientValidation: listener.clientValidation,
  };
}
