/** Backends with all their faults at once cost no request that a permitted retry could have cured. The short form of `npm run soak`. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { End } from './clients.ts';
import { inWords } from './report.ts';
import { soak } from './run.ts';
import { SCENARIOS } from './scenarios.ts';
import { classify, percentile, slope } from './tally.ts';

const OPTIONS = { seconds: 12, seed: 5, rate: 100, isRetried: true };

suite('soak', () => {
  test('all faults at once: nothing fails that a retry was allowed to cure, and nothing is left behind', async () => {
    const soaked = await soak(OPTIONS);
    const words = inWords(soaked);
    assert.equal(soaked.tally.count('curable'), 0, words);
    assert.equal(soaked.restarts, 0, words);
    assert.deepEqual([soaked.left.downstream, soaked.left.activeRequests], [0, 0], words);
    assert.equal(soaked.tally.routes.length, SCENARIOS.length);
    for (const { verdicts } of soaked.tally.routes) assert.ok(verdicts.answered > 0, words);
  });

  test('without retries it says what they would have cured', async () => {
    const { tally } = await soak({ ...OPTIONS, seconds: 4, isRetried: false });
    assert.ok(tally.count('curable') > 0);
  });
});

suite('verdicts', () => {
  const [scenario] = SCENARIOS;
  assert.ok(scenario !== undefined);
  const outages = [{ scenario: scenario.name, fromMs: 100, toMs: 200 }];
  const stalls = [{ fromMs: 1_000, toMs: 1_300 }];
  const verdict = (end: End, fromMs: number, toMs: number) =>
    classify({ scenario, client: 'gRPC', fromMs, toMs, end }, { outages, stalls });
  const refused: End = { kind: 'refused', reason: '503' };

  test('an outage excuses what overlaps with it, and nothing else', () => {
    assert.equal(verdict(refused, 0, 100), 'curable');
    assert.equal(verdict(refused, 0, 101), 'outage');
    assert.equal(verdict(refused, 199, 300), 'outage');
    assert.equal(verdict(refused, 200, 300), 'curable');
  });

  test('so does a time without CPU, but no outage of another route', () => {
    assert.equal(verdict(refused, 900, 1_000), 'curable');
    assert.equal(verdict(refused, 1_299, 1_400), 'stall');
    assert.equal(verdict(refused, 3_299, 3_400), 'stall', 'what it made of health');
    assert.equal(verdict(refused, 3_300, 3_400), 'curable');
    const end = refused;
    const ended = { scenario, client: 'gRPC', fromMs: 110, toMs: 120, end } as const;
    const other = [{ scenario: 'another', fromMs: 100, toMs: 200 }];
    assert.equal(classify(ended, { outages: other, stalls }), 'curable');
  });

  test('a head that has come excuses an answer that breaks off, never a wrong one', () => {
    assert.equal(verdict({ kind: 'broken', hadHead: true, reason: '' }, 0, 1), 'head');
    assert.equal(verdict({ kind: 'broken', hadHead: false, reason: '' }, 0, 1), 'curable');
    assert.equal(verdict({ kind: 'wrong', reason: '' }, 120, 130), 'curable');
  });
});

suite('figures', () => {
  test('percentiles are values that were seen', () => {
    const values = Array.from({ length: 1_000 }, (_, index) => 1_000 - index);
    assert.deepEqual(
      [0, 0.5, 0.99, 0.999, 1].map((share) => percentile(values, share)),
      [1, 500, 990, 999, 1_000],
    );
    assert.equal(percentile([], 0.5), 0);
  });

  test('a slope is in MiB a minute', () => {
    const growing = [0, 1, 2, 3].map((minute) => ({ atMs: minute * 60_000, bytes: minute * 3 * 1_048_576 }));
    assert.ok(Math.abs(slope(growing) - 3) < 1e-9);
    assert.equal(slope([{ atMs: 1, bytes: 1 }]), 0);
  });
});
