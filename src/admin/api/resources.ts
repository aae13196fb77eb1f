/**
 * The types of the API under `/api/v1/`. Fields are added, never renamed or removed. docs/reference/api.md is generated from this file,
 * comments included. It imports nothing, so that a browser's code can share it.
 */

/** Part of every answer. */
export interface Answer {
  /** The process that answers; another one after a restart. */
  readonly instance: string;
  /** Grows whenever something that the API shows changes. Comparable within one `instance` only. */
  readonly revision: number;
}

/** The answer of `/api/v1/`. */
export interface IndexAnswer extends Answer {
  /** Paths. */
  readonly items: readonly string[];
}

/** The answer of a list. */
export interface ListAnswer<Item> extends Answer {
  /** One page, in a stable order. */
  readonly items: readonly Item[];
  /** How many items match, on all pages. */
  readonly total: number;
  /** The `continue` parameter of the next page; null on the last one. */
  readonly continue: string | null;
}

/** The answer of a single item, and of `/api/v1/summary`. */
export interface ItemAnswer<Item> extends Answer {
  readonly item: Item;
}

/** The answer to a request that cannot be answered, with a status of 400 or more. */
export interface ErrorAnswer {
  readonly error: string;
  /** What to ask instead; null when there is nothing better than the error. */
  readonly hint: string | null;
}

