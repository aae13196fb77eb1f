/**
 * The types of the API under `/api/v1/`. Fields are added, never renamed or removed. docs/reference/api.md is generated from this file,
 * comments included. It imports nothing, so that a browser's code can share it.
 */

/** Part of every response. */
export interface ApiResponse {
  /** The process that responds; a different value after each restart. */
  readonly instance: string;
  /** Grows with every change that the API shows. Comparable only within one `instance`. */
  readonly revision: number;
}

/** The response of `/api/v1/`. */
export interface IndexResponse extends ApiResponse {
  /** Paths of the lists. */
  readonly items: readonly string[];
}

/** The response of a list. */
export interface ListResponse<Item> extends ApiResponse {
  /** One page, in a stable order. */
  readonly items: readonly Item[];
  /** Number of matching items on all pages. */
  readonly total: number;
  /** The `continue` parameter of the next page; null on the last one. */
  readonly continue: string | null;
}

/** The response of a single item, and of `/api/v1/summary`. */
export interface ItemResponse<Item> extends ApiResponse {
  readonly item: Item;
}

/** The response to an invalid request, with a status of 400 or above. */
export interface ErrorResponse {
  readonly error: string;
  /** How to correct the request; null if there is no hint. */
  readonly hint: string | null;
}

/** A condition of an object's status, as in Kubernetes. */
export interface ConditionReport {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** An object that a route or a policy refers to. */
export interface Reference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Listener, port or rule within the object; null = all of it. */
  readonly section: string | null;
}

/** Numbers of objects, and of those with problems. */
export interface SummaryItem {
  /** Version of Sluice. */
  readonly version: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly ready: boolean;
  /** Why it is not ready; null if it is. */
  readonly notReady: string | null;
  /** `programmed`: Gateways whose newest generation is served. */
  readonly gateways: { readonly total: number; readonly programmed: number };
  /** `bound`: listeners with at least one open socket. A controller in Kubernetes does not open them itself. */
  readonly listeners: { readonly total: number; readonly bound: number };
  /** `accepted`: routes that every parent accepts. */
  readonly routes: { readonly total: number; readonly accepted: number };
  /** `current`: proxies that serve the newest configuration. */
  readonly proxies: { readonly total: number; readonly current: number };
  /** `failing`: backends whose endpoints are all out. */
  readonly backends: { readonly total: number; readonly failing: number };
  /** `expiring`: certificates that have expired or expire within 30 days. */
  readonly certificates: { readonly total: number; readonly expiring: number };
  readonly findings: { readonly error: number; readonly warning: number; readonly info: number };
}

/** A Gateway. */
export interface GatewayItem {
  /** `namespace/name`. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** RFC 3339: since when every proxy serves this generation; null if it is not served. */
  readonly servedSince: string | null;
  readonly gatewayClass: string;
  readonly addresses: readonly string[];
  /** Ids of its listeners, including those of its ListenerSets. */
  readonly listeners: readonly string[];
  readonly conditions: readonly ConditionReport[];
  /** `serving`: proxies that serve the newest generation. null if the Gateway is not served. */
  readonly proxies: { readonly serving: number; readonly expected: number } | null;
  /** Version of its published configuration; null if there is none. */
  readonly version: string | null;
}

/** A listener of a Gateway or a ListenerSet. */
export interface ListenerItem {
  /** `Kind/namespace/name/listener`. */
  readonly id: string;
  /** The Gateway or ListenerSet that defines it. */
  readonly kind: string;
  readonly namespace: string;
  readonly parent: string;
  readonly name: string;
  /** Id of the Gateway that serves it; null if its ListenerSet has no Gateway. */
  readonly gateway: string | null;
  readonly protocol: string;
  /** As in the spec. */
  readonly port: number;
  /** Empty = any. */
  readonly hostname: string;
  /** Ids of the certificates that it serves. */
  readonly certificates: readonly string[];
  readonly attachedRoutes: number;
  /** Sockets that serve it; empty if its port is not bound, or is bound in another process. An empty `address` means all addresses. */
  readonly bound: readonly { readonly address: string; readonly port: number }[];
  readonly conditions: readonly ConditionReport[];
}

/** A route of any kind. */
export interface RouteItem {
  /** `Kind/namespace/name`. */
  readonly id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** RFC 3339: since when every proxy serves this generation; null if it is not served. */
  readonly servedSince: string | null;
  /** As in the spec; empty = any. */
  readonly hostnames: readonly string[];
  /** Ids of the Gateways that it is attached to. */
  readonly gateways: readonly string[];
  readonly rules: readonly RuleItem[];
}

