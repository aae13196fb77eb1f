/**
 * The validated graph: every relevant object, validated and linked to the objects it refers to. Configuration and status are both derived
 * from it. Nodes are immutable: nodes of unchanged objects are reused for the next snapshot, and the others are
 * replaced.
 */
import type {
  Gateway,
  GatewayClass,
  GatewayListener,
  ListenerSet,
  ProxyConfig,
  XBackend,
} from '../../gatewayapi/generated/types.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { ParentRef, RouteKind } from '../../gatewayapi/status.ts';
import type { DataPlaneId } from '../../ir/data-plane-id.ts';
import type { ListenerId } from '../../ir/ids.ts';
import type { ClientValidation } from '../../ir/tls.ts';
import type { Result } from '../../lib/result.ts';
import type { Fault } from '../faults/fault.ts';
import type { FilterKind } from '../filter/filter-kind.ts';
import type { PolicyNode } from '../policy/policy-kind.ts';
import type { AttachmentPointNode } from './attachment-point.ts';
import type { CertificateNode } from './certificate.ts';
import type { MatchNode } from './match.ts';
import type { ProxyConfigSettings } from './proxy-config-settings.ts';
import type { AnyRoute, FilterSpec } from './route-adapter.ts';
import type { RuleSettingsNode } from './rule-settings.ts';
import type { SessionNode } from './session.ts';
import type { TlsOptions } from './tls-options.ts';

export interface ProxyConfigNode {
  readonly object: ProxyConfig;
  readonly ref: ObjectRef;
  readonly settings: ProxyConfigSettings;
  /** Empty: accepted. */
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
}

export interface ClassNode {
  readonly object: GatewayClass;
  readonly ref: ObjectRef;
  /** Its ProxyConfig; null without one. */
  readonly parameters: ProxyConfigNode | null;
  /** Empty: accepted. */
  readonly faults: readonly Fault[];
}

/** How the proxy demultiplexes bytes on a port. All listeners of one port must have the same value. */
export type ProtocolFamily = 'http' | 'tls' | 'tcp' | 'udp';

/** One listener of a Gateway or ListenerSet. */
export interface ListenerNode {
  readonly kind: 'listener';
  readonly id: ListenerId;
  readonly owner: ObjectRef;
  readonly spec: GatewayListener;
  /** Field path in the owner. */
  readonly path: string;
  /** Lower case; `` for any or where the protocol has none. */
  readonly hostname: string;
  /** null: the protocol is not supported. */
  readonly protocolFamily: ProtocolFamily | null;
  readonly terminatesTls: boolean;
  readonly supportedKinds: readonly RouteKind[];
  /** Faults that turn Accepted False, conflicts aside. */
  readonly acceptedFaults: readonly Fault[];
  /** The listener is served anyway; the message of Accepted lists them. */
  readonly warnings: readonly Fault[];
  /** Faults that turn ResolvedRefs False. */
  readonly resolvedFaults: readonly Fault[];
  /** Another listener that the proxy cannot tell apart from this one. */
  readonly conflict: Fault | null;
  readonly overlap: TlsOverlap | null;
  readonly certificates: readonly CertificateNode[];
  readonly clientValidation: ClientValidation | null;
  readonly tlsOptions: TlsOptions;
  /** Whether the listener can be served, apart from conflicts. */
  readonly servable: boolean;
}

/** Routes attached to each point, in order of precedence. */
export type Attachments = ReadonlyMap<AttachmentPointNode, readonly AttachedRoute[]>;

const NONE: readonly AttachedRoute[] = [];

export const attachedTo = (attachments: Attachments, point: AttachmentPointNode): readonly AttachedRoute[] =>
  attachments.get(point) ?? NONE;

export interface TlsOverlap {
  readonly reason: 'OverlappingHostnames' | 'OverlappingCertificates';
  /** Name of one other listener; null if another object owns it, since the name would disclose details of that object. */
  readonly other: string | null;
}

/** A route at one attachment point. */
export interface AttachedRoute {
  readonly point: AttachmentPointNode;
  readonly route: RouteNode;
  /** Most specific first; never empty. */
  readonly hostnames: readonly SharedHostname[];
}

/** A hostname that attachment point and route share; `` if neither restricts hostnames. */
export interface SharedHostname {
  readonly hostname: string;
  /**
   * The route's own, most specific hostname that led to it; `` where it has none. It decides between routes that share
   * the same hostname with a listener (HTTPRouteSpec.hostnames).
   */
  readonly written: string;
}

export interface GatewayNode {
  readonly object: Gateway;
  readonly ref: ObjectRef;
  readonly className: string;
  /** `spec.defaultScope: All`. */
  readonly isDefault: boolean;
  /** Settings of its ProxyConfigs, weakest first: the class's, then the fields of its own that the class allows. */
  readonly settings: readonly ProxyConfigSettings[];
  /** Addresses of `spec.addresses` that the class does not let it claim. */
  readonly refusedAddresses: readonly string[];
  /** Faults that turn Accepted False regardless of the listeners. */
  readonly faults: readonly Fault[];
  readonly warnings: readonly Fault[];
  readonly listeners: readonly ListenerNode[];
  readonly listenerSets: readonly ListenerSetNode[];
  /** `spec.tls.backend.clientCertificateRef`; null when there is none. */
  readonly clientCertificate: Result<CertificateNode, Fault> | null;
  /** Some listener accepts clients whose certificate does not verify. */
  readonly insecureClientValidation: boolean;
}

