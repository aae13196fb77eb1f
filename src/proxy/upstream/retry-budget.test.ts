import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { RetryBudget } from './retry-budget.ts';

const POLICY = { percent: 20, intervalMs: 10_000, minRetryCount: 1, minRetryIntervalMs: 1_000 };

const takeAll = (budget: RetryBudget, nowMs: number): number => {
  let taken = 0;
  while (budget.take(nowMs)) taken++;
  return taken;
};

describe('retry budget', () => {
  test('exactly the percentage of the requests, and what is refused is counted', () => {
    for (const requests of [5, 50, 99, 1_000]) {
      const budget = new RetryBudget(POLICY);
      for (let count = 0; count < requests; count++) budget.countRequest(50_000 + count);
      assert.equal(takeAll(budget, 52_000), Math.floor(requests / 5));
      assert.equal(budget.exhausted, 1);
    }
  });

  test('requests of long ago allow no retries', () => {
    const budget = new RetryBudget({ ...POLICY, minRetryCount: 1 });
    for (let count = 0; count < 100; count++) budget.countRequest(50_000);
    assert.equal(takeAll(budget, 50_000 + 10_001), 1);
  });

  test('the least rate is allowed without any request, in each of its intervals', () => {
    const budget = new RetryBudget({ ...POLICY, percent: 0, minRetryCount: 3 });
    assert.equal(takeAll(budget, 50_000), 3);
    assert.equal(takeAll(budget, 50_900), 0);
    assert.equal(takeAll(budget, 51_100), 3);
  });

  test('a percentage of 100 and no history: as many retries as requests', () => {
    const budget = new RetryBudget({ ...POLICY, percent: 100 });
    for (let count = 0; count < 7; count++) budget.countRequest(90_000);
    assert.equal(takeAll(budget, 90_000), 7);
  });

  test('over any time, retries of an interval stay within what its requests and the least rate allow', () => {
    let state = 12_345;
    const random = (): number => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0) / 2 ** 32;
    for (let run = 0; run < 50; run++) {
      const policy = {
        percent: Math.floor(random() * 60),
        intervalMs: 2_000,
        minRetryCount: 2,
        minRetryIntervalMs: 500,
      };
      const budget = new RetryBudget(policy);
      const requests: number[] = [];
      const retries: number[] = [];
      let nowMs = 1_000_000;
      for (let step = 0; step < 2_000; step++) {
        nowMs += random() * 20;
        const within = (times: readonly number[], ms: number): number =>
          times.filter((at) => at > nowMs - ms).length;
        if (random() < 0.5) {
          budget.countRequest(nowMs);
          requests.push(nowMs);
        } else if (budget.take(nowMs)) {
          const byShare = within(retries, 2_000) + 1 <= (within(requests, 2_000) * policy.percent) / 100;
          const byRate = within(retries, 500) < policy.minRetryCount;
          assert.ok(byShare || byRate, `run ${run}, step ${step}`);
          retries.push(nowMs);
        }
      }
      assert.ok(retries.length > 0);
    }
  });
});
