/** Judges the filters of a rule or of one backendRef. */
import type { HTTPRouteRuleFilterRequestHeaderModifier } from '../../gatewayapi/generated/types.ts';
import type { Referrer } from '../../gatewayapi/reference-grant.ts';
import type { ObjectRef } from '../../gatewayapi/ref.ts';
import type { Result } from '../../lib/result.ts';
import type { Fault } from '../faults/fault.ts';
import { extensionRefUnknown } from '../faults/reference-faults.ts';
import {
  filterIncomplete,
  filterRepeated,
  filtersIncompatible,
  headerRepeated,
  prefixRewriteWithoutPrefix,
  valueUnsupported,
} from '../faults/route-faults.ts';
import { resolveBackend, type BackendContext } from './backend.ts';
import type { Upstream } from './nodes.ts';
import type { FilterSpec } from './route-adapter.ts';

export interface FilterJudgement {
  /** Faults of the filters as written: the rule is invalid. */
  readonly invalid: readonly Fault[];
  /** Filters that must not be skipped and cannot be run: requests get an error. */
  readonly unserved: readonly Fault[];
  /** Backends of mirrors and external auth, by field path of the reference. */
  readonly backends: ReadonlyMap<string, Result<Upstream, Fault>>;
}

export interface FilterContext {
  readonly backends: BackendContext;
  readonly from: Referrer;
  /** Every match of the rule is a path prefix, so that ReplacePrefixMatch has something to replace. */
  readonly allPrefixes: boolean;
}

/** The field that each filter type keeps its settings in. */
const FIELDS = {
  RequestHeaderModifier: 'requestHeaderModifier',
  ResponseHeaderModifier: 'responseHeaderModifier',
  RequestMirror: 'requestMirror',
  RequestRedirect: 'requestRedirect',
  URLRewrite: 'urlRewrite',
  CORS: 'cors',
  ExternalAuth: 'externalAuth',
  ExtensionRef: 'extensionRef',
} as const satisfies Readonly<Record<FilterSpec['type'], keyof FilterSpec>>;

const REPEATABLE: ReadonlySet<string> = new Set(['RequestMirror', 'ExtensionRef']);
const REDIRECT_CODES: readonly number[] = [301, 302, 303, 307, 308];

export function judgeFilters(
  filters: readonly FilterSpec[],
  path: string,
  context: FilterContext,
): FilterJudgement {
  const invalid: Fault[] = judgeTogether(filters, path);
  const unserved: Fault[] = [];
  const backends = new Map<string, Result<Upstream, Fault>>();
  for (const [index, filter] of filters.entries()) {
    const at = `${path}[${index}]`;
    const field = (FIELDS as Readonly<Record<string, keyof FilterSpec>>)[filter.type];
    if (field === undefined) {
      invalid.push(valueUnsupported(`${at}.type`, filter.type, Object.keys(FIELDS)));
    } else if (filter[field] === undefined) {
      invalid.push(filterIncomplete(at, field));
    } else {
      invalid.push(...judgeAlone(filter, at, context));
      unserved.push(...followReferences(filter, at, { context, backends }));
    }
  }
  return { invalid, unserved, backends };
}

function judgeTogether(filters: readonly FilterSpec[], path: string): Fault[] {
  const faults: Fault[] = [];
  const seen = new Set<string>();
  for (const [index, { type }] of filters.entries()) {
    if (seen.has(type) && !REPEATABLE.has(type)) faults.push(filterRepeated(`${path}[${index}]`, type));
    seen.add(type);
  }
  if (seen.has('RequestRedirect') && seen.has('URLRewrite')) {
    faults.push(filtersIncompatible(path, 'RequestRedirect', 'URLRewrite'));
  }
  return faults;
}

