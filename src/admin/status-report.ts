/** The response of `/status`: the objects of the gateway, their conditions, and since when they are served. docs/reference/admin-api.md. */
import type { ConditionReport, FindingReport } from './api/resources.ts';

/** The state of the gateway. */
export interface StatusReport {
  /** Version of Sluice. */
  readonly version: string;
  /** RFC 3339: start of the supervisor. */
  readonly startedAt: string;
  /**
   * Every worker has its first configuration, a listener is bound (if there is any to bind), changes are applied, and no worker drains.
   * As `/readyz`.
   */
  readonly ready: boolean;
  /** The reason that `/readyz` gives; null when it is ready. */
  readonly notReady: string | null;
  /**
   * Failed runs of the control loop: `failures` since the start, `consecutive` failures since the last success, `error` of the most recent
   * failure.
   */
  readonly reconciling: {
    readonly failures: number;
    readonly consecutive: number;
    readonly error: string | null;
  };
  /**
   * `serving`: workers that serve the newest configuration. `restarts`: those that ended and were replaced. `pids`: process ids of running
   * workers.
   */
  readonly workers: {
    readonly expected: number;
    readonly serving: number;
    readonly restarts: number;
    readonly pids: readonly number[];
  };
  /** Gateways and ListenerSets. */
  readonly gateways: readonly GatewayReport[];
  /** Routes of every kind. */
  readonly routes: readonly RouteReport[];
  /** Every other object with a status: GatewayClasses, policies, backends. */
  readonly others: readonly OtherReport[];
  /** Findings about the current resources, as `findings` of `sluice check --output json`. */
  readonly findings: readonly FindingReport[];
}

/** The response of `/status`: the report, and the state of the workers. */
export interface StatusAnswer extends StatusReport {
  /** HTTPRoutes and GRPCRoutes with rules that respond without authentication. */
  readonly publicRoutes: readonly PublicRoute[];
  /** Service ports and other backends, with the health of their endpoints. */
  readonly backends: readonly BackendReport[];
}

interface ObjectReportBase {
  /** Of the object. */
  readonly kind: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  /** Of the object. */
  readonly name: string;
  /** `metadata.generation`. */
  readonly generation: number;
  /** RFC 3339: since when every worker serves this generation; null when it is not served. */
  readonly servedSince: string | null;
}

/** A Gateway or a ListenerSet. */
export interface GatewayReport extends ObjectReportBase {
  /** Name of its class; empty for a ListenerSet. */
  readonly gatewayClass: string;
  /** Addresses at which clients reach it. */
  readonly addresses: readonly string[];
  /** Its own listeners. */
  readonly listeners: readonly ListenerReport[];
  /** Of the object itself. */
  readonly conditions: readonly ConditionReport[];
  /** Number of workers that serve the newest configuration; null for a ListenerSet and for a Gateway that is not served. */
  readonly workers: { readonly serving: number; readonly expected: number } | null;
}

/** A listener of a Gateway or ListenerSet. */
export interface ListenerReport {
  /** As the object states it. */
  readonly name: string;
  /** As the object states it. */
  readonly protocol: string;
  /** As the object states it. */
  readonly port: number;
  /** Empty = any. */
  readonly hostname: string;
  /** Number of routes. */
  readonly attachedRoutes: number;
  /** Sockets that serve it; empty when its port could not be bound. An empty `address` means all addresses. */
  readonly bound: readonly { readonly address: string; readonly port: number }[];
  /** Of the listener. */
  readonly conditions: readonly ConditionReport[];
}

/** A route of any kind. */
export interface RouteReport extends ObjectReportBase {
  /** As the route states them; empty = any. */
  readonly hostnames: readonly string[];
  /** Number of rules. */
  readonly rules: number;
  /** A path for which a plain GET request matches a rule; null if there is none, and for other routes than HTTPRoutes. */
  readonly samplePath: string | null;
  /** `parent`: `Kind namespace/name`, plus `/section` if the route names one. Empty if no parent is served here. */
  readonly parents: readonly { readonly parent: string; readonly conditions: readonly ConditionReport[] }[];
}

/** A route with rules that respond without authentication. */
export interface PublicRoute {
  /** Of the route. */
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** As the route states them; empty = any. */
  readonly hostnames: readonly string[];
  /** Number of rules. */
  readonly rules: number;
  /** Those without authentication, by name or index. */
  readonly publicRules: readonly string[];
}

/** Any other object with a status: GatewayClass, policies, XBackend. */
export interface OtherReport extends ObjectReportBase {
  /** Of the object. */
  readonly conditions: readonly ConditionReport[];
}

/** The state of a Service port, or of another kind of backend, in the workers. */
export interface BackendReport {
  /** Of the object. */
  readonly kind: string;
  /** Of the object. */
  readonly namespace: string;
  /** Of the object. */
  readonly name: string;
  /** Empty where the kind has none. */
  readonly port: string;
  /** Number of endpoints, ready or draining. */
  readonly endpoints: number;
  /** Number of endpoints that pass their active checks; without active checks, number that accept connections. */
  readonly healthy: number;
  /** Number of endpoints without a check or connection attempt in the last five minutes. */
  readonly unchecked: number;
  /** Number of workers that ignore health, because the share of healthy endpoints is below the panic threshold. */
  readonly panicking: number;
  /** The other endpoints. */
  readonly out: readonly EndpointOutReport[];
}

/** An unhealthy endpoint: it gets no requests (except in panic mode), or refuses connections. */
export interface EndpointOutReport {
  /** `address:port`. */
  readonly endpoint: string;
  /** See [causes](#causes). */
  readonly cause: string;
  /** Result of the last check; empty if that is not the cause. */
  readonly detail: string;
  /** RFC 3339; null where it is not known. */
  readonly since: string | null;
  /** Number of workers that report it. */
  readonly workers: number;
}
