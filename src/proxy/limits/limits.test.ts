/** Ledger and leases together, in virtual time: many workers, messages that take their time, workers that crash, a ledger that stalls. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { Lab, type Passed, type Worker } from '../../../test/support/limit-lab.ts';
import { Ledger } from './ledger.ts';
import { ANSWER_MS } from './leases.ts';
import { shareOf } from './limit-spec.ts';
import type { LimitLabels, LimitSpec } from './limit.ts';

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

const origin = (kind: string, name: string): LimitLabels['policy'] => ({ kind, namespace: 'shop', name });
const LABELS: LimitLabels = {
  gateway: origin('Gateway', 'web'),
  policy: origin('RateLimitPolicy', 'limits'),
  limit: 'per-client',
};
const spec = (id: string, capacity: number, refillPerMs: number): LimitSpec => ({
  id,
  capacity,
  refillPerMs,
  maxKeys: 100,
  isShared: true,
  labels: LABELS,
});
const rate = (requests: number, periodMs: number, burst = requests): LimitSpec =>
  spec('rate', burst, requests / periodMs);
const inFlight = (capacity: number): LimitSpec => spec('in-flight', capacity, 0);

/** A token bucket that sees every request at once would have let all of these through. */
function assertWithinRate(passed: readonly Passed[], { capacity, refillPerMs }: LimitSpec): void {
  for (const key of new Set(passed.map((each) => each.key))) {
    let level = capacity;
    let atMs = 0;
    for (const { fromMs } of passed.filter((each) => each.key === key)) {
      level = Math.min(capacity, level + (fromMs - atMs) * refillPerMs) - 1;
      atMs = fromMs;
      assert.ok(level >= -1e-5, `more than the limit of ${key} at ${String(fromMs)} ms`);
    }
  }
}

function assertWithinFlight(passed: readonly Passed[], { capacity }: LimitSpec): void {
  for (const { key, fromMs } of passed) {
    const together = passed.filter(
      (other) => other.key === key && other.fromMs <= fromMs && other.untilMs > fromMs,
    );
    assert.ok(together.length <= capacity, `${String(together.length)} in flight at ${String(fromMs)} ms`);
  }
}

interface Step {
  readonly afterMs: number;
  readonly worker: number;
  readonly key: string;
  readonly forMs: number;
  readonly isCrash: boolean;
}

const steps = (longest: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.record({
      afterMs: fc.oneof(fc.constant(0), fc.nat({ max: longest })),
      worker: fc.nat({ max: 3 }),
      key: fc.constantFrom('a', 'a', 'b', 'c'),
      forMs: fc.nat({ max: 400 }),
      isCrash: fc.nat({ max: 30 }).map((dice) => dice === 0),
    }),
    { maxLength: 200 },
  );

function run(lab: Lab, script: readonly Step[]): void {
  let atMs = 0;
  for (const { afterMs, worker, key, forMs, isCrash } of script) {
    atMs += afterMs;
    lab.time.at(atMs, () => {
      if (isCrash) lab.crash(worker % lab.workers.length);
      else lab.request(worker % lab.workers.length, key, forMs);
    });
  }
  lab.time.runUntil(atMs + 5_000);
}

const delays = fc.array(fc.double({ min: 0.01, max: 40, noNaN: true }), { minLength: 1, maxLength: 20 });
const workerCount = fc.integer({ min: 1, max: 4 });

