/** Filters that set, add and remove header fields of requests and responses. */
import type { HTTPRouteRuleFilterRequestHeaderModifier } from '../../gatewayapi/generated/types.ts';
import type { HeaderEdit } from '../../ir/filter.ts';
import type { Fault } from '../faults/fault.ts';
import { headerRepeated } from '../faults/route-faults.ts';
import type { FilterKind, FilterPlace } from './filter-kind.ts';

type HeaderModifier = HTTPRouteRuleFilterRequestHeaderModifier;

export const requestHeaders: FilterKind<HeaderModifier> = {
  type: 'RequestHeaderModifier',
  field: 'requestHeaderModifier',
  validate: validateEdit,
  lower: (modifier) => ({ kind: 'request-headers', edit: lowerEdit(modifier) }),
};

export const responseHeaders: FilterKind<HeaderModifier> = {
  type: 'ResponseHeaderModifier',
  field: 'responseHeaderModifier',
  actsOnFailures: true,
  validate: validateEdit,
  lower: (modifier) => ({ kind: 'response-headers', edit: lowerEdit(modifier) }),
};

/** Names of the headers that a modifier at `path` sets, adds and removes, each with its field path. */
export function editedHeaders(
  modifier: HeaderModifier | undefined,
  path: string,
): readonly (readonly [name: string, path: string])[] {
  return [
    ...(modifier?.set ?? []).map((header, index) => [header.name, `${path}.set[${index}]`] as const),
    ...(modifier?.add ?? []).map((header, index) => [header.name, `${path}.add[${index}]`] as const),
    ...(modifier?.remove ?? []).map((name, index) => [name, `${path}.remove[${index}]`] as const),
  ];
}

/** HTTPHeaderFilter: only one action for a given header name is permitted. */
function validateEdit(modifier: HeaderModifier, place: FilterPlace): readonly Fault[] {
  const faults: Fault[] = [];
  const seen = new Set<string>();
  for (const [name, path] of editedHeaders(modifier, place.path)) {
    const key = name.toLowerCase();
    if (seen.has(key)) faults.push(headerRepeated(path, name));
    seen.add(key);
  }
  return faults;
}

function lowerEdit(modifier: HeaderModifier): HeaderEdit {
  return {
    set: (modifier.set ?? []).map(({ name, value }) => ({ name, value })),
    add: (modifier.add ?? []).map(({ name, value }) => ({ name, value })),
    remove: (modifier.remove ?? []).map((name) => name.toLowerCase()),
  };
}
