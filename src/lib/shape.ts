/**
 * Schemas for what another process sends. A shape takes any value and returns it typed, or throws a `ShapeError` that says where the
 * value is wrong. Every text, list and record has a bound. Members that a shape does not name are dropped, so peers of a newer
 * version may send more.
 */

export type Shape<T> = (value: unknown) => T;

export class ShapeError extends Error {
  override readonly name = 'ShapeError';
  readonly #problem: string;

  constructor(problem: string) {
    super(problem);
    this.#problem = problem;
  }

  /** The same problem, seen from one level further out. */
  within(member: string): ShapeError {
    const separator = this.#problem.startsWith('[') || this.#problem.startsWith(' ') ? '' : '.';
    return new ShapeError(`${member}${separator}${this.#problem}`);
  }
}

/** ` is a list, not text`: preceded by the path of the member. */
function mismatch(value: unknown, expected: string): ShapeError {
  return new ShapeError(` is ${describe(value)}, not ${expected}`);
}

function describe(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  const kind = typeof value;
  if (kind === 'undefined') return 'missing';
  return kind === 'object' ? 'an object' : `a ${kind}`;
}

/** At most `max` UTF-16 code units. */
export const text =
  (max: number): Shape<string> =>
  (value) => {
    if (typeof value !== 'string') throw mismatch(value, 'text');
    if (value.length > max) throw new ShapeError(` is longer than ${String(max)} characters`);
    return value;
  };

/** For messages to people: a longer one is cut. */
export const clippedText =
  (max: number): Shape<string> =>
  (value) => {
    if (typeof value !== 'string') throw mismatch(value, 'text');
    return value.length > max ? `${value.slice(0, max - 1)}…` : value;
  };

export const integer =
  (min: number, max: number): Shape<number> =>
  (value) => {
    if (!Number.isSafeInteger(value)) throw mismatch(value, 'an integer');
    const number = value as number;
    if (number < min || number > max) {
      throw new ShapeError(` is not between ${String(min)} and ${String(max)}`);
    }
    return number;
  };

/** A number that was measured: infinity is one, NaN is none. */
export const measure: Shape<number> = (value) => {
  if (typeof value !== 'number' || Number.isNaN(value)) throw mismatch(value, 'a measured number');
  return value;
};

export const flag: Shape<boolean> = (value) => {
  if (typeof value !== 'boolean') throw mismatch(value, 'true or false');
  return value;
};

export const oneOf =
  <const T extends string | number>(...allowed: readonly T[]): Shape<T> =>
  (value) => {
    const found = allowed.find((one) => one === value);
    if (found === undefined) throw mismatch(value, `one of ${allowed.join(', ')}`);
    return found;
  };

export const nullable =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value) =>
    value === null ? null : shape(value);

/** For a member that may be absent. */
export const optional =
  <T>(shape: Shape<T>): Shape<T | undefined> =>
  (value) =>
    value === undefined ? undefined : shape(value);

export const list =
  <T>(shape: Shape<T>, max: number): Shape<readonly T[]> =>
  (value) => {
    if (!Array.isArray(value)) throw mismatch(value, 'a list');
    if (value.length > max) throw new ShapeError(` has more than ${String(max)} items`);
    return value.map((item, index) => within(`[${String(index)}]`, shape, item));
  };

/** A text as the name of each member, at most `max` of them. */
export const record =
  <Key extends string, T>(
    key: Shape<Key>,
    shape: Shape<T>,
    max: number,
  ): Shape<Readonly<Partial<Record<Key, T>>>> =>
  (value) => {
    const members = Object.entries(plainObject(value));
    if (members.length > max) throw new ShapeError(` has more than ${String(max)} members`);
    const result: Partial<Record<Key, T>> = {};
    for (const [name, item] of members) {
      // Assigned, it would be no member but the prototype.
      if (name === '__proto__') throw new ShapeError(' has a member __proto__');
      result[key(name)] = within(name, shape, item);
    }
    return result;
  };

/** Exactly these members, but for optional ones; others are dropped. */
export function object<T extends object>(members: {
  readonly [Name in keyof T]-?: Shape<T[Name]>;
}): Shape<T> {
  const shapes = Object.entries<Shape<unknown>>(members);
  return (value) => {
    const source = plainObject(value);
    const result: Record<string, unknown> = {};
    for (const [name, shape] of shapes) {
      // What every object inherits (`constructor`) is not a member that was sent.
      const read = within(name, shape, Object.hasOwn(source, name) ? source[name] : undefined);
      if (read !== undefined) result[name] = read;
    }
    return result as T;
  };
}

/** One shape for each value of the member `kind`. */
export function variants<T extends { readonly kind: string }>(shapes: {
  readonly [Kind in T['kind']]: Shape<Extract<T, { readonly kind: Kind }>>;
}): Shape<T> {
  return (value) => {
    const { kind } = plainObject(value);
    if (typeof kind !== 'string' || !Object.hasOwn(shapes, kind)) {
      throw new ShapeError(`kind is not one of ${Object.keys(shapes).join(', ')}`);
    }
    return shapes[kind as T['kind']](value);
  };
}

function plainObject(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw mismatch(value, 'an object');
  }
  return value as Readonly<Record<string, unknown>>;
}

function within<T>(member: string, shape: Shape<T>, value: unknown): T {
  try {
    return shape(value);
  } catch (error) {
    throw error instanceof ShapeError ? error.within(member) : error;
  }
}