export interface ListenerSetNode {
  readonly object: ListenerSet;
  readonly ref: ObjectRef;
  readonly gateway: ObjectRef;
  /** Empty: attached to its Gateway, as far as the handshake goes. */
  readonly faults: readonly Fault[];
  readonly listeners: readonly ListenerNode[];
}

export interface RouteNode {
  readonly kind: RouteKind;
  readonly object: AnyRoute;
  readonly ref: ObjectRef;
  readonly hostnames: readonly string[];
  readonly rules: readonly RuleNode[];
  readonly parents: readonly ParentNode[];
}

/** A parsed rule with its references resolved. No input makes a rule disappear silently. */
export interface RuleNode {
  readonly index: number;
  readonly name: string | null;
  /** Field path in the route. */
  readonly path: string;
  readonly matches: readonly MatchNode[];
  readonly filters: readonly FilterNode[];
  readonly backends: readonly BackendNode[];
  /** Settings of the rule that policies can set as well: they are merged with the policies'. null: the rule sets none. */
  readonly settings: RuleSettingsNode | null;
  readonly session: SessionNode | null;
  /** Faults that make the rule itself invalid (Accepted, PartiallyInvalid): it is dropped and responds with 500. */
  readonly invalid: readonly Fault[];
  /**
   * Why the rule is closed regardless of its content: the route violates its schema, or evaluating the rule failed. The rule responds with 500,
   * even if all rules of the route are closed, so no other route gets its requests. Its references are not resolved.
   */
  readonly closed: readonly Fault[];
  /** Every backend that the rule refers to and is allowed to use, for the status of policies. */
  readonly found: readonly Upstream[];
}

/** A filter of a rule or backendRef, with its backend resolved. */
export interface FilterNode {
  /** As written. */
  readonly spec: FilterSpec;
  /** Field path in the route. */
  readonly path: string;
  /** null: no such type is known, and the rule is invalid. */
  readonly kind: FilterKind | null;
  /** Value of the field with the settings for `kind`; null if it is missing, which makes the rule invalid. */
  readonly settings: object | null;
  /** The policy that it refers to; null: it is a filter of its own. */
  readonly policy: PolicyNode | null;
  /** The backend that the filter sends requests to, or why it cannot be used; null if the filter has none. */
  readonly upstream: Result<Upstream, Fault> | null;
  /** Why the filter cannot be served although its settings are valid: its rule or backend responds with 500. */
  readonly unserved: readonly Fault[];
}

/** A backendRef: a usable upstream, or why not. It keeps its weight either way. */
export interface BackendNode {
  readonly path: string;
  readonly ref: ObjectRef;
  readonly port: number | null;
  readonly weight: number;
  readonly upstream: Result<Upstream, Fault>;
  readonly filters: readonly FilterNode[];
}

/** The result of one parentRef. */
export interface ParentNode {
  readonly ref: ParentRef;
  /** Field path; `spec.useDefaultGateways` for a default Gateway. */
  readonly path: string;
  /** The object whose data plane serves it: a Gateway. */
  readonly owner: ObjectRef;
  readonly dataPlane: DataPlaneId;
  /** The points that it is attached to; empty if refused. */
  readonly points: readonly AttachmentPointNode[];
  readonly refusal: Fault | null;
}

/** The protocol to a backend, if the route may choose it. */
export type UpstreamProtocol = 'http1' | 'h2' | 'tcp' | 'udp';

/** One port of a Service, or an XBackend, with the policies that apply to it. */
export interface Upstream {
  readonly ref: ObjectRef;
  readonly port: number;
  /** Name of the Service port, `` when it has none. */
  readonly portName: string;
  readonly protocol: UpstreamProtocol;
  readonly discovery:
    | { readonly kind: 'endpoints' }
    | { readonly kind: 'dns'; readonly hostname: string; readonly port: number };
  /** null: plain text. A failure only if the route may not need TLS at all (layer 4). */
  readonly tls: Result<UpstreamTlsNode, Fault> | null;
  /** Direct policies that apply to it, at most one of each kind. */
  readonly policies: readonly PolicyNode[];
  /** Its Service asks for endpoints near the client (`trafficDistribution`). */
  readonly prefersLocal: boolean;
}

/** Verified TLS settings, from a BackendTLSPolicy or an XBackend itself. */
export interface UpstreamTlsNode {
  readonly hostname: string;
  /** null: the system's CAs. */
  readonly caPem: string | null;
  readonly subjectAltNames: readonly { readonly kind: 'hostname' | 'uri'; readonly value: string }[];
  /** XBackend's own; null: the Gateway's, if it has one. */
  readonly clientCertificate: CertificateNode | null;
}

export interface XBackendNode {
  readonly object: XBackend;
  readonly ref: ObjectRef;
  /** null: plain text. */
  readonly tls: Result<UpstreamTlsNode, Fault> | null;
  readonly faults: readonly Fault[];
}
