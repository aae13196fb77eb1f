import type { Filter } from './filter.ts';
import type { ClusterId, RuleId } from './ids.ts';
import type { RouteMatch } from './match.ts';
import type { Origin, RuleOrigin } from './origin.ts';
import type { RequestPolicy, RetryPolicy, SessionPersistence, Timeouts } from './policy.ts';
import type { PolicyValue } from './policy-value.ts';

/** One member of a weighted choice. An invalid one keeps its weight and answers `status` (BackendRefs in the spec). */
export type WeightedBackend =
  | {
      readonly kind: 'cluster';
      readonly cluster: ClusterId;
      readonly weight: number;
      readonly filters: readonly Filter[];
      readonly origin: Origin;
      /** What holds for requests to this backend where that is not what the rule says; absent: as the rule. */
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
      /** Those that act on its 500: response headers and CORS. Absent: none. */
      readonly filters?: readonly Filter[];
    };

/**
 * What a rule does. `forward` with no backend, or with weights that sum to 0, answers 500 (`no_backend`).
 * `fail` is a rule the user wrote wrongly: it keeps its place and answers 500, so that no other rule catches its requests. Of its
 * filters it has those that act on this answer, response headers and CORS.
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
  /** `grpc`: a rule of a GRPCRoute. Whether an error is answered as gRPC status is the request's to say (its content type). */
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

/** A match and the rule it leads to. */
export interface RouteEntry {
  readonly match: RouteMatch;
  readonly rule: RuleId;
}

/**
 * Rules of one hostname, most specific first: scanned in this order, the first that holds wins.
 * `hostname` is lower case: exact, `*.suffix`, or `` for any. A request that no entry of its most specific host takes
 * goes on to the next less specific one of the same listener (HTTPRouteSpec.hostnames orders rules, it excludes none).
 */
export interface VirtualHost {
  readonly hostname: string;
  readonly entries: readonly RouteEntry[];
}