suite('limits of several workers', () => {
  test('never more than the rate passes, however requests, messages and crashes fall together', () => {
    fc.assert(
      fc.property(
        steps(60),
        workerCount,
        delays,
        fc.record({ burst: fc.integer({ min: 1, max: 30 }), periodMs: fc.integer({ min: 100, max: 5_000 }) }),
        (script, workers, delaysMs, { burst, periodMs }) => {
          const limit = rate(10, periodMs, burst);
          const lab = new Lab({ specs: [limit], workers, delaysMs });
          run(lab, script);
          assertWithinRate(lab.passed, limit);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('never more than the limit is in flight', () => {
    fc.assert(
      fc.property(
        steps(40),
        workerCount,
        delays,
        fc.integer({ min: 1, max: 10 }),
        (script, workers, delaysMs, capacity) => {
          const limit = inFlight(capacity);
          const lab = new Lab({ specs: [limit], workers, delaysMs });
          run(lab, script);
          assertWithinFlight(lab.passed, limit);
        },
      ),
    );
  });

  test('both kinds at once', () => {
    fc.assert(
      fc.property(steps(40), workerCount, delays, (script, workers, delaysMs) => {
        const specs = [rate(20, 1_000, 8), inFlight(4)];
        const lab = new Lab({ specs, workers, delaysMs });
        run(lab, script);
        assertWithinRate(lab.passed, specs[0] as LimitSpec);
        assertWithinFlight(lab.passed, specs[1] as LimitSpec);
      }),
    );
  });

  test('a burst gets exactly what the bucket has, at whichever workers it arrives', () => {
    fc.assert(
      fc.property(
        workerCount,
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.nat({ max: 3 }), { maxLength: 120 }),
        (workers, burst, at) => {
          const lab = new Lab({ specs: [rate(1, 3_600_000, burst)], workers });
          at.forEach((worker, index) => {
            lab.time.at(index * 0.3, () => {
              lab.request(worker % workers, 'a');
            });
          });
          lab.time.runUntil(2_000);
          assert.equal(lab.passed.length, Math.min(burst, at.length));
          assert.equal(lab.refused, at.length - lab.passed.length);
        },
      ),
    );
  });

  test('requests that end make room at once, also for other workers', () => {
    const lab = new Lab({ specs: [inFlight(1)], workers: 2 });
    for (let index = 0; index < 20; index++) {
      lab.time.at(index * 10, () => {
        lab.request(index % 2, 'a', 5);
      });
    }
    lab.time.runUntil(1_000);
    assert.equal(lab.passed.length, 20);
  });

  test('all that a limit has passes again once it had time to refill', () => {
    fc.assert(
      fc.property(steps(20), workerCount, delays, (script, workers, delaysMs) => {
        const specs = [rate(50, 1_000, 10), inFlight(10)];
        const lab = new Lab({ specs, workers, delaysMs });
        run(lab, script);
        const before = lab.passed.length;
        for (let index = 0; index < 10; index++) lab.request(0, 'a', 0);
        lab.time.runUntil(lab.time.nowMs + 1_000);
        assert.equal(lab.passed.length - before, 10);
      }),
    );
  });

  test('a key in frequent use costs few messages, refused or not', () => {
    const lab = new Lab({ specs: [rate(1_000, 1_000)], workers: 2 });
    for (let index = 0; index < 5_000; index++) {
      lab.time.at(index / 10, () => {
        lab.request(index % 2, 'a');
      });
    }
    lab.time.runUntil(500);
    assert.ok(lab.passed.length >= 1_400 && lab.passed.length <= 1_500, String(lab.passed.length));
    assert.ok(lab.messages < 1_500, String(lab.messages));
  });

  test('unused tokens go back within 250 ms', () => {
    const lab = new Lab({ specs: [rate(1, 3_600_000, 40)], workers: 2 });
    lab.request(0, 'a');
    lab.time.runUntil(251);
    const worker = lab.workers[1] as Worker;
    const slot = worker.leases.limit(rate(1, 3_600_000, 40)).slotOf('a');
    worker.leases.wait(slot, { onAnswer: () => undefined });
    lab.time.runUntil(252);
    assert.equal(slot.free + slot.left, 39);
  });
});

suite('while the ledger is away', () => {
  const limit = rate(20, 20_000);

  test('a request waits no longer than its deadline, then the workers go by their shares', () => {
    const lab = new Lab({ specs: [limit], workers: 2 });
    lab.stalledUntilMs = 10_000;
    for (let index = 0; index < 30; index++) for (const worker of [0, 1]) lab.request(worker, 'a');
    lab.time.runUntil(ANSWER_MS - 1);
    assert.equal(lab.passed.length + lab.refused, 0);
    lab.time.runUntil(ANSWER_MS + 1);
    assert.equal(lab.passed.length, 20);
    assert.equal(lab.refused, 40);
    lab.request(0, 'b');
    assert.equal(lab.passed.length, 21, 'nothing waits for a ledger that is known to be away');
  });

  test('what was used meanwhile counts when it is back', () => {
    const lab = new Lab({ specs: [limit], workers: 2 });
    for (let index = 0; index < 30; index++) lab.request(0, 'a');
    lab.time.runUntil(ANSWER_MS * 2);
    assert.equal(lab.passed.length, 20);
    lab.stalledUntilMs = lab.time.nowMs + 2_000;
    for (let index = 0; index < 30; index++) lab.request(1, 'a');
    lab.time.runUntil(20_000);
    for (let index = 0; index < 30; index++) lab.request(0, 'a');
    lab.time.runUntil(21_000);
    assert.ok(lab.passed.length <= 20 + 21, `${String(lab.passed.length)} within 21 s`);
  });

  test('a limit smaller than the number of workers is closed', () => {
    const lab = new Lab({ specs: [inFlight(1)], workers: 2 });
    lab.stalledUntilMs = 1_000;
    lab.request(0, 'a');
    lab.time.runUntil(500);
    assert.equal(lab.refused, 1);
  });

  test('a worker that does not answer a recall delays the others only for a moment', () => {
    const lab = new Lab({ specs: [rate(1, 3_600_000, 8)], workers: 2 });
    lab.request(0, 'a');
    lab.time.runUntil(1);
    const stuck = lab.workers[0] as Worker;
    stuck.isAlive = false;
    for (let index = 0; index < 8; index++) lab.request(1, 'a');
    lab.time.runUntil(ANSWER_MS - 1);
    assert.equal((lab.workers[1] as Worker).leases.isAway, false);
    assert.equal(lab.passed.length + lab.refused, 9);
    assert.equal(lab.passed.length, 7, 'two were leased, one of them used');
  });
});

suite('the table of keys', () => {
  test('a million keys cost no more memory than the table may have', () => {
    const limit = { ...rate(1, 3_600_000, 1), maxKeys: 100_000 };
    const ledger = new Ledger({ workers: 1, send: () => undefined });
    ledger.configure([limit], 0);
    const heapBefore = heapBytes();
    const report = { limit: 'rate', wanted: 1, spent: 0, returned: 0, answersRecall: false };
    for (let index = 0; index < 1_000_000; index++)
      ledger.receive(1, [{ ...report, key: `2001:db8:${index.toString(16)}::/64` }], index / 100);
    assert.deepEqual(ledger.usage, [{ ...LABELS, keys: 100_000, evicted: 900_000 }]);
    const perKey = (heapBytes() - heapBefore) / limit.maxKeys;
    assert.ok(perKey < 700, `${String(Math.round(perKey))} bytes a key`);
  });

  test('a late report of a key that made room does not bring it back', () => {
    const lab = new Lab({ specs: [{ ...rate(1, 3_600_000, 2), maxKeys: 1 }], workers: 1 });
    lab.request(0, 'a');
    lab.time.runUntil(1);
    for (const key of ['b', 'b', 'b']) lab.request(0, key);
    lab.time.runUntil(1_500);
    assert.deepEqual(lab.ledger.usage, [{ ...LABELS, keys: 1, evicted: 1 }]);
    lab.request(0, 'b');
    lab.time.runUntil(3_000);
    assert.equal(lab.passed.length, 3, 'b has used up its tokens');
  });

  test('holds no more than its maximum, and lets the one go that was used longest ago', () => {
    const limit: LimitSpec = { ...rate(1, 3_600_000, 2), maxKeys: 2 };
    const lab = new Lab({ specs: [limit], workers: 1 });
    const ask = (key: string): void => {
      for (let index = 0; index < 3; index++) lab.request(0, key);
      lab.time.runUntil(lab.time.nowMs + 2_000);
    };
    for (const key of ['a', 'b', 'a', 'c']) ask(key);
    assert.deepEqual(lab.ledger.usage, [{ ...LABELS, keys: 2, evicted: 1 }]);
    const before = lab.passed.length;
    ask('a');
    assert.equal(lab.passed.length, before, 'a was used after b');
    ask('b');
    assert.equal(lab.passed.length, before + 2);
  });

  test('loses full buckets', () => {
    const lab = new Lab({ specs: [rate(10, 1_000)], workers: 1 });
    lab.request(0, 'a');
    lab.time.runUntil(400);
    lab.ledger.prune(lab.time.nowMs);
    assert.deepEqual(lab.ledger.usage, [{ ...LABELS, keys: 0, evicted: 0 }]);
  });

  test('a worker cannot return more than it has', () => {
    const sent: number[] = [];
    const ledger = new Ledger({
      workers: 1,
      send: (_worker, { grants }) => sent.push(...grants.map(({ granted }) => granted)),
    });
    ledger.configure([rate(1, 3_600_000, 4)], 0);
    const report = { limit: 'rate', key: 'a', spent: 0, answersRecall: false };
    ledger.receive(1, [{ ...report, wanted: 4, returned: 0 }], 0);
    ledger.receive(1, [{ ...report, wanted: 0, returned: 100 }], 0);
    ledger.receive(1, [{ ...report, wanted: 100, returned: 0 }], 0);
    assert.deepEqual(sent, [4, 4]);
  });

  test('proxies that share a limit have no more than it together, also while their number changes', () => {
    const limit = rate(12, 60_000, 10);
    const [first, second] = [1, 2].map(() => new Lab({ specs: [limit], workers: 1 })) as [Lab, Lab];
    const use = (lab: Lab, count: number): void => {
      for (let index = 0; index < count; index++) lab.request(0, 'a');
      lab.time.runUntil(lab.time.nowMs + 1_000);
    };
    for (const lab of [first, second]) lab.ledger.configure([shareOf(limit, 2)], 0);
    use(first, 20);
    use(second, 20);
    assert.deepEqual([first.passed.length, second.passed.length], [5, 5]);
    // The second one leaves: the first has all of the limit, as the bucket refills.
    first.ledger.configure([shareOf(limit, 1)], first.time.nowMs);
    use(first, 20);
    assert.equal(first.passed.length, 5);
    first.time.runUntil(51_500);
    use(first, 20);
    assert.equal(first.passed.length, 15);
    assert.equal(shareOf(limit, 30).capacity, 1, 'each proxy serves some');
    assert.equal(shareOf({ ...limit, isShared: false }, 30).capacity, 10);
  });

  test('a limit with another capacity keeps what its keys have used', () => {
    const lab = new Lab({ specs: [rate(1, 3_600_000, 10)], workers: 1 });
    for (let index = 0; index < 6; index++) lab.request(0, 'a');
    lab.time.runUntil(1_000);
    lab.ledger.configure([rate(1, 3_600_000, 3)], lab.time.nowMs);
    for (let index = 0; index < 6; index++) lab.request(0, 'a');
    lab.time.runUntil(2_500);
    assert.equal(lab.passed.length, 9);
  });
});
