import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { WeightedChoice } from './weighted-choice.ts';

test('property: over every full round each member is chosen exactly as often as it weighs', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { minLength: 1, maxLength: 16 }),
      fc.integer({ min: 1, max: 3 }),
      (weights, rounds) => {
        const total = weights.reduce((sum, weight) => sum + weight, 0);
        const choice = new WeightedChoice(weights);
        if (total === 0) {
          assert.equal(choice.next(), -1);
          return;
        }
        for (let round = 0; round < rounds; round++) {
          const counts = weights.map(() => 0);
          for (let turn = 0; turn < total; turn++) {
            const index = choice.next();
            counts[index] = (counts[index] ?? 0) + 1;
          }
          assert.deepEqual(counts, weights);
        }
      },
    ),
  );
});

test('a member with a tenth of the weight comes once in ten, not ten times in a hundred at the end', () => {
  const choice = new WeightedChoice([90, 10]);
  for (let window = 0; window < 10; window++) {
    const chosen = Array.from({ length: 10 }, () => choice.next());
    assert.equal(chosen.filter((index) => index === 1).length, 1);
  }
});

test('one member is chosen always, unless it has no weight', () => {
  const one = WeightedChoice.of([7]);
  assert.equal(one, WeightedChoice.of([1]));
  assert.deepEqual([one.next(), one.next()], [0, 0]);
  assert.equal(WeightedChoice.of([0]).next(), -1);
  assert.equal(WeightedChoice.of([]).next(), -1);
});
