/** Where a kind lives in the API server. */
import { memoizeByKey } from '../lib/memoize-by-key.ts';

export interface KindInfo {
  readonly kind: string;
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespaced: boolean;
}

/** The same text for all objects of a kind. */
export const apiVersionOf = memoizeByKey(({ group, version }: KindInfo): string =>
  group === '' ? version : `${group}/${version}`,
);

/** `/apis/…/namespaces/ns/plural`; without `namespace`, the collection of all namespaces. */
export function collectionPath({ group, version, plural }: KindInfo, namespace: string | null): string {
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const scope = namespace === null || namespace === '' ? '' : `/namespaces/${encodeURIComponent(namespace)}`;
  return `${root}${scope}/${plural}`;
}

export const objectPath = (kind: KindInfo, namespace: string, name: string): string =>
  `${collectionPath(kind, kind.namespaced ? namespace : null)}/${encodeURIComponent(name)}`;
