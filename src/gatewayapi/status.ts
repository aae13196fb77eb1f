import type { Condition } from './condition.ts';
import type { StatusShape } from './kind.ts';
import type { KindWithStatus } from './kinds.ts';
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

/** For kinds whose status has only conditions. */
export interface ConditionsStatus {
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

/** The type of each shape of a status. A backend has its status per parent, under the same field names as a route. */
export interface StatusBodies extends Readonly<Record<StatusShape, object>> {
  readonly gatewayClass: GatewayClassStatus;
  readonly gateway: GatewayStatus;
  readonly listenerSet: ListenerSetStatus;
  readonly route: RouteStatus;
  readonly policy: PolicyStatus;
  readonly backend: RouteStatus;
  readonly conditions: ConditionsStatus;
}

export type RouteKind = KindWithStatus<'route'>;
export type PolicyKind = KindWithStatus<'policy'>;

/** The status of an object of any of these kinds. */
export interface StatusUpdateOf<Kind extends string, Body> {
  readonly kind: Kind;
  readonly object: ObjectRef;
  /** `metadata.generation` the status was computed from; an older one is never written over a newer one. */
  readonly generation: number;
  readonly status: Body;
}

/** The status of an object of any kind, for code that treats all kinds alike. */
export type AnyStatusUpdate = StatusUpdateOf<string, StatusBodies[StatusShape]>;

/** The status of one object as this controller sees it: a whole, diffed and merged by the writer. */
export type StatusUpdate = {
  [Shape in StatusShape]: StatusUpdateOf<KindWithStatus<Shape>, StatusBodies[Shape]>;
}[StatusShape];
