/** Which lists of the API depend on which input of the view. */
import type { CollectionName } from '../api/collections.ts';

/** Inputs, and whether they changed. */
export interface ChangedInputs {
  /** Of the snapshot. */
  readonly objects: boolean;
  readonly statuses: boolean;
  readonly configs: boolean;
  readonly findings: boolean;
  readonly observations: boolean;
  readonly proxies: boolean;
  /** Since when objects are served. */
  readonly served: boolean;
  /** Since when earlier changes are served. */
  readonly changes: boolean;
  readonly health: boolean;
  /** Of the process itself. */
  readonly process: boolean;
}

export const NO_CHANGE: ChangedInputs = {
  objects: false,
  statuses: false,
  configs: false,
  findings: false,
  observations: false,
  proxies: false,
  served: false,
  changes: false,
  health: false,
  process: false,
};

const OBJECT_LISTS = ['gateways', 'listeners', 'routes', 'attachments', 'policies'] as const;

const AFFECTED: Readonly<Record<keyof ChangedInputs, readonly CollectionName[]>> = {
  objects: OBJECT_LISTS,
  statuses: [...OBJECT_LISTS, 'objects'],
  configs: [...OBJECT_LISTS, 'backends', 'proxies', 'certificates'],
  findings: ['findings'],
  observations: ['gateways'],
  proxies: ['gateways', 'listeners', 'proxies'],
  served: ['gateways', 'routes', 'policies', 'objects'],
  changes: ['changes'],
  health: ['backends'],
  process: [],
};

/** Lists by the names of the inputs that changed: few combinations occur. */
const known = new Map<string, readonly CollectionName[]>();

/** Null when nothing changed. A change of the process shows in the summary alone. */
export function affectedCollections(inputs: ChangedInputs): readonly CollectionName[] | null {
  const changed = (Object.keys(AFFECTED) as (keyof ChangedInputs)[]).filter((name) => inputs[name]);
  if (changed.length === 0) return null;
  const key = changed.join();
  const collections = known.get(key) ?? [...new Set(changed.flatMap((name) => AFFECTED[name]))].toSorted();
  known.set(key, collections);
  return collections;
}
