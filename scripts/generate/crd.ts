/** The parts of a CustomResourceDefinition that the generator reads. */

export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly items?: JsonSchema;
  readonly additionalProperties?: JsonSchema | boolean;
  readonly enum?: readonly unknown[];
  readonly format?: string;
  readonly nullable?: boolean;
  readonly default?: unknown;
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean;
  readonly [keyword: string]: unknown;
}

export interface CrdVersion {
  readonly name: string;
  readonly schema: JsonSchema;
}

export interface Crd {
  readonly group: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Served versions. */
  readonly versions: readonly CrdVersion[];
  /** The version that the types are made of: `v1` where served, else the storage version. */
  readonly typeVersion: string;
}

interface CrdDocument {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: JsonSchema };
    }[];
  };
}

/** null for documents that are no CustomResourceDefinition. */
export function readCrd(document: unknown): Crd | null {
  const { kind, spec } = document as CrdDocument;
  if (kind !== 'CustomResourceDefinition') return null;
  const served = spec.versions.filter((version) => version.served);
  const chosen =
    served.find(({ name }) => name === 'v1') ?? served.find(({ storage }) => storage) ?? served[0];
  if (chosen === undefined) return null;
  return {
    group: spec.group,
    kind: spec.names.kind,
    namespaced: spec.scope === 'Namespaced',
    versions: served.map(({ name, schema }) => ({ name, schema: schema.openAPIV3Schema })),
    typeVersion: chosen.name,
  };
}
