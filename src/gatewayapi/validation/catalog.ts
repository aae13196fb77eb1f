/** The kinds that Sluice knows, their versions and their schemas. */
import data from '../generated/schemas.json' with { type: 'json' };
import { CORE_SCHEMAS } from './core-schemas.ts';
import type { Schema } from './schema.ts';

export interface KindSchemas {
  readonly group: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** The version that the types are made of, and that objects are brought to. */
  readonly storageVersion: string;
  readonly versions: Readonly<Record<string, Schema>>;
}

// The shape of generated data is the generator's promise; TypeScript's own reading of it would be a union of hundreds.
const generated = data as unknown as Readonly<Record<string, KindSchemas>>;

const kinds = new Map<string, KindSchemas>(
  [...Object.values(generated), ...CORE_SCHEMAS].map((entry) => [keyOf(entry.group, entry.kind), entry]),
);

function keyOf(group: string, kind: string): string {
  return `${group}/${kind}`;
}

export const findKind = (group: string, kind: string): KindSchemas | null =>
  kinds.get(keyOf(group, kind)) ?? null;

export const allKinds = (): readonly KindSchemas[] => [...kinds.values()];

/** `apps/v1` → group and version; the core group's is ``. */
export function splitApiVersion(apiVersion: string): { readonly group: string; readonly version: string } {
  const slash = apiVersion.indexOf('/');
  return slash === -1
    ? { group: '', version: apiVersion }
    : { group: apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

export const joinApiVersion = (group: string, version: string): string =>
  group === '' ? version : `${group}/${version}`;
