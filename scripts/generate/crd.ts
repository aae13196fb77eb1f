/** The parts of a CustomResourceDefinition that the generator reads. */
import type { Kind } from '../../src/gatewayapi/kind.ts';

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
  /** The versions that Sluice reads, the preferred one, which the types are made of, first. */
  readonly versions: readonly [CrdVersion, ...CrdVersion[]];
}

interface CrdDocument {
  readonly kind: string;
  readonly spec: {
    readonly group: string;
    readonly scope: string;
    readonly names: { readonly kind: string; readonly plural: string };
    readonly versions: readonly {
      readonly name: string;
      readonly served: boolean;
      readonly storage: boolean;
      readonly schema: { readonly openAPIV3Schema: JsonSchema };
    }[];
  };
}

/**
 * null for documents that are no CustomResourceDefinition, or one of a kind that is not in `kinds`. Throws when it contradicts the table
 * of kinds.
 */
export function readCrd(document: unknown, kinds: readonly Kind[]): Crd | null {
  const { kind: type, spec } = document as CrdDocument;
  if (type !== 'CustomResourceDefinition') return null;
  const { group, names, scope } = spec;
  const row = kinds.find((one) => one.group === group && one.kind === names.kind);
  if (row === undefined) return null;
  if (row.plural !== names.plural || row.namespaced !== (scope === 'Namespaced')) {
    throw new Error(`plural or scope of ${names.kind} is not that of its CRD`);
  }
  const served = spec.versions.filter((version) => version.served).map(({ name }) => name);
  if (served.toSorted().join() !== row.versions.toSorted().join()) {
    throw new Error(`the CRD of ${names.kind} serves ${served.join(', ')}`);
  }
  const versionOf = (wanted: string): CrdVersion => {
    const version = spec.versions.find(({ name }) => name === wanted);
    if (version === undefined) throw new Error(`the CRD of ${names.kind} has no version ${wanted}`);
    return { name: wanted, schema: version.schema.openAPIV3Schema };
  };
  const [preferred, ...others] = row.versions;
  return { group, kind: row.kind, versions: [versionOf(preferred), ...others.map(versionOf)] };
}
