import type { ClusterId } from './ids.ts';
import type { Origin } from './origin.ts';

/** A header field to write. `name` keeps the user's spelling; compare it case-insensitively. */
export interface HeaderField {
  readonly name: string;
  readonly value: string;
}

/** HTTPHeaderFilter: applied in the order remove, set, add. `remove` names are lower case. */
export interface HeaderEdit {
  readonly set: readonly HeaderField[];
  readonly add: readonly HeaderField[];
  readonly remove: readonly string[];
}

export type PathRewrite =
  | { readonly kind: 'full'; readonly value: string }
  /** Replaces the matched prefix (HTTPPathModifier ReplacePrefixMatch; the rule's matches are all prefixes). */
  | { readonly kind: 'prefix'; readonly value: string };

export interface RequestHeadersFilter {
  readonly kind: 'request-headers';
  readonly edit: HeaderEdit;
}

export interface ResponseHeadersFilter {
  readonly kind: 'response-headers';
  readonly edit: HeaderEdit;
}

export interface UrlRewriteFilter {
  readonly kind: 'url-rewrite';
  readonly hostname: string | null;
  readonly path: PathRewrite | null;
}

/** A rewrite of the path by a regular expression in RE2 syntax. */
export interface RegexRewrite {
  /** null: that of the match that the request meets. */
  readonly pattern: string | null;
  /** `lib/rewrite-template.ts` has the syntax. */
  readonly replacement: string;
  /** What is replaced: the whole path, or every part that matches. */
  readonly scope: 'path' | 'match';
}

export interface RegexRewriteFilter {
  readonly kind: 'regex-rewrite';
  readonly hostname: string | null;
  readonly path: RegexRewrite | null;
}

/** Ends the request with a redirect. null parts are taken from the request (port rules: HTTPRequestRedirectFilter). */
export interface RedirectFilter {
  readonly kind: 'redirect';
  readonly scheme: 'http' | 'https' | null;
  readonly hostname: string | null;
  readonly path: PathRewrite | null;
  readonly port: number | null;
  readonly status: 301 | 302 | 303 | 307 | 308;
}

/** Content of a configured response. */
export interface ContentBody {
  readonly text: string;
  readonly contentType: string;
}

/** Responds instead of a backend. */
export interface DirectResponseFilter {
  readonly kind: 'direct-response';
  readonly status: number;
  readonly headers: readonly HeaderField[];
  /** null: no content. */
  readonly body: ContentBody | null;
}

/** Sends a copy of `numerator / denominator` of the requests to `cluster` and ignores the response. */
export interface MirrorFilter {
  readonly kind: 'mirror';
  readonly cluster: ClusterId;
  readonly origin: Origin;
  readonly numerator: number;
  readonly denominator: number;
}

/** HTTPCORSFilter (GEP-1767). Origins may be `*` or contain one wildcard label, as the field's comment says. */
export interface CorsFilter {
  readonly kind: 'cors';
  readonly allowOrigins: readonly string[];
  readonly allowCredentials: boolean;
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
  readonly exposeHeaders: readonly string[];
  readonly maxAgeSeconds: number;
}

/** HTTPExternalAuthFilter (GEP-1494). */
export interface ExternalAuthFilter {
  readonly kind: 'external-auth';
  readonly cluster: ClusterId;
  readonly origin: Origin;
  readonly protocol:
    | {
        readonly kind: 'http';
        readonly pathPrefix: string;
        /** Request header names sent to the auth server besides the always-sent ones; lower case. */
        readonly allowedRequestHeaders: readonly string[];
        /** Names copied from the auth server's 200 to the backend request; empty = all. Lower case. */
        readonly allowedResponseHeaders: readonly string[];
      }
    | { readonly kind: 'grpc'; readonly allowedRequestHeaders: readonly string[] };
  /** Bytes of body forwarded to the auth server; 0 = none. */
  readonly forwardBodyBytes: number;
}

export type Filter =
  | RequestHeadersFilter
  | ResponseHeadersFilter
  | UrlRewriteFilter
  | RegexRewriteFilter
  | RedirectFilter
  | DirectResponseFilter
  | MirrorFilter
  | CorsFilter
  | ExternalAuthFilter;
