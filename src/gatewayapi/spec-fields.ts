/** The fields of a kind's spec in its schema. Tests compare documents and the translator with them. */
import { REGISTRY } from './kind-registry.ts';
import type { Schema } from './validation/schema.ts';

/**
 * Paths of all fields below `spec` that hold a value of their own, of the version that the types are made of; elements of lists are marked
 * `[]`: `spec.rules[].matches[].path.type`, `spec.hostnames[]`. Maps with free keys and objects without fields are one path. Sorted;
 * throws for a kind that Sluice does not read.
 */
export function listSpecFields(kind: string): readonly string[] {
  const spec = REGISTRY.named(kind)?.schema.properties?.['spec'];
  if (spec === undefined) throw new Error(`no schema with a spec for kind ${kind}`);
  const paths: string[] = [];
  collect(spec, 'spec', paths);
  return paths.toSorted();
}

function collect(schema: Schema, path: string, paths: string[]): void {
  if (schema.items !== undefined) {
    collect(schema.items, `${path}[]`, paths);
    return;
  }
  const fields = Object.entries(schema.properties ?? {});
  if (fields.length === 0) paths.push(path);
  for (const [name, field] of fields) collect(field, `${path}.${name}`, paths);
}
