/** What `/status` answers: the objects of the gateway, their conditions, and since when they are served. docs/reference/admin-api.md. */
import type { ConditionReport, FindingReport } from './api/resources.ts';

export interface ListenerReport {
  readonly name: string;
  readonly protocol: string;
  /** As in the Gateway. */
  readonly port: number;
  /** `` = any. */
  readonly hostname: string;
  readonly attachedRoutes: number;
  /** Sockets that serve it; empty when its port could not be bound. `address` is `` for all addresses. */
  readonly bound: readonly { readonly address: string; readonly port: number }[];
  readonly conditions: readonly ConditionReport[];
}

interface ObjectReportBase {
  readonly kind: string;
  /** `` for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** RFC 3339: since when every worker serves this generation; null when it is not served. */
  readonly servedSince: string | null;
}

/** A Gateway or a ListenerSet. */
export interface GatewayReport extends ObjectReportBase {
  /** `` for a ListenerSet. */
  readonly gatewayClass: string;
  readonly addresses: readonly string[];
  readonly listeners: readonly ListenerReport[];
  readonly conditions: readonly ConditionReport[];
  /** How many workers serve the newest configuration; null for a ListenerSet and for a Gateway that is not served. */
  readonly workers: { readonly serving: number; readonly expected: number } | null;
}

export interface RouteReport extends ObjectReportBase {
  readonly hostnames: readonly string[];
  readonly rules: number;
  /** A path that a plain GET request is matched by; null for other routes than HTTPRoutes, and where every rule wants more than a path. */
  readonly samplePath: string | null;
  readonly parents: readonly {
    /** `Kind namespace/name`, with `/section` where the route names one. */
    readonly parent: string;
    readonly conditions: readonly ConditionReport[];
  }[];
}

/** Any other kind that has a status: GatewayClass, policies, XBackend. */
export interface OtherReport extends ObjectReportBase {
  readonly conditions: readonly ConditionReport[];
}

/** An endpoint that is not healthy: it takes no requests, would take none if too many were like it, or refuses connections. */
export interface EndpointOutReport {
  /** `address:port`. */
  readonly endpoint: string;
  /** docs/reference/admin-api.md lists them. */
  readonly cause: string;
  /** What the last check found; `` when that is not the cause. */
  readonly detail: string;
  /** RFC 3339; null where it is not known. */
  readonly since: string | null;
  /** Number of workers that report it. */
  readonly workers: number;
}

/** The state of a Service port, or of another kind of backend, in the workers. */
export interface BackendReport {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** `` where the kind has none. */
  readonly port: string;
  readonly endpoints: number;
  /** Those that pass their active checks; without such checks, those that accept connections. */
  readonly healthy: number;
  /** Those without a check or connection in the last five minutes. */
  readonly unchecked: number;
  /** Workers that ignore health, since too few endpoints are healthy. */
  readonly panicking: number;
  readonly out: readonly EndpointOutReport[];
}

/** What `/status` answers: the report, and what only the workers know. */
export interface StatusAnswer extends StatusReport {
  readonly backends: readonly BackendReport[];
}

export interface StatusReport {
  /** Of Sluice. */
  readonly version: string;
  readonly startedAt: string;
  /**
   * Every worker has taken its first configuration, a listener is bound (if there is any to bind), changes are applied, and no worker is
   * draining.
   */
  readonly ready: boolean;
  /** What is missing; null when it is ready. */
  readonly notReady: string | null;
  /** Runs of the control loop that failed: `consecutive` since the last one that did not, and the `error` of the newest of these. */
  readonly reconciling: {
    readonly failures: number;
    readonly consecutive: number;
    readonly error: string | null;
  };
  readonly workers: {
    readonly expected: number;
    /** Those that serve the newest configuration. */
    readonly serving: number;
    /** Workers that ended and were replaced. */
    readonly restarts: number;
    /** Process ids of running workers. */
    readonly pids: readonly number[];
  };
  readonly gateways: readonly GatewayReport[];
  readonly routes: readonly RouteReport[];
  readonly others: readonly OtherReport[];
  readonly findings: readonly FindingReport[];
}
