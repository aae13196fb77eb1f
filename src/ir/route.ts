import type { Filter } from './filter.ts';
import type { ClusterId, RuleId } from './ids.ts';
import type { RouteMatch } from './match.ts';
import type { Origin, RuleOrigin } from './origin.ts';
import type { RequestPolicy, RetryPolicy, SessionPersistence, Timeouts } from './policy.ts';
import type { PolicyValue } from './policy-value.ts';

/** One backend of a weighted choice. An invalid one keeps its weight and responds with `status` (BackendRefs in the spec). */
export type WeightedBackend =
  | {
      readonly kind: 'cluster';
      readonly cluster: ClusterId;
      readonly weight: number;
      readonly filters: readonly Filter[];
      readonly origin: Origin;
      /** Settings of requests to this backend that differ from the rule's; absent: as the rule. */
      readonly requests?: RequestPolicy;
      /** Absent: none. */
      readonly policies?: readonly PolicyValue[];
    }
  | {
      readonly kind: 'invalid';
      readonly weight: number;
      readonly status: 500;
      readonly reason: 'invalid_ref' | 'unsupported_backend' | 'invalid_filter' | 'policy_invalid';
      readonly message: string;
      readonly origin: Origin;
      /** Filters that act on its 500: response headers and CORS. Absent: none. */
      readonly filters?: readonly Filter[];
    };

/**
 * The action of a rule. `forward` without a backend, or with weights that sum to 0, responds with 500 (`no_backend`).
 * `fail` is an invalid rule: it keeps its position and responds with 500, so that no other rule gets its requests. Of its
 * filters, it has those that act on this response: response headers and CORS.
 */
export type Action =
  | { readonly kind: 'forward'; readonly backends: readonly WeightedBackend[] }
  | {
      readonly kind: 'fail';
      readonly status: 500;
      readonly reason: 'invalid_filter' | 'invalid_rule' | 'policy_invalid';
      readonly message: string;
    };

/** One rule of an HTTPRoute or GRPCRoute. Redirect is a filter and ends the request before `action`. */
export interface RouteRule {
  readonly id: RuleId;
  readonly origin: RuleOrigin;
  /** `grpc`: a rule of a GRPCRoute. Whether an error becomes a gRPC status depends on the content type of the request. */
  readonly protocol: 'http' | 'grpc';
  readonly filters: readonly Filter[];
  readonly action: Action;
  readonly timeouts: Timeouts;
  /** null = only the built-in connect retry. */
  readonly retry: RetryPolicy | null;
  readonly sessionPersistence: SessionPersistence | null;
  /** Absent: none. */
  readonly policies?: readonly PolicyValue[];
}

/** A match and its rule. */
export interface RouteEntry {
  readonly match: RouteMatch;
  readonly rule: RuleId;
}

/**
 * Rules of one hostname, most specific first: scanned in this order, the first match wins.
 * `hostname` is lower case: exact, `*.suffix`, or `` for any. A request that no entry of its most specific host matches
 * goes on to the next less specific one of the same listener (HTTPRouteSpec.hostnames orders rules, it excludes none).
 */
export interface VirtualHost {
  readonly hostname: string;
  readonly entries: readonly RouteEntry[];
}
