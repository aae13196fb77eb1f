/** ResponsePolicies that govern a rule, a backend or a listener, merged. */
import type { ContentBody, HeaderField } from './filter.ts';
import type { PolicyValueOf } from './policy-value.ts';

export type ResponseValue = PolicyValueOf<'response', ResponseSettings>;

export interface ResponseSettings {
  readonly headers: ResponseHeaders;
  /** Value of Strict-Transport-Security for clients that use TLS; null: none, and that of the backend stays. */
  readonly hsts: string | null;
  /** The first that fits a response replaces it. */
  readonly errorPages: readonly ErrorPage[];
  /** null: it is off. */
  readonly maintenance: Maintenance | null;
}

/** Applied in the order remove, set, add, setIfAbsent. `remove` names are lower case. */
export interface ResponseHeaders {
  readonly set: readonly HeaderField[];
  readonly add: readonly HeaderField[];
  readonly remove: readonly string[];
  readonly setIfAbsent: readonly HeaderField[];
}

export interface ErrorPage {
  /** null: any. */
  readonly statuses: readonly number[] | null;
  /** Reason codes, perhaps of a newer version; null: any, and none. */
  readonly reasons: readonly string[] | null;
  /** Whose responses it replaces. */
  readonly of: 'gateway' | 'backend' | 'both';
  /** Lower-case media types of which the request's Accept must name one; null: any request. */
  readonly accept: readonly string[] | null;
  /** null: that of the response. */
  readonly status: number | null;
  /** With placeholders. */
  readonly body: ContentBody;
}

export interface Maintenance {
  readonly retryAfterSeconds: number;
  /** Clients that are served. */
  readonly exceptCidrs: readonly string[];
  /** null: the usual text. */
  readonly body: ContentBody | null;
}
