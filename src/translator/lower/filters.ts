/** Filters of a rule or backendRef, in the order they are written. */
import type {
  HTTPRouteRuleFilterCors,
  HTTPRouteRuleFilterExternalAuth,
  HTTPRouteRuleFilterRequestHeaderModifier,
  HTTPRouteRuleFilterRequestMirror,
  HTTPRouteRuleFilterRequestRedirect,
  HTTPRouteRuleFilterUrlRewrite,
} from '../../gatewayapi/generated/types.ts';
import type {
  CorsFilter,
  ExternalAuthFilter,
  Filter,
  HeaderEdit,
  MirrorFilter,
  PathRewrite,
  RedirectFilter,
  UrlRewriteFilter,
} from '../../ir/filter.ts';
import { failure, success, type Result } from '../../lib/result.ts';
import type { Fault } from '../faults/fault.ts';
import type { Upstream } from '../graph/nodes.ts';
import type { FilterSpec } from '../graph/route-adapter.ts';
import type { Pool } from '../policy/lowering.ts';
import { originOf, useCluster, type ClusterUse } from './upstreams.ts';

/** Backends of filters by field path, and where the clusters they need are noted. */
export interface FilterUses {
  readonly backends: ReadonlyMap<string, Result<Upstream, Fault>>;
  readonly clusters: ClusterUse[];
  readonly poolOf: (upstream: Upstream) => Pool;
}

/** Of a rule or backendRef that answers 500: those that act on this answer. They refer to nothing that could be missing. */
export function lowerResponseFilters(filters: readonly FilterSpec[]): readonly Filter[] {
  return filters.flatMap(({ type, cors, responseHeaderModifier: edit }): Filter[] => {
    if (type === 'CORS' && cors !== undefined) return [lowerCors(cors)];
    const isEdit = type === 'ResponseHeaderModifier' && edit !== undefined;
    return isEdit ? [{ kind: 'response-headers', edit: lowerEdit(edit) }] : [];
  });
}

/**
 * The filters, or what is wrong with the first one that cannot be lowered: then requests must be answered with an error, since a filter that
 * is left out lets through what it was to stop.
 */
export function lowerFilters(
  filters: readonly FilterSpec[],
  path: string,
  uses: FilterUses,
): Result<readonly Filter[], string> {
  const lowered: Filter[] = [];
  for (const [index, filter] of filters.entries()) {
    const one = lowerFilter(filter, `${path}[${index}]`, uses);
    if (one === 'unusable') return failure(`The filter ${path}[${index}] (${filter.type}) cannot be run.`);
    if (one !== 'dropped') lowered.push(one);
  }
  return success(lowered);
}

type Lowered = Filter | 'dropped' | 'unusable';

/** By its type, as it was validated: fields of other types count for nothing. */
function lowerFilter(filter: FilterSpec, path: string, uses: FilterUses): Lowered {
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return given(filter.requestHeaderModifier, (edit) => ({
        kind: 'request-headers',
        edit: lowerEdit(edit),
      }));
    case 'ResponseHeaderModifier':
      return given(filter.responseHeaderModifier, (edit) => ({
        kind: 'response-headers',
        edit: lowerEdit(edit),
      }));
    case 'RequestRedirect':
      return given(filter.requestRedirect, lowerRedirect);
    case 'URLRewrite':
      return given(filter.urlRewrite, lowerUrlRewrite);
    case 'CORS':
      return given(filter.cors, lowerCors);
    case 'RequestMirror':
      return given(filter.requestMirror, (mirror) => {
        const use = followed(`${path}.requestMirror.backendRef`, uses);
        // A mirror whose backend cannot be used is dropped; the request itself goes on (HTTPRequestMirrorFilter.backendRef).
        return typeof use === 'string' ? use : lowerMirror(mirror, use);
      });
    case 'ExternalAuth':
      return given(filter.externalAuth, (auth) => {
        const use = followed(`${path}.externalAuth.backendRef`, uses);
        return typeof use === 'string' ? 'unusable' : lowerExternalAuth(auth, use);
      });
    case 'ExtensionRef':
      return 'unusable';
    // Types that no version knows come from API servers with newer CRDs.
    default:
      return 'unusable';
  }
}

