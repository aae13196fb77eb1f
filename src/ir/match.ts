/** Request predicates: HTTPRouteMatch and GRPCRouteMatch of the Gateway API, lowered. */

/** Value predicate. `regex` is RE2 syntax and must match the whole value, as in Envoy. */
export type StringMatch =
  { readonly kind: 'exact'; readonly value: string } | { readonly kind: 'regex'; readonly pattern: string };

/**
 * Path predicate on the normalized path, without query.
 * `prefix` matches whole segments; its value has no trailing slash, except `/` itself.
 */
export type PathMatch =
  | { readonly kind: 'exact'; readonly value: string }
  | { readonly kind: 'prefix'; readonly value: string }
  | { readonly kind: 'regex'; readonly pattern: string };

/** `name` is lower case. Repeated fields are matched on their values joined by `, ` (RFC 9110 section 5.2). */
export interface HeaderMatch {
  readonly name: string;
  readonly value: StringMatch;
}

/** `name` is compared case-sensitively; the first occurrence in the query counts. */
export interface QueryMatch {
  readonly name: string;
  readonly value: StringMatch;
}

/** All predicates must match. */
export interface RouteMatch {
  readonly path: PathMatch;
  readonly method: string | null;
  readonly headers: readonly HeaderMatch[];
  readonly query: readonly QueryMatch[];
}
