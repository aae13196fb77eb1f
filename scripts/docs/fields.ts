/** Reference pages of kinds: every field, with its values and meaning, from the CustomResourceDefinition. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { KINDS } from '../../src/gatewayapi/kinds.ts';
import { listSpecFields } from '../../src/gatewayapi/spec-fields.ts';
import { readCrd, type JsonSchema } from '../generate/crd.ts';
import { asCode, markdownTable, type Section } from './section.ts';

const CRDS = join(import.meta.dirname, '..', '..', 'src', 'gatewayapi', 'crds');

/** How patterns of the CRDs begin that stand for a unit. */
const UNITS: readonly (readonly [start: string, unit: string])[] = [
  ['^([0-9]{1,5}(h|m|s|ms))', 'duration'],
  [String.raw`^[0-9]+(\.[0-9]+)?(k|M|G`, 'size'],
];

export function renderFields(kind: string, schema: JsonSchema): string {
  return markdownTable(
    ['field', 'values', 'meaning'],
    listSpecFields(kind).map((path) => {
      const { found, isRequired } = fieldAt(schema, path);
      if (found.description === undefined) throw new Error(`${path} of ${kind} has no description`);
      const values = isRequired ? `${valuesOf(found)}; required` : valuesOf(found);
      return [asCode(path), values, found.description];
    }),
  );
}

/** `spec.rules[].name`: the schema of the field, and whether the object that has the field needs it. */
function fieldAt(
  root: JsonSchema,
  path: string,
): { readonly found: JsonSchema; readonly isRequired: boolean } {
  let found = root;
  let isRequired = false;
  for (const name of path.split('.')) {
    const [property = ''] = name.split('[');
    isRequired = found.required?.includes(property) === true;
    const member = found.properties?.[property];
    if (member === undefined) throw new Error(`there is no field ${path}`);
    const { items } = member;
    found = name.endsWith('[]') && items !== undefined ? withDescription(items, member) : member;
  }
  return { found, isRequired };
}

/** Items of a list of plain values are described with the list. */
const withDescription = (items: JsonSchema, { description }: JsonSchema): JsonSchema =>
  items.description === undefined && description !== undefined ? { ...items, description } : items;

function valuesOf({ type, enum: values, minimum, maximum, pattern }: JsonSchema): string {
  if (values !== undefined) return values.map((value) => asCode(String(value))).join(', ');
  if (type === 'boolean') return '`true`, `false`';
  if (typeof pattern === 'string') {
    const unit = UNITS.find(([start]) => pattern.startsWith(start))?.[1];
    if (unit !== undefined) return unit;
  }
  if (type !== 'integer') return type === 'object' ? 'object' : 'text';
  if (typeof minimum !== 'number') return 'integer';
  return typeof maximum === 'number'
    ? `${String(minimum)} to ${String(maximum)}`
    : `${String(minimum)} or more`;
}

/** A section `fields-KIND` of `page`. */
const fieldsOf = (kind: string, page: string): Section => ({
  page: `docs/reference/${page}`,
  name: `fields-${kind.toLowerCase()}`,
  render: () => {
    const row = Object.values(KINDS).find((one) => one.kind === kind);
    if (row === undefined) throw new Error(`no kind ${kind}`);
    const text = readFileSync(join(CRDS, `${row.group}_${row.plural}.yaml`), 'utf8');
    const schema = readCrd(parse(text), Object.values(KINDS))?.versions[0].schema;
    if (schema === undefined) throw new Error(`no CRD of ${kind}`);
    return renderFields(kind, schema);
  },
});

export const FIELD_TABLES: readonly Section[] = [fieldsOf('DirectResponse', 'direct-response.md')];
