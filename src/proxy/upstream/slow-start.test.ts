import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SlowStart } from './slow-start.ts';

const endpoint = () => ({ rampFromMs: -Infinity });

describe('slow start', () => {
  const [old, young] = [endpoint(), endpoint()];
  const weightsAt = (slowStart: SlowStart, nowMs: number): number[] | null => {
    const weights = slowStart.weightsOf([old, young], nowMs);
    return weights === null ? null : [...weights];
  };

  test('a newcomer weighs a tenth, then its part of the window, then as much as the others', () => {
    const slowStart = new SlowStart(10_000);
    slowStart.noteChange([], [old], 0);
    assert.equal(slowStart.weightsOf([old], 0), null);
    slowStart.noteChange([old], [old, young], 50_000);
    assert.deepEqual(weightsAt(slowStart, 50_000), [1, 0.1]);
    assert.deepEqual(weightsAt(slowStart, 51_000), [1, 0.1]);
    assert.deepEqual(weightsAt(slowStart, 54_000), [1, 0.4]);
    assert.deepEqual(weightsAt(slowStart, 59_999), [1, 0.9999]);
    assert.equal(weightsAt(slowStart, 60_000), null);
  });

  test('one that was away begins again; one that stayed does not', () => {
    const slowStart = new SlowStart(10_000);
    slowStart.noteChange([old], [old, young], 0);
    slowStart.noteChange([old, young], [old], 20_000);
    assert.equal(weightsAt(slowStart, 20_000), null);
    slowStart.noteChange([old], [old, young], 30_000);
    assert.deepEqual(weightsAt(slowStart, 35_000), [1, 0.5]);
  });

  test('off: nothing weighs less', () => {
    const slowStart = new SlowStart(0);
    slowStart.noteChange([old], [old, young], 0);
    assert.equal(weightsAt(slowStart, 0), null);
  });
});
