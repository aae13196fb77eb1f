/** The response of `/status`: the objects of the gateway, their conditions, and since when they are served. docs/reference/admin-api.md. */
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
  /** Number of workers that serve the newest configuration; null for a ListenerSet and for a Gateway that is not served. */
  readonly workers: { readonly serving: number; readonly expected: number } | null;
}

export interface RouteReport extends ObjectReportBase {
  readonly hostnames: readonly string[];
  readonly rules: number;
  /** A path for which a plain GET request matches; null for other routes than HTTPRoutes, and if every rule has further predicates. */
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

/** An unhealthy endpoint: it gets no requests (except in panic mode), or refuses connections. */
export interface EndpointOutReport {
  /** `address:port`. */
  readonly endpoint: string;
  /** docs/reference/admin-api.md lists them. */
  readonly cause: string;
  /** Result of the last check; `` if that is not the cause. */
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
  /** Workers that ignore health because too few endpoints are healthy. */
  readonly panicking: number;
  readonly out: readonly EndpointOutReport[];
}

/** The response of `/status`: the report, and the state of the workers. */
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
  /** The reason; null if it is ready. */
  readonly notReady: string | null;
  /** Failed runs of the control loop: `consecutive` since the last success, and the `error` of the most recent one. */
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