/** A rule of a route, in the order of the route. */
export interface RuleItem {
  /** Counts from 0. */
  readonly index: number;
  readonly name: string | null;
  /** Empty for TCPRoute, TLSRoute and UDPRoute, which match by listener. */
  readonly matches: readonly MatchItem[];
  /** Types of its filters, as in the spec. */
  readonly filters: readonly string[];
  readonly backends: readonly RuleBackendItem[];
  /** Why the rule responds with 500; null if it does not. */
  readonly problem: string | null;
  /** Whether any listener serves it. */
  readonly isServed: boolean;
}

/** Predicates of a match; a request must meet all of them. */
export interface MatchItem {
  /** null for a GRPCRoute, or if any path matches. */
  readonly path: ValueMatch | null;
  /** HTTP method; null = any. */
  readonly method: string | null;
  readonly headers: readonly NamedMatch[];
  readonly queryParams: readonly NamedMatch[];
  /** For a GRPCRoute; an empty `service` or `method` matches any. */
  readonly grpc: { readonly type: string; readonly service: string; readonly method: string } | null;
}

/** A value and how the gateway compares it. */
export interface ValueMatch {
  readonly type: string;
  readonly value: string;
}

/** The same, for a header or query parameter. */
export interface NamedMatch extends ValueMatch {
  readonly name: string;
}

/** A backend of a rule. */
export interface RuleBackendItem extends Reference {
  /** Its id under `/api/v1/backends`; null if it is not served. */
  readonly backend: string | null;
  readonly weight: number;
  /** Why requests to it get 500; null if they do not. */
  readonly problem: string | null;
  /** Settings with their origin. Only in the response of a single route; null in lists. */
  readonly settings: readonly SettingItem[] | null;
}

/** A setting of a rule and its backend. */
export interface SettingItem {
  /** Field of BackendPolicy. */
  readonly field: string;
  readonly value: string;
  /** The object that sets it; null = the default. */
  readonly from: Reference | null;
}

/** One `parentRef` of a route. */
export interface AttachmentItem {
  /** `Kind/namespace/name/index`: the route, and the index of the parent in its status. */
  readonly id: string;
  /** Id of the route. */
  readonly route: string;
  readonly namespace: string;
  readonly parent: Reference;
  /** Id of the Gateway; null if the parent belongs to none. */
  readonly gateway: string | null;
  /** Whether the parent accepts the route. */
  readonly isAccepted: boolean;
  /** Listeners that serve the route. `hostnames`: those routed to it; empty for TCPRoute, TLSRoute and UDPRoute. */
  readonly listeners: readonly { readonly listener: string; readonly hostnames: readonly string[] }[];
  readonly conditions: readonly ConditionReport[];
}

/** A policy of any kind. */
export interface PolicyItem {
  /** `Kind/namespace/name`. */
  readonly id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** RFC 3339: since when every proxy serves this generation; null if it is not served. */
  readonly servedSince: string | null;
  readonly targets: readonly Reference[];
  /** The fields that it sets. Empty for kinds that are not merged field by field. */
  readonly effects: readonly EffectItem[];
  readonly conditions: readonly ConditionReport[];
}

/** The effect of one field of a policy. */
export interface EffectItem {
  readonly field: string;
  readonly value: string;
  /** Number of rule backends that get the field from this policy. A backend of two rules counts twice. */
  readonly applied: number;
  /** Number of rule backends for which another object overrides the field, by that object. */
  readonly overridden: readonly { readonly by: Reference; readonly backends: number }[];
}

/** Any object with a status. */
export interface ObjectItem {
  /** `Kind/namespace/name`; `Kind/name` for cluster-scoped kinds. */
  readonly id: string;
  readonly kind: string;
  /** Empty for cluster-scoped kinds. */
  readonly namespace: string;
  readonly name: string;
  readonly generation: number;
  /** RFC 3339: since when every proxy serves this generation; null if it is not served. */
  readonly servedSince: string | null;
  /** For a route or policy, the conditions of all parents or ancestors. */
  readonly conditions: readonly ConditionReport[];
}

