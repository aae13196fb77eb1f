/**
 * The router's view of a request. HTTP/1.1 and HTTP/2 heads implement it over their own bytes, so that nothing
 * is copied for a match; `explain` implements it over a plain object.
 */
export interface RequestView {
  readonly method: string;
  /** Host or :authority in lower case, without port. */
  readonly host: string;
  /** Normalized path (see proxy/router/path.ts), without query. */
  readonly path: string;
  /** Without `?`; `` when there is none. */
  readonly query: string;
  /** `name` in lower case; repeated fields joined by `, ` (RFC 9110 section 5.2); undefined when absent. */
  header(name: string): string | undefined;
}
