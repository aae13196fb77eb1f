/** Objects with one field changed. */
import { isJsonObject, type JsonObject, type Path } from '../../src/gatewayapi/validation/schema.ts';

export function fieldAt(object: JsonObject, path: Path): unknown {
  return path.reduce<unknown>(
    (value, segment) => (value as Record<string | number, unknown>)[segment],
    object,
  );
}

/** A copy of `object` with `value` at `path`; `undefined` takes the field or element away. */
export function withValue(object: JsonObject, path: Path, value: unknown): JsonObject {
  return edited(object, path, value) as JsonObject;
}

function edited(holder: unknown, [segment, ...rest]: Path, value: unknown): unknown {
  if (segment === undefined) return value;
  if (Array.isArray(holder)) {
    const items = holder.map((item: unknown, index) =>
      index === segment ? edited(item, rest, value) : item,
    );
    return items.filter((item) => item !== undefined);
  }
  const members = holder as JsonObject;
  const changed = { ...members, [segment]: edited(members[segment], rest, value) };
  return Object.fromEntries(Object.entries(changed).filter(([, member]) => member !== undefined));
}

/** Words that some field somewhere takes, for fields that do not take any text. */
const WORDS = [
  'Cookie',
  'Header',
  'Prefix',
  'Exact',
  'RegularExpression',
  'PathPrefix',
  'Same',
  'All',
  'None',
  'HTTP',
  'TCP',
  'Core',
  'GRPC',
];

/** Replacement values, some of which the schema refuses. */
export function otherValues(value: unknown): readonly unknown[] {
  if (typeof value === 'string') {
    return [`${value}x`, `x${value}`, `x.${value}`, '7s', ...WORDS.filter((word) => word !== value)];
  }
  if (typeof value === 'number') return [value + 1, value - 1, value + 10];
  if (typeof value === 'boolean') return [!value];
  if (!isJsonObject(value)) return [];
  return [
    { ...value, 'example.org/added': 'x' },
    { ...value, added: 'x' },
  ];
}
