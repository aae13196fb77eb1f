/**
 * Manifests with a few things wrong, or merely different: made from valid ones by small random edits, some of them led by the schema so that
 * all of it is reached.
 */
import { REGISTRY } from '../../src/gatewayapi/kind-registry.ts';
import { splitApiVersion } from '../../src/gatewayapi/validation/api-version.ts';
import { matchesPattern } from '../../src/gatewayapi/validation/pattern.ts';
import {
  fieldSchema,
  isJsonObject,
  type JsonObject,
  type Schema,
} from '../../src/gatewayapi/validation/schema.ts';
import type { Random } from '../support/random.ts';
import { KEYS, NUMBERS, STRINGS, VALUES } from './values.ts';

type Mutable = Record<string, unknown>;

/** An object or list of the manifest, with what the schema says of it. */
interface Container {
  readonly value: Mutable | unknown[];
  readonly schema: Schema | null;
}

/** A copy of `seed` after one to three edits. */
export function mutate(random: Random, seed: JsonObject): JsonObject {
  const object = structuredClone(seed) as Mutable;
  const edits = 1 + random.below(3);
  for (let edit = 0; edit < edits; edit += 1) editOnce(random, object);
  return object;
}

function editOnce(random: Random, object: Mutable): void {
  const container = random.pick(containersOf(object));
  const { value, schema } = container;
  if (Array.isArray(value)) editList(random, value, schema?.items ?? null);
  else editObject(random, value, schema);
}

/** The body's containers many times over, the rest once: most faults of users are in the spec. */
function containersOf(object: Mutable): Container[] {
  const found: Container[] = [];
  const { group, version } = splitApiVersion(String(object['apiVersion']));
  const schema = REGISTRY.find(group, String(object['kind']))?.schemas[version] ?? null;
  collect(object, schema, found);
  return found;
}

function collect(value: unknown, schema: Schema | null, found: Container[]): void {
  if (Array.isArray(value)) {
    found.push({ value, schema });
    for (const item of value) collect(item, schema?.items ?? null, found);
  } else if (isJsonObject(value)) {
    found.push({ value, schema });
    for (const [name, child] of Object.entries(value)) {
      collect(child, schema === null ? null : fieldSchema(schema, name), found);
    }
  }
}

function editObject(random: Random, value: Mutable, schema: Schema | null): void {
  const names = Object.keys(value);
  const known = Object.keys(schema?.properties ?? {}).filter(
    (name) => name !== 'metadata' && name !== 'status',
  );
  const action = random.below(12);
  if (action < 3 && known.length > 0) {
    const name = random.pick(known);
    value[name] = sample(random, schema?.properties?.[name] ?? {}, 0);
  } else if (names.length === 0 || action === 3) value[random.pick(STRINGS)] = anything(random);
  else if (action < 6) Reflect.deleteProperty(value, random.pick(names));
  else if (action < 8) {
    const name = random.pick(names);
    const moved = value[name];
    Reflect.deleteProperty(value, name);
    value[misspell(random, name)] = moved;
  } else if (action < 9) value[random.pick(names)] = anything(random);
  else {
    const name = random.pick(names);
    const field = schema === null ? null : fieldSchema(schema, name);
    value[name] = field === null ? anything(random) : sample(random, field, 0);
  }
}

function editList(random: Random, value: unknown[], items: Schema | null): void {
  const at = random.below(value.length + 1);
  const action = random.below(7);
  if (action === 0) value.splice(at, 1);
  else if (action === 1 && value.length > 0) value.push(structuredClone(random.pick(value)));
  else if (action === 2) value[at] = anything(random);
  else if (action === 3 && value.length > 0 && value.length < 20) enlarge(random, value);
  else if (action === 4) value.length = 0;
  else value[at] = sample(random, items ?? {}, 0);
}

/** Past the limits of lists, with elements that differ in what tells them apart. */
function enlarge(random: Random, value: unknown[]): void {
  const model = random.pick(value);
  const count = random.pick([2, 8, 9, 16, 17, 64, 65]);
  for (let copy = 0; copy < count; copy += 1) {
    const element = structuredClone(model);
    if (isJsonObject(element)) {
      const target: Mutable = element;
      if (typeof target['name'] === 'string') target['name'] = `${target['name']}-${String(copy)}`;
      if (typeof target['port'] === 'number') target['port'] = 1000 + copy;
      value.push(target);
    } else value.push(typeof element === 'string' ? `${element}-${String(copy)}` : element);
  }
}

function misspell(random: Random, name: string): string {
  const at = random.below(Math.max(1, name.length - 1));
  switch (random.below(4)) {
    case 0:
      return name.slice(0, at) + name.slice(at + 1);
    case 1:
      return name.toLowerCase() === name ? name.toUpperCase() : name.toLowerCase();
    case 2:
      return `${name}s`;
    default:
      return name.slice(0, at) + name.charAt(at + 1) + name.charAt(at) + name.slice(at + 2);
  }
}

/** A copy: what is put into a manifest may be edited further. */
const anything = (random: Random): unknown => structuredClone(random.pick(VALUES));

const MAX_DEPTH = 6;

/** A value that the schema mostly allows: unions come out wrong as often as right, which is what rules are for. */
function sample(random: Random, schema: Schema, depth: number): unknown {
  if (random.chance(0.04)) return anything(random);
  if (schema.enum !== undefined) return random.pick(schema.enum);
  if (schema.default !== undefined && random.chance(0.3)) return structuredClone(schema.default);
  if (schema['x-kubernetes-int-or-string'] === true) return random.pick([1, 80, '80', '64Ki', 'http', -1]);
  switch (schema.type) {
    case 'object':
      return sampleObject(random, schema, depth);
    case 'array':
      return Array.from({ length: random.below(3) + (schema.minItems ?? 0) }, () =>
        sample(random, schema.items ?? {}, depth + 1),
      );
    case 'integer':
    case 'number':
      return random.pick(
        NUMBERS.filter((number) => random.chance(0.1) || isInRange(schema, number)).concat(
          schema.minimum ?? 1,
        ),
      );
    case 'boolean':
      return random.chance(0.5);
    case 'string':
      return sampleString(random, schema);
    case undefined:
    default:
      return anything(random);
  }
}

function sampleObject(random: Random, schema: Schema, depth: number): Mutable {
  const result: Mutable = {};
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    const isRequired = schema.required?.includes(name) === true;
    if ((isRequired && random.chance(0.97)) || (depth < MAX_DEPTH && random.chance(0.3))) {
      result[name] = sample(random, field, depth + 1);
    }
  }
  const { additionalProperties } = schema;
  if (typeof additionalProperties === 'object' && random.chance(0.7)) {
    result[random.pick(KEYS)] = sample(random, additionalProperties, depth + 1);
  }
  return result;
}

const isInRange = ({ minimum, maximum }: Schema, value: number): boolean =>
  Number.isInteger(value) && value >= (minimum ?? -Infinity) && value <= (maximum ?? Infinity);

function sampleString(random: Random, { pattern, maxLength, minLength }: Schema): string {
  const fitting = STRINGS.filter(
    (text) =>
      text.length <= (maxLength ?? Infinity) &&
      text.length >= (minLength ?? 0) &&
      (pattern === undefined || matchesPattern(pattern, text)),
  );
  return fitting.length === 0 || random.chance(0.08) ? random.pick(STRINGS) : random.pick(fitting);
}