function judgeAlone(filter: FilterSpec, at: string, context: FilterContext): readonly Fault[] {
  switch (filter.type) {
    case 'RequestHeaderModifier':
      return judgeHeaders(filter.requestHeaderModifier, `${at}.requestHeaderModifier`);
    case 'ResponseHeaderModifier':
      return judgeHeaders(filter.responseHeaderModifier, `${at}.responseHeaderModifier`);
    case 'RequestRedirect': {
      const redirect = filter.requestRedirect;
      const faults = judgePath(redirect?.path?.type, `${at}.requestRedirect.path`, context);
      const { scheme, statusCode } = redirect ?? {};
      if (scheme !== undefined && !['http', 'https'].includes(scheme)) {
        faults.push(valueUnsupported(`${at}.requestRedirect.scheme`, scheme, ['http', 'https']));
      }
      if (statusCode !== undefined && !REDIRECT_CODES.includes(statusCode)) {
        const allowed = REDIRECT_CODES.map(String);
        faults.push(valueUnsupported(`${at}.requestRedirect.statusCode`, String(statusCode), allowed));
      }
      return faults;
    }
    case 'URLRewrite':
      return judgePath(filter.urlRewrite?.path?.type, `${at}.urlRewrite.path`, context);
    case 'ExternalAuth': {
      const protocol = filter.externalAuth?.protocol ?? '';
      return protocol === 'HTTP' || protocol === 'GRPC'
        ? []
        : [valueUnsupported(`${at}.externalAuth.protocol`, protocol, ['HTTP', 'GRPC'])];
    }
    case 'RequestMirror':
    case 'CORS':
    case 'ExtensionRef':
      return [];
  }
}

/** Names of the headers that a modifier at `at` sets, adds and removes, each with its field path. */
export function editedHeaders(
  edit: HTTPRouteRuleFilterRequestHeaderModifier | undefined,
  at: string,
): readonly (readonly [name: string, path: string])[] {
  return [
    ...(edit?.set ?? []).map((header, index) => [header.name, `${at}.set[${index}]`] as const),
    ...(edit?.add ?? []).map((header, index) => [header.name, `${at}.add[${index}]`] as const),
    ...(edit?.remove ?? []).map((name, index) => [name, `${at}.remove[${index}]`] as const),
  ];
}

/** HTTPHeaderFilter: only one action for a given header name is permitted. */
function judgeHeaders(edit: HTTPRouteRuleFilterRequestHeaderModifier | undefined, at: string): Fault[] {
  const faults: Fault[] = [];
  const seen = new Set<string>();
  for (const [name, path] of editedHeaders(edit, at)) {
    const key = name.toLowerCase();
    if (seen.has(key)) faults.push(headerRepeated(path, name));
    seen.add(key);
  }
  return faults;
}

function judgePath(type: string | undefined, at: string, context: FilterContext): Fault[] {
  if (type === undefined || type === 'ReplaceFullPath') return [];
  if (type !== 'ReplacePrefixMatch') {
    return [valueUnsupported(`${at}.type`, type, ['ReplaceFullPath', 'ReplacePrefixMatch'])];
  }
  return context.allPrefixes ? [] : [prefixRewriteWithoutPrefix(at)];
}

/** Follows the references of a filter; returns why it cannot be run, if it must be and cannot. */
function followReferences(
  filter: FilterSpec,
  at: string,
  into: { readonly context: FilterContext; readonly backends: Map<string, Result<Upstream, Fault>> },
): readonly Fault[] {
  const { backends, from } = into.context;
  if (filter.requestMirror !== undefined) {
    const path = `${at}.requestMirror.backendRef`;
    const traffic = from.kind === 'GRPCRoute' ? 'gRPC' : 'HTTP';
    const ref = filter.requestMirror.backendRef;
    // A mirror that leads nowhere is dropped; the request itself goes its way (HTTPRequestMirrorFilter.backendRef).
    into.backends.set(path, resolveBackend(backends, { from, ref, traffic, path }));
  }
  if (filter.externalAuth !== undefined) {
    const path = `${at}.externalAuth.backendRef`;
    const { backendRef: ref, protocol } = filter.externalAuth;
    const traffic = protocol === 'GRPC' ? 'gRPC' : 'HTTP';
    const upstream = resolveBackend(backends, { from, ref, traffic, path });
    into.backends.set(path, upstream);
    // This filter fails closed (HTTPRouteFilter.externalAuth).
    if (!upstream.ok) return [upstream.failure];
  }
  if (filter.extensionRef !== undefined) {
    const target: ObjectRef = { ...filter.extensionRef, namespace: from.namespace };
    return [extensionRefUnknown(`${at}.extensionRef`, target)];
  }
  return [];
}
