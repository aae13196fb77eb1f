import type { Condition } from './condition.ts';
import type { ObjectRef } from './ref.ts';

/**
 * Complete statuses, one type per kind. A writer replaces this controller's part of the object's status with the body:
 * it keeps `lastTransitionTime` of conditions whose status did not change, conditions of types not named here, and, in
 * `parents` and `ancestors`, the entries of other controller names.
 */

export interface GatewayClassStatus {
  readonly conditions: readonly Condition[];
  readonly supportedFeatures: readonly { readonly name: string }[];
}

export interface ProxyConfigStatus {
  readonly conditions: readonly Condition[];
}

export interface RouteGroupKind {
  readonly group: string;
  readonly kind: string;
}

export interface ListenerStatus {
  readonly name: string;
  readonly supportedKinds: readonly RouteGroupKind[];
  readonly attachedRoutes: number;
  readonly conditions: readonly Condition[];
}

export interface GatewayStatusAddress {
  readonly type: 'IPAddress' | 'Hostname';
  readonly value: string;
}

export interface GatewayStatus {
  readonly addresses: readonly GatewayStatusAddress[];
  readonly conditions: readonly Condition[];
  readonly listeners: readonly ListenerStatus[];
  readonly attachedListenerSets: number;
}

export interface ListenerSetStatus {
  readonly conditions: readonly Condition[];
  readonly listeners: readonly ListenerStatus[];
}

/** A parentRef or ancestorRef exactly as an object states it (defaults filled in); absent fields stay absent. */
export interface ParentRef {
  readonly group?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name: string;
  readonly sectionName?: string;
  readonly port?: number;
}

export interface RouteParentStatus {
  readonly parentRef: ParentRef;
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

export interface RouteStatus {
  readonly parents: readonly RouteParentStatus[];
}

export interface PolicyAncestorStatus {
  readonly ancestorRef: ParentRef;
  readonly controllerName: string;
  readonly conditions: readonly Condition[];
}

export interface PolicyStatus {
  readonly ancestors: readonly PolicyAncestorStatus[];
}

export type RouteKind = 'HTTPRoute' | 'GRPCRoute' | 'TLSRoute' | 'TCPRoute' | 'UDPRoute';
export type PolicyKind = 'BackendTLSPolicy' | 'XBackendTrafficPolicy' | 'BackendPolicy';

interface StatusUpdateOf<Kind extends string, Body> {
  readonly kind: Kind;
  readonly object: ObjectRef;
  /** `metadata.generation` the status was computed from; an older one is never written over a newer one. */
  readonly generation: number;
  readonly status: Body;
}

/** The status of one object as this controller sees it: a whole, diffed and merged by the writer. */
export type StatusUpdate =
  | StatusUpdateOf<'GatewayClass', GatewayClassStatus>
  | StatusUpdateOf<'Gateway', GatewayStatus>
  | StatusUpdateOf<'ProxyConfig', ProxyConfigStatus>
  | StatusUpdateOf<'ListenerSet', ListenerSetStatus>
  | StatusUpdateOf<RouteKind, RouteStatus>
  | StatusUpdateOf<PolicyKind, PolicyStatus>
  // An XBackend has its status per parent as well, under the same field names as a route.
  | StatusUpdateOf<'XBackend', RouteStatus>;
