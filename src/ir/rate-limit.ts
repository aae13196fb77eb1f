/** Limits of RateLimitPolicies, as the policy value of kind `rate-limit` carries them. */
import type { HeaderMatch } from './match.ts';
import type { Origin } from './origin.ts';

export interface RateLimits {
  /** In the order in which they are checked: those of the farthest policy first. */
  readonly limits: readonly RateLimit[];
}

export interface RateLimit {
  /** `namespace/policy/limit`: rules with a limit of the same id share its buckets. */
  readonly id: string;
  readonly name: string;
  readonly policy: Origin;
  readonly mode: 'enforce' | 'audit';
  readonly allowance: Allowance;
  /** `gateway`: the allowance is for all proxies of the Gateway together; `proxy`: for each. */
  readonly scope: 'gateway' | 'proxy';
  /** What has a bucket of its own; empty: one bucket for all requests. */
  readonly key: readonly LimitKeyPart[];
  readonly match: LimitMatch;
  /** Of the response to a request over the limit. */
  readonly status: number;
  readonly headers: 'standard' | 'legacy' | 'none';
  /** Buckets that a proxy keeps. */
  readonly maxKeys: number;
}

export type Allowance =
  /** A bucket of `burst` tokens that gains `requests` tokens evenly over `periodMs`. */
  | {
      readonly kind: 'rate';
      readonly requests: number;
      readonly periodMs: number;
      readonly burst: number;
    }
  /** So many requests at a time. */
  | { readonly kind: 'in-flight'; readonly requests: number };

/** Where the request lacks what a part names, the part is empty. */
export type LimitKeyPart =
  /** Prefix lengths: addresses of one network share a bucket. */
  | { readonly kind: 'client-ip'; readonly v4: number; readonly v6: number }
  /** `name` in lower case. */
  | { readonly kind: 'header'; readonly name: string }
  | { readonly kind: 'cookie'; readonly name: string }
  | { readonly kind: 'claim'; readonly name: string }
  | { readonly kind: 'api-client' }
  | { readonly kind: 'method' }
  | { readonly kind: 'rule' };

/** The requests that a limit counts: all of these must hold. */
export interface LimitMatch {
  /** Empty: any. */
  readonly methods: readonly string[];
  readonly headers: readonly HeaderMatch[];
  /** Clients in these networks are not counted. */
  readonly notCidrs: readonly string[];
}

/** Parts that are known only once the request is authenticated. */
export const needsPrincipal = ({ key }: RateLimit): boolean =>
  key.some(({ kind }) => kind === 'claim' || kind === 'api-client');
