/** Filters of a rule or backendRef, in the order they are written. Only called for rules that are valid and served. */
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
import type { Result } from '../../lib/result.ts';
import type { Fault } from '../faults/fault.ts';
import type { Upstream } from '../graph/nodes.ts';
import type { FilterSpec } from '../graph/route-adapter.ts';
import type { Pool } from './policy-lowering.ts';
import { originOf, useCluster, type ClusterUse } from './upstreams.ts';

/** Backends of filters by field path, and where the clusters they need are noted. */
export interface FilterUses {
  readonly backends: ReadonlyMap<string, Result<Upstream, Fault>>;
  readonly clusters: ClusterUse[];
  readonly poolOf: (upstream: Upstream) => Pool;
}

export function lowerFilters(
  filters: readonly FilterSpec[],
  path: string,
  uses: FilterUses,
): readonly Filter[] {
  return filters.flatMap((filter, index) => {
    const lowered = lowerFilter(filter, `${path}[${index}]`, uses);
    return lowered === null ? [] : [lowered];
  });
}

function lowerFilter(filter: FilterSpec, path: string, uses: FilterUses): Filter | null {
  if (filter.requestHeaderModifier !== undefined) {
    return { kind: 'request-headers', edit: lowerEdit(filter.requestHeaderModifier) };
  }
  if (filter.responseHeaderModifier !== undefined) {
    return { kind: 'response-headers', edit: lowerEdit(filter.responseHeaderModifier) };
  }
  if (filter.requestRedirect !== undefined) return lowerRedirect(filter.requestRedirect);
  if (filter.urlRewrite !== undefined) return lowerUrlRewrite(filter.urlRewrite);
  if (filter.cors !== undefined) return lowerCors(filter.cors);
  if (filter.requestMirror !== undefined) {
    const use = followed(`${path}.requestMirror.backendRef`, uses);
    return use === null ? null : lowerMirror(filter.requestMirror, use);
  }
  if (filter.externalAuth !== undefined) {
    const use = followed(`${path}.externalAuth.backendRef`, uses);
    return use === null ? null : lowerExternalAuth(filter.externalAuth, use);
  }
  return null;
}

function followed(path: string, uses: FilterUses): ClusterUse | null {
  const upstream = uses.backends.get(path);
  if (upstream?.ok !== true) return null;
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
