import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import {
  clippedText,
  flag,
  integer,
  list,
  measure,
  nullable,
  object,
  oneOf,
  optional,
  record,
  ShapeError,
  text,
  variants,
  type Shape,
} from './shape.ts';

interface Item {
  readonly name: string;
  readonly count: number;
  readonly note?: string;
}
const item: Shape<Item> = object<Item>({ name: text(5), count: integer(0, 9), note: optional(text(5)) });

type Message =
  | { readonly kind: 'one'; readonly items: readonly Item[] }
  | {
      readonly kind: 'two';
      readonly on: boolean | null;
      readonly counts: Readonly<Partial<Record<string, number>>>;
    };
const message: Shape<Message> = variants<Message>({
  one: object<Extract<Message, { kind: 'one' }>>({ kind: oneOf('one'), items: list(item, 2) }),
  two: object<Extract<Message, { kind: 'two' }>>({
    kind: oneOf('two'),
    on: nullable(flag),
    counts: record(text(3), measure, 2),
  }),
});

const refuses = (value: unknown, problem: string): void => {
  assert.throws(
    () => message(value),
    (error) => error instanceof ShapeError && error.message === problem,
    problem,
  );
};

suite('shapes', () => {
  test('return what fits, without members that are not named', () => {
    const items = [
      { name: 'a', count: 1 },
      { name: 'b', count: 2, note: 'x' },
    ];
    assert.deepEqual(message({ kind: 'one', items, more: 1 }), { kind: 'one', items });
    const two = { kind: 'two', on: null, counts: { a: 1.5, b: Infinity } };
    assert.deepEqual(message(two), two);
  });

  test('say where and what is wrong', () => {
    refuses(null, ' is null, not an object');
    refuses({ kind: 'constructor' }, 'kind is not one of one, two');
    refuses({ kind: 'one' }, 'items is missing, not a list');
    refuses({ kind: 'one', items: { length: 1 } }, 'items is an object, not a list');
    refuses({ kind: 'one', items: [1] }, 'items[0] is a number, not an object');
    refuses(
      { kind: 'one', items: [{ name: 'a', count: 1.5 }] },
      'items[0].count is a number, not an integer',
    );
    refuses({ kind: 'one', items: [{ name: 'a', count: 10 }] }, 'items[0].count is not between 0 and 9');
    refuses(
      { kind: 'one', items: [{ name: 'abcdef', count: 1 }] },
      'items[0].name is longer than 5 characters',
    );
    refuses({ kind: 'one', items: [1, 2, 3] }, 'items has more than 2 items');
    refuses({ kind: 'two', on: 1, counts: {} }, 'on is a number, not true or false');
    refuses({ kind: 'two', on: null, counts: { a: '1' } }, 'counts.a is a string, not a measured number');
    refuses({ kind: 'two', on: null, counts: { a: 1, b: 1, c: 1 } }, 'counts has more than 2 members');
  });

  test('messages to people are cut instead of refused', () => {
    assert.equal(clippedText(4)('abcd'), 'abcd');
    assert.equal(clippedText(4)('abcde'), 'abc…');
  });

  test('any JSON either fits or is a ShapeError', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        try {
          message(value);
        } catch (error) {
          assert.ok(error instanceof ShapeError);
        }
      }),
    );
  });
});
