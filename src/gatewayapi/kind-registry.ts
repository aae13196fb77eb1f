/** The kinds that Sluice reads, with their schemas. */
import generated from './generated/schemas.json' with { type: 'json' };
import { isCustom, type Kind, type KindTable } from './kind.ts';
import { KINDS } from './kinds.ts';
import { joinApiVersion } from './validation/api-version.ts';
import { CORE_SCHEMAS } from './validation/core-schemas.ts';
import type { Schema } from './validation/schema.ts';

/** Schemas by version, by `group/Kind`. */
export type KindSchemas = Readonly<Record<string, Readonly<Record<string, Schema>>>>;

export interface RegisteredKind extends Kind {
  /** Its list in the snapshot. */
  readonly list: string;
  /** By version. */
  readonly schemas: Readonly<Record<string, Schema>>;
  /** Of the preferred version. */
  readonly schema: Schema;
  /** With the preferred version. */
  readonly apiVersion: string;
}

export class KindRegistry {
  /** In the order of the table. */
  readonly kinds: readonly RegisteredKind[];
  readonly #byGroupAndKind: ReadonlyMap<string, RegisteredKind>;
  readonly #byKind: ReadonlyMap<string, RegisteredKind>;

  /** Throws when a version of a kind has no schema. */
  constructor(table: KindTable, schemas: KindSchemas) {
    this.kinds = Object.entries(table).map(([list, kind]) => register(list, kind, schemas));
    this.#byGroupAndKind = new Map(this.kinds.map((kind) => [keyOf(kind.group, kind.kind), kind]));
    this.#byKind = new Map(this.kinds.map((kind) => [kind.kind, kind]));
  }

  find(group: string, kind: string): RegisteredKind | null {
    return this.#byGroupAndKind.get(keyOf(group, kind)) ?? null;
  }

  /** By its name, which is unique in the table. */
  named(kind: string): RegisteredKind | null {
    return this.#byKind.get(kind) ?? null;
  }

  /** Those that CustomResourceDefinitions define. */
  get custom(): readonly RegisteredKind[] {
    return this.kinds.filter(isCustom);
  }
}

const keyOf = (group: string, kind: string): string => `${group}/${kind}`;

function register(list: string, kind: Kind, schemas: KindSchemas): RegisteredKind {
  const [preferred] = kind.versions;
  const own = schemas[keyOf(kind.group, kind.kind)] ?? {};
  const schema = own[preferred];
  const absent = kind.versions.find((version) => own[version] === undefined);
  if (schema === undefined || absent !== undefined) {
    throw new Error(`${kind.kind} ${absent ?? preferred} has no schema: run npm run generate`);
  }
  return { ...kind, list, schemas: own, schema, apiVersion: joinApiVersion(kind.group, preferred) };
}

// The generator writes this shape; TypeScript would infer a union of hundreds of types from the JSON.
export const SCHEMAS: KindSchemas = { ...(generated as unknown as KindSchemas), ...CORE_SCHEMAS };

export const REGISTRY = new KindRegistry(KINDS, SCHEMAS);
