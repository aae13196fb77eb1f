/** Reads the filters of a rule or of one backendRef: finds their kinds, validates their settings, and resolves their backends. */
import { failure, success, type Result } from '../../lib/result.ts';
import { compactArray } from '../../lib/compact-array.ts';
import type { Fault } from '../faults/fault.ts';
import {
  resolveExtension,
  type ConfiguredFilter,
  type ExtensionSources,
} from '../extension/resolve-extension.ts';
import { extensionRefNotFound } from '../faults/reference-faults.ts';
import {
  filterIncomplete,
  filterRepeated,
  filtersIncompatible,
  valueUnsupported,
} from '../faults/route-faults.ts';
import { resolveBackend, type BackendContext } from '../graph/backend.ts';
import type { FilterNode, Upstream } from '../graph/nodes.ts';
import type { Sources } from '../graph/reads.ts';
import type { FilterSpec } from '../graph/route-adapter.ts';
import type { PolicyNode } from '../policy/policy-kind.ts';
import type { FilterKind, FilterKinds, FilterPlace } from './filter-kind.ts';

export interface FilterContext extends Omit<FilterPlace, 'path' | 'beside'> {
  readonly kinds: FilterKinds;
  readonly backends: BackendContext;
  readonly extensions: ExtensionSources;
}

export interface ReadFilters {
  readonly filters: readonly FilterNode[];
  /** What is wrong with the filters as written, also with several of them together. */
  readonly invalid: readonly Fault[];
}

/** `path`: field path of the list. */
export function readFilters(specs: readonly FilterSpec[], path: string, context: FilterContext): ReadFilters {
  const read = specs.map((spec, index) =>
    readFilter(spec, `${path}[${index}]`, { ...context, beside: specs }),
  );
  const filters = compactArray(read.map(({ node }) => node));
  return {
    filters,
    invalid: [...validateTogether(filters, path), ...read.flatMap(({ invalid }) => invalid)],
  };
}

/** The filters of a closed rule, not validated: only those that act on its 500 response are used. */
export const readClosedFilters = (
  specs: readonly FilterSpec[],
  path: string,
  kinds: FilterKinds,
): readonly FilterNode[] =>
  compactArray(specs.map((spec, index) => unresolved(spec, `${path}[${index}]`, kinds)));

/** Why filters that are valid cannot be served. */
export const unservedFaults = (filters: readonly FilterNode[]): readonly Fault[] =>
  filters.flatMap(({ unserved }) => unserved);

/** Backends that filters send requests to, usable or not. */
export const filterUpstreams = (filters: readonly FilterNode[]): readonly Result<Upstream, Fault>[] =>
  filters.flatMap(({ upstream }) => upstream ?? []);

interface ReadFilter {
  readonly node: FilterNode;
  readonly invalid: readonly Fault[];
}

function readFilter(
  spec: FilterSpec,
  path: string,
  { kinds, backends, extensions, ...where }: FilterContext & Pick<FilterPlace, 'beside'>,
): ReadFilter {
  const node = unresolved(spec, path, kinds);
  const { kind, settings } = node;
  if (kind === null) {
    return { node, invalid: [valueUnsupported(`${path}.type`, spec.type, [...kinds.keys()])] };
  }
  if (settings === null) return { node, invalid: [filterIncomplete(path, kind.field)] };
  const place = { ...where, path: `${path}.${kind.field}` };
  const attached = resolveFilterPolicy(kind, settings, { place, policies: backends.policies });
  if (attached !== null) {
    return attached.ok
      ? { node: { ...node, policy: attached.value }, invalid: [] }
      : { node: { ...node, unserved: [attached.failure] }, invalid: [] };
  }
  const ref = kind.refersTo?.(settings, place);
  if (ref === undefined) return readSettings(node, { kind, settings }, { place, backends });
  const configured = resolveExtension(ref, place.path, extensions);
  return configured.ok
    ? readSettings(node, configured.value, { place, backends })
    : { node: { ...node, unserved: [configured.failure] }, invalid: [] };
}

function readSettings(
  node: FilterNode,
  { kind, settings }: ConfiguredFilter,
  { place, backends }: { readonly place: FilterPlace; readonly backends: BackendContext },
): ReadFilter {
  const invalid = kind.validate?.(settings, place) ?? [];
  const upstream = resolveUpstream(kind, settings, place, backends);
  const isMissing = upstream !== null && !upstream.ok && kind.backend?.isOptional !== true;
  const unserved = [...(isMissing ? [upstream.failure] : []), ...(kind.unserved?.(settings, place) ?? [])];
  return { node: { ...node, kind, settings, upstream, unserved: compactArray(unserved) }, invalid };
}

/** The policy that a filter refers to, or why there is none; null: the filter refers to no policy. */
function resolveFilterPolicy(
  kind: FilterKind,
  settings: object,
  { place, policies }: { readonly place: FilterPlace; readonly policies: Sources['policies'] },
): Result<PolicyNode, Fault> | null {
  const ref = kind.refersTo?.(settings, place);
  if (ref === undefined || !policies.isReferable(ref.group, ref.kind)) return null;
  const policy = policies.referable(ref);
  return policy === undefined ? failure(extensionRefNotFound(place.path, ref)) : success(policy);
}

const NO_FAULTS: readonly Fault[] = [];

/** A filter whose settings are not validated and whose backend is not resolved. */
function unresolved(spec: FilterSpec, path: string, kinds: FilterKinds): FilterNode {
  // The type decides, whatever other settings the filter has.
  const kind = kinds.get(spec.type) ?? null;
  const fields = spec as unknown as Readonly<Record<string, object | undefined>>;
  const settings = kind === null ? null : (fields[kind.field] ?? null);
  return { spec, path, kind, settings, policy: null, upstream: null, unserved: NO_FAULTS };
}

function resolveUpstream(
  { backend }: FilterKind,
  settings: object,
  place: FilterPlace,
  backends: BackendContext,
): FilterNode['upstream'] {
  if (backend === undefined) return null;
  const { ref, traffic } = backend.reference(settings, place);
  return resolveBackend(backends, { from: place.from, ref, traffic, path: `${place.path}.backendRef` });
}

function validateTogether(filters: readonly FilterNode[], path: string): readonly Fault[] {
  const faults: Fault[] = [];
  const kinds = new Map<string, FilterKind | null>();
  for (const [index, { kind, spec }] of filters.entries()) {
    const type = kind?.type ?? spec.type;
    if (kinds.has(type) && kind?.isRepeatable !== true)
      faults.push(filterRepeated(`${path}[${index}]`, type));
    kinds.set(type, kind);
  }
  for (const [type, kind] of kinds) {
    for (const other of kind?.incompatibleWith ?? []) {
      if (kinds.has(other)) faults.push(filtersIncompatible(path, type, other));
    }
  }
  return faults;
}
