/** Objects drawn from the schemas of their kinds: of the right shape, and otherwise anything. */
import fc from 'fast-check';
import type { Kind } from '../../src/gatewayapi/kind.ts';
import { joinApiVersion } from '../../src/gatewayapi/validation/api-version.ts';
import { matchesPattern } from '../../src/gatewayapi/validation/pattern.ts';
import type { JsonObject, Schema } from '../../src/gatewayapi/validation/schema.ts';
import { NUMBERS, STRINGS } from './values.ts';

/** Names that objects have and refer to each other by, so that references often lead somewhere. */
const NAMES = ['a', 'b'] as const;
const NAMESPACES = ['default', 'other'] as const;

/** Fields whose values are drawn from those that other objects have. */
const LINKS: Readonly<Record<string, readonly string[]>> = {
  name: NAMES,
  namespace: NAMESPACES,
  gatewayClassName: NAMES,
  sectionName: ['a', 'b', 'http'],
};

const MAX_DEPTH = 9;

/** `isStrict`: values that the schema allows wherever one is known; else values of the right type alone. */
export function valueOf(schema: Schema, isStrict: boolean, depth = 0, name = ''): fc.Arbitrary<unknown> {
  if (schema.enum !== undefined) {
    const named = fc.constantFrom(...schema.enum);
    return isStrict ? named : fc.oneof({ weight: 6, arbitrary: named }, fc.constantFrom('Unheard', ''));
  }
  if (schema['x-kubernetes-int-or-string'] === true)
    return fc.constantFrom<unknown>(80, 0, '80', '64Ki', 'x');
  switch (schema.type) {
    case 'object':
      return objectOf(schema, isStrict, depth);
    case 'array': {
      const { items = {}, minItems = 0, maxItems = 3 } = schema;
      const limits = isStrict
        ? { minLength: minItems, maxLength: Math.max(minItems, Math.min(3, maxItems)) }
        : { maxLength: 3 };
      return fc.array(valueOf(items, isStrict, depth + 1, name), limits);
    }
    case 'integer':
    case 'number':
      return numberOf(schema, isStrict);
    case 'boolean':
      return fc.boolean();
    case 'string':
      return textOf(schema, isStrict, name);
    case undefined:
    default:
      return fc.constantFrom<unknown>('x', 1, true, {}, []);
  }
}

function objectOf(schema: Schema, isStrict: boolean, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  if (typeof additionalProperties === 'object') {
    return fc.dictionary(
      fc.constantFrom('a', 'example.org/x', '__proto__', 'gateway.sluice.dev/tls-min-version'),
      valueOf(additionalProperties, isStrict, depth + 1),
      { maxKeys: 2 },
    );
  }
  const fields = Object.entries(properties).filter(([name]) => required.includes(name) || depth < MAX_DEPTH);
  const model = Object.fromEntries(
    fields.map(([name, field]) => [name, valueOf(field, isStrict, depth + 1, name)]),
  );
  return fc.record(model, { requiredKeys: required.filter((name) => name in model) });
}

function numberOf(
  { minimum = -Infinity, maximum = Infinity }: Schema,
  isStrict: boolean,
): fc.Arbitrary<number> {
  const all = NUMBERS.filter(Number.isInteger);
  const fitting = all.filter((number) => number >= minimum && number <= maximum);
  const usual = fitting.filter((number) => number === 80 || number === 1);
  if (!isStrict) return fc.constantFrom(...all);
  return fc.oneof(fc.constantFrom(...(usual.length > 0 ? usual : fitting)), fc.constantFrom(...fitting));
}

function textOf(schema: Schema, isStrict: boolean, name: string): fc.Arbitrary<string> {
  const { pattern, maxLength = Infinity, minLength = 0 } = schema;
  const fitting = STRINGS.filter(
    (text) =>
      text.length <= maxLength &&
      text.length >= minLength &&
      (pattern === undefined || matchesPattern(pattern, text)),
  );
  const any = fc.constantFrom(...(isStrict && fitting.length > 0 ? fitting : STRINGS));
  const links = LINKS[name];
  return links === undefined ? any : fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...links) }, any);
}

/** An object of the kind in one of its versions. */
export function objectOfKind(
  { group, kind, namespaced }: Kind,
  version: string,
  { schema, isStrict }: { readonly schema: Schema; readonly isStrict: boolean },
): fc.Arbitrary<JsonObject> {
  const own = Object.fromEntries(
    Object.entries(schema.properties ?? {}).filter(([name]) => !['metadata', 'status'].includes(name)),
  );
  const body = valueOf({ ...schema, properties: own }, isStrict) as fc.Arbitrary<JsonObject>;
  return fc
    .record({ body, name: fc.constantFrom(...NAMES), namespace: fc.constantFrom(...NAMESPACES) })
    .map(({ body: fields, name, namespace }) => {
      const metadata = { name, ...(namespaced ? { namespace } : {}), generation: 1 };
      const object = { ...fields, apiVersion: joinApiVersion(group, version), kind, metadata };
      // As it would come over the wire: plain objects, whatever their keys are.
      return JSON.parse(JSON.stringify(object)) as JsonObject;
    });
}
