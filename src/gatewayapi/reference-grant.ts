/** Who may refer to objects of other namespaces (ReferenceGrant). */
import type { ReferenceGrant } from './generated/types.ts';
import type { ObjectRef } from './ref.ts';

/** Who refers: kind and namespace decide which ReferenceGrant is needed. */
export interface Referrer {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string;
}

const ANY_NAME = '*';

/** Names that may be referred to (`*`: all), by referring kind and namespace, and by referenced kind and namespace. */
export type GrantIndex = ReadonlyMap<string, ReadonlySet<string>>;

function trustKey(from: Referrer, to: Omit<ObjectRef, 'name'>): string {
  return [from.group, from.kind, from.namespace, to.group, to.kind, to.namespace].join('|');
}

/** ReferenceGrantSpec: every `from` may refer to every `to`; entries of all grants add up. `each` may handle failures of one grant. */
export function indexGrants(
  grants: readonly ReferenceGrant[],
  each: (grant: ReferenceGrant, add: () => void) => void = (_, add) => {
    add();
  },
): GrantIndex {
  const index = new Map<string, Set<string>>();
  for (const grant of grants) {
    each(grant, () => {
      addGrant(index, grant);
    });
  }
  return index;
}

function addGrant(index: Map<string, Set<string>>, { spec, metadata }: ReferenceGrant): void {
  for (const from of spec.from) {
    for (const to of spec.to) {
      const key = trustKey(from, { group: to.group, kind: to.kind, namespace: metadata.namespace ?? '' });
      const names = index.get(key) ?? new Set();
      names.add(to.name === undefined || to.name === '' ? ANY_NAME : to.name);
      index.set(key, names);
    }
  }
}

/** Whether `from` may refer to `to`: always in its own namespace, elsewhere if a grant allows it. */
export function isGranted(index: GrantIndex, from: Referrer, to: ObjectRef): boolean {
  if (from.namespace === to.namespace) return true;
  const names = index.get(trustKey(from, to));
  return names !== undefined && (names.has(to.name) || names.has(ANY_NAME));
}