/** Something that is wrong or worth knowing, as `sluice check` reports it. */
export interface FindingReport {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: string;
  /** `Kind namespace/name`; null if the text does not contain it. */
  readonly object: string | null;
  /** Kind of the object, even if it has no name. */
  readonly kind: string | null;
  /** API group of the kind; empty for the core group. */
  readonly group: string | null;
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** An item of `/api/v1/findings`. */
export interface FindingItem extends FindingReport {
  /** Stable for one finding about one object. */
  readonly id: string;
  /** Namespace of the object; empty if it has none. */
  readonly namespace: string;
}

/** A Service port, or another kind of backend, that a rule refers to. */
export interface BackendItem {
  /** `Kind/namespace/name/port`; without `/port` for kinds that have no ports. */
  readonly id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Name or number of the port; empty if the kind has no ports. */
  readonly port: string;
  /** `http1`, `h2`, `tcp` or `udp`. */
  readonly protocol: string;
  readonly isTls: boolean;
  /** Ids of the Gateways whose routes refer to it. */
  readonly gateways: readonly string[];
  /** The DNS name that proxies resolve; null if the endpoints come from EndpointSlices. */
  readonly dnsName: string | null;
  readonly endpoints: readonly EndpointItem[];
  /** Number of endpoints that are `healthy`. */
  readonly healthy: number;
  /** Number of endpoints that are `unchecked`. */
  readonly unchecked: number;
  /** Number of endpoints that are `out`. */
  readonly out: number;
  /** Number of proxies that ignore health because too few endpoints are healthy. */
  readonly panicking: number;
}

/** An endpoint of a backend. */
export interface EndpointItem {
  /** `address:port`. */
  readonly endpoint: string;
  readonly state: 'ready' | 'draining';
  readonly zone: string | null;
  /**
   * `healthy`: it passes its active checks or, without any, accepts connections. `out`: see `cause`. `unchecked`: no check or
   * connection attempt in the last five minutes. `unreported`: proxies do not report health here.
   */
  readonly health: 'healthy' | 'out' | 'unchecked' | 'unreported';
  /** Why it is out, as in `/status`; null if it is not. */
  readonly cause: string | null;
  /** Result of the last check; empty if that is not the cause. */
  readonly detail: string;
  /** RFC 3339: since when it is out; null if not known. */
  readonly since: string | null;
}

/** A proxy of one Gateway: a worker of `sluice run`, or a pod. */
export interface ProxyItem {
  /** `namespace/name/proxy`. */
  readonly id: string;
  /** Id of the Gateway. */
  readonly gateway: string;
  readonly namespace: string;
  readonly name: string;
  /** Whether it serves the published configuration. */
  readonly isCurrent: boolean;
  /** Version of the configuration that it serves; null = none. */
  readonly version: string | null;
  /** Generation of the Gateway that it serves; null = none. */
  readonly generation: number | null;
  /** Why it rejected the newest configuration; null if it did not. */
  readonly refused: string | null;
  /** Rules that it cannot serve. `rule`: id of the route, and the index of the rule. */
  readonly problems: readonly { readonly rule: string; readonly message: string }[];
  /** Ports of the Gateway. `boundPort` is null if binding failed, `error` if it succeeded. */
  readonly ports: readonly {
    readonly transport: 'tcp' | 'udp';
    readonly port: number;
    readonly address: string;
    readonly boundPort: number | null;
    readonly error: string | null;
  }[];
}

/** A certificate that listeners serve, or that proxies present to backends. Never its key. */
export interface CertificateItem {
  /** `namespace/name` of its Secret. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** DNS names and IP addresses (subjectAltName); without these, the subject. */
  readonly names: readonly string[];
  readonly issuer: string;
  /** RFC 3339. */
  readonly notBefore: string;
  /** RFC 3339. */
  readonly notAfter: string;
  /** SHA-256 of the certificate in hexadecimal. */
  readonly fingerprint: string;
  /** Ids of the Gateways that use it. */
  readonly gateways: readonly string[];
  /** Ids of the listeners that serve it. */
  readonly listeners: readonly string[];
  /** Ids of the backends to which proxies present it. */
  readonly backends: readonly string[];
}

/** The changes of one revision. */
export interface ChangeItem {
  /** The revision as a decimal number. */
  readonly id: string;
  readonly revision: number;
  /** RFC 3339. */
  readonly at: string;
  /** Lists under `/api/v1/` whose items may be different now. `changes` is one of them when earlier changes got their `servedAt`. */
  readonly collections: readonly string[];
  /** The first 50 objects that changed. `status`: only the conditions of the object changed. */
  readonly objects: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly change: 'added' | 'updated' | 'removed' | 'status';
  }[];
  /** Number of further objects that changed. */
  readonly moreObjects: number;
  /** RFC 3339: when all proxies served the configuration of this revision; null if they do not yet, or it has none. */
  readonly servedAt: string | null;
}