/** A condition of an object's status, as in Kubernetes. */
export interface ConditionReport {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

/** An object that a route or a policy names. */
export interface Reference {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Listener, port or rule within the object; null = all of it. */
  readonly section: string | null;
}

/** How much there is of everything, and what is wrong. */
export interface SummaryItem {
  /** Of Sluice. */
  readonly version: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly ready: boolean;
  /** Why it is not ready; null when it is. */
  readonly notReady: string | null;
  /** `programmed`: Gateways whose newest generation is served. */
  readonly gateways: { readonly total: number; readonly programmed: number };
  /** `bound`: listeners with at least one open socket. A controller in Kubernetes does not open them itself. */
  readonly listeners: { readonly total: number; readonly bound: number };
  /** `accepted`: routes that every parent accepts. */
  readonly routes: { readonly total: number; readonly accepted: number };
  /** `current`: proxies that serve the newest configuration. */
  readonly proxies: { readonly total: number; readonly current: number };
  /** Numbers of backends. `failing`: all endpoints are out. */
  readonly backends: { readonly total: number; readonly failing: number };
  /** `expiring`: within 30 days, or expired. */
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
  /** RFC 3339: since when every proxy serves this generation; null when it is not served. */
  readonly servedSince: string | null;
  readonly gatewayClass: string;
  readonly addresses: readonly string[];
  /** Ids of its listeners, those of its ListenerSets included. */
  readonly listeners: readonly string[];
  readonly conditions: readonly ConditionReport[];
  /** How many proxies serve the newest generation; null when the Gateway is not served. */
  readonly proxies: { readonly serving: number; readonly expected: number } | null;
  /** Version of the configuration that is published for it; null when there is none. */
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
  /** Id of the Gateway that serves it; null when its ListenerSet names none. */
  readonly gateway: string | null;
  readonly protocol: string;
  /** As the object states it. */
  readonly port: number;
  /** Empty = any. */
  readonly hostname: string;
  /** Ids of the certificates that it serves. */
  readonly certificates: readonly string[];
  readonly attachedRoutes: number;
  /** Sockets that serve it; empty when its port could not be bound, or elsewhere than here. An empty `address` is all of them. */
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
  /** RFC 3339: since when every proxy serves this generation; null when it is not served. */
  readonly servedSince: string | null;
  /** As the route states them; empty = any. */
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
  /** Empty for routes of layer 4, which match by listener alone. */
  readonly matches: readonly MatchItem[];
  /** Types of its filters, as written. */
  readonly filters: readonly string[];
  readonly backends: readonly RuleBackendItem[];
  /** Why the rule answers 500; null when it does not. */
  readonly problem: string | null;
  /** Whether any listener serves it. */
  readonly isServed: boolean;
}

/** What a request must be to meet a rule: all of these. */
export interface MatchItem {
  /** Null where the route is a GRPCRoute, or any path will do. */
  readonly path: ValueMatch | null;
  /** HTTP method; null = any. */
  readonly method: string | null;
  readonly headers: readonly NamedMatch[];
  readonly queryParams: readonly NamedMatch[];
  /** Of a GRPCRoute; an empty `service` or `method` is any. */
  readonly grpc: { readonly type: string; readonly service: string; readonly method: string } | null;
}

/** A value, and how it is compared. */
export interface ValueMatch {
  readonly type: string;
  readonly value: string;
}

/** The same for a header or query parameter. */
export interface NamedMatch extends ValueMatch {
  readonly name: string;
}

/** A backend of a rule. */
export interface RuleBackendItem extends Reference {
  /** Its id under `/api/v1/backends`; null when it is not served. */
  readonly backend: string | null;
  readonly weight: number;
  /** Why requests to it are answered 500; null when they are not. */
  readonly problem: string | null;
  /** Settings with their origin. Only in the answer of a single route; null in lists. */
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
  /** `Kind/namespace/name/index`: the route, and the place of the parent in its status. */
  readonly id: string;
  /** Id of the route. */
  readonly route: string;
  readonly namespace: string;
  readonly parent: Reference;
  /** Id of the Gateway; null when the parent leads to none. */
  readonly gateway: string | null;
  /** Whether the parent accepts the route. */
  readonly isAccepted: boolean;
  /** Listeners that serve the route. `hostnames`: those that are routed to it; empty for layer 4. */
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
  /** RFC 3339: since when every proxy serves this generation; null when it is not served. */
  readonly servedSince: string | null;
  readonly targets: readonly Reference[];
  /** What it sets. Empty for kinds whose effect is not merged with others. */
  readonly effects: readonly EffectItem[];
  readonly conditions: readonly ConditionReport[];
}

/** What a policy decides with one field. */
export interface EffectItem {
  readonly field: string;
  readonly value: string;
  /** Backends of rules where the policy decides the field. A backend of two rules counts twice. */
  readonly applied: number;
  /** Backends of rules where another object overrides it, by that object. */
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
  /** RFC 3339: since when every proxy serves this generation; null when it is not served. */
  readonly servedSince: string | null;
  /** Of a route or policy: those of all parents or ancestors. */
  readonly conditions: readonly ConditionReport[];
}

/** Something that is wrong or worth knowing, as `sluice check` reports it. */
export interface FindingReport {
  readonly severity: 'error' | 'warning' | 'info';
  readonly code: string;
  /** `Kind namespace/name`; null when the text does not say. */
  readonly object: string | null;
  /** Kind of the object, also of one without a name. */
  readonly kind: string | null;
  /** API group of the kind; empty for the core group. */
  readonly group: string | null;
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
  readonly location: { readonly file: string; readonly line: number; readonly column: number } | null;
}

/** A finding of the list. */
export interface FindingItem extends FindingReport {
  /** The same for the same finding about the same object. */
  readonly id: string;
  /** Of the object; empty when there is none. */
  readonly namespace: string;
}

/** A Service port, or another kind of backend, that a rule leads to. */
export interface BackendItem {
  /** `Kind/namespace/name/port`, without a port for kinds that have none. */
  readonly id: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  /** Name or number of the port; empty where the kind has none. */
  readonly port: string;
  /** `http1`, `h2`, `tcp` or `udp`. */
  readonly protocol: string;
  readonly isTls: boolean;
  /** Ids of the Gateways whose routes lead to it. */
  readonly gateways: readonly string[];
  /** The name that proxies resolve; null when the endpoints come from EndpointSlices. */
  readonly dnsName: string | null;
  readonly endpoints: readonly EndpointItem[];
  /** Number of endpoints that are `healthy`. */
  readonly healthy: number;
  /** Number of endpoints that are `unchecked`. */
  readonly unchecked: number;
  /** Number of endpoints that are `out`. */
  readonly out: number;
  /** Proxies that ignore health, since too few endpoints are healthy. */
  readonly panicking: number;
}

/** An endpoint of a backend. */
export interface EndpointItem {
  /** `address:port`. */
  readonly endpoint: string;
  readonly state: 'ready' | 'draining';
  readonly zone: string | null;
  /**
   * `healthy`: it passes its active checks or, without any, accepts connections. `out`: see `cause`. `unchecked`: no check and no
   * connection has tried it in the last five minutes. `unreported`: proxies report no health here.
   */
  readonly health: 'healthy' | 'out' | 'unchecked' | 'unreported';
  /** Why it is out, as in `/status`; null when it is not. */
  readonly cause: string | null;
  /** What the last check found; empty when that is not the cause. */
  readonly detail: string;
  /** RFC 3339: since when it is out; null when that is not known. */
  readonly since: string | null;
}

/** A proxy, as far as one Gateway is concerned: a worker of `sluice run`, or a pod. */
export interface ProxyItem {
  /** `namespace/name/proxy`. */
  readonly id: string;
  /** Id of the Gateway. */
  readonly gateway: string;
  readonly namespace: string;
  readonly name: string;
  /** Whether it serves the configuration that is published. */
  readonly isCurrent: boolean;
  /** Version of the configuration that it serves; null = none. */
  readonly version: string | null;
  /** Generation of the Gateway that it serves; null = none. */
  readonly generation: number | null;
  /** Why it did not take the newest configuration; null when it did. */
  readonly refused: string | null;
  /** Rules that it cannot serve. `rule`: id of the route, and the index of the rule. */
  readonly problems: readonly { readonly rule: string; readonly message: string }[];
  /** Ports of the Gateway. `boundPort` is null when binding failed, `error` when it did not. */
  readonly ports: readonly {
    readonly transport: 'tcp' | 'udp';
    readonly port: number;
    readonly address: string;
    readonly boundPort: number | null;
    readonly error: string | null;
  }[];
}

/** A certificate that listeners serve, or that proxies show to backends. Never its key. */
export interface CertificateItem {
  /** `namespace/name` of its Secret. */
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  /** DNS names and IP addresses (subjectAltName), else the subject. */
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
  /** Ids of the backends that it is shown to. */
  readonly backends: readonly string[];
}

/** What changed with one revision. */
export interface ChangeItem {
  /** The revision in decimal. */
  readonly id: string;
  readonly revision: number;
  /** RFC 3339. */
  readonly at: string;
  /** Lists under `/api/v1/` whose items may be different now. `changes` is one of them when earlier changes got their `servedAt`. */
  readonly collections: readonly string[];
  /** The first 50 objects that changed. `status`: its conditions changed, and the object did not. */
  readonly objects: readonly {
    readonly kind: string;
    readonly namespace: string;
    readonly name: string;
    readonly change: 'added' | 'updated' | 'removed' | 'status';
  }[];
  /** Further objects that changed. */
  readonly moreObjects: number;
  /** RFC 3339: when every proxy served the configuration of this revision; null when none was, or not yet. */
  readonly servedAt: string | null;
}