const given = <Settings>(settings: Settings | undefined, lower: (settings: Settings) => Lowered): Lowered =>
  settings === undefined ? 'unusable' : lower(settings);

/** `dropped`: the graph found the backend unusable; `unusable`: the graph knows nothing of it. */
function followed(path: string, uses: FilterUses): ClusterUse | 'dropped' | 'unusable' {
  const upstream = uses.backends.get(path);
  if (upstream === undefined) return 'unusable';
  if (!upstream.ok) return 'dropped';
  const use = useCluster(upstream.value, upstream.value.tls !== null, uses.poolOf(upstream.value));
  uses.clusters.push(use);
  return use;
}

function lowerEdit(edit: HTTPRouteRuleFilterRequestHeaderModifier): HeaderEdit {
  return {
    set: (edit.set ?? []).map(({ name, value }) => ({ name, value })),
    add: (edit.add ?? []).map(({ name, value }) => ({ name, value })),
    remove: (edit.remove ?? []).map((name) => name.toLowerCase()),
  };
}

function lowerPathRewrite(path: HTTPRouteRuleFilterUrlRewrite['path']): PathRewrite | null {
  if (path === undefined) return null;
  return path.type === 'ReplaceFullPath'
    ? { kind: 'full', value: path.replaceFullPath ?? '/' }
    : { kind: 'prefix', value: path.replacePrefixMatch ?? '' };
}

function lowerRedirect(redirect: HTTPRouteRuleFilterRequestRedirect): RedirectFilter {
  return {
    kind: 'redirect',
    scheme: redirect.scheme ?? null,
    hostname: redirect.hostname ?? null,
    path: lowerPathRewrite(redirect.path),
    port: redirect.port ?? null,
    status: redirect.statusCode ?? 302,
  };
}

function lowerUrlRewrite(rewrite: HTTPRouteRuleFilterUrlRewrite): UrlRewriteFilter {
  return {
    kind: 'url-rewrite',
    hostname: rewrite.hostname ?? null,
    path: lowerPathRewrite(rewrite.path),
  };
}

const DEFAULT_CORS_MAX_AGE_SECONDS = 5;

function lowerCors(cors: HTTPRouteRuleFilterCors): CorsFilter {
  return {
    kind: 'cors',
    allowOrigins: cors.allowOrigins ?? [],
    allowCredentials: cors.allowCredentials ?? false,
    allowMethods: cors.allowMethods ?? [],
    allowHeaders: cors.allowHeaders ?? [],
    exposeHeaders: cors.exposeHeaders ?? [],
    maxAgeSeconds: cors.maxAge ?? DEFAULT_CORS_MAX_AGE_SECONDS,
  };
}

function lowerMirror(mirror: HTTPRouteRuleFilterRequestMirror, use: ClusterUse): MirrorFilter {
  const { percent, fraction } = mirror;
  const [numerator, denominator] =
    fraction === undefined ? [percent ?? 100, 100] : [fraction.numerator, fraction.denominator ?? 100];
  return { kind: 'mirror', cluster: use.id, origin: originOf(use.upstream), numerator, denominator };
}

const lowerCase = (names: readonly string[] | undefined): readonly string[] =>
  (names ?? []).map((name) => name.toLowerCase());

function lowerExternalAuth(auth: HTTPRouteRuleFilterExternalAuth, use: ClusterUse): ExternalAuthFilter {
  return {
    kind: 'external-auth',
    cluster: use.id,
    origin: originOf(use.upstream),
    protocol:
      auth.protocol === 'GRPC'
        ? { kind: 'grpc', allowedRequestHeaders: lowerCase(auth.grpc?.allowedHeaders) }
        : {
            kind: 'http',
            pathPrefix: auth.http?.path ?? '',
            allowedRequestHeaders: lowerCase(auth.http?.allowedHeaders),
            allowedResponseHeaders: lowerCase(auth.http?.allowedResponseHeaders),
          },
    forwardBodyBytes: auth.forwardBody?.maxSize ?? 0,
  };
}
