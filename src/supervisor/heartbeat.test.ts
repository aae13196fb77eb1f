import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { Heartbeat } from './heartbeat.ts';

const times = { everyMs: 1_000, missed: 3, missedUpdating: 6 };

interface Bench {
  readonly heartbeat: Heartbeat;
  readonly pings: number[];
  isUpdating: boolean;
  /** Beats until the worker is stuck. */
  readonly beatsUntilStuck: () => number;
}

function bench(): Bench {
  const pings: number[] = [];
  const made: Bench = {
    pings,
    isUpdating: false,
    heartbeat: new Heartbeat({
      times,
      ping: (id) => pings.push(id),
      isUpdating: () => made.isUpdating,
    }),
    beatsUntilStuck() {
      let beats = 1;
      while (!made.heartbeat.beat(0)) beats += 1;
      return beats;
    },
  };
  return made;
}

suite('heartbeat', () => {
  test('a worker that answers is pinged again, and never stuck', () => {
    const { heartbeat, pings } = bench();
    for (let beat = 1; beat <= 100; beat += 1) {
      assert.equal(heartbeat.beat(beat * 1_000), false);
      heartbeat.answered(pings.at(-1) ?? 0, beat * 1_000 + 5);
    }
    assert.equal(pings.length, 100);
    assert.equal(heartbeat.roundTripMs, 5);
  });

  test('one that misses several consecutive row is stuck, and is not pinged meanwhile', () => {
    const { pings, beatsUntilStuck } = bench();
    assert.equal(beatsUntilStuck(), 1 + times.missed);
    assert.equal(pings.length, 1);
  });

  test('one that is busy for less than that is not', () => {
    const { heartbeat, pings, beatsUntilStuck } = bench();
    for (let round = 0; round < 5; round += 1) {
      for (let beat = 0; beat < times.missed; beat += 1) assert.equal(heartbeat.beat(0), false);
      heartbeat.answered(pings.at(-1) ?? 0, 0);
    }
    assert.equal(beatsUntilStuck(), 1 + times.missed);
  });

  test('an answer to an older ping is none', () => {
    const { heartbeat, pings, beatsUntilStuck } = bench();
    heartbeat.beat(0);
    heartbeat.answered(pings[0] ?? 0, 0);
    heartbeat.beat(0);
    heartbeat.answered(pings[0] ?? 0, 0);
    assert.equal(beatsUntilStuck(), times.missed);
  });

  test('one that was taking an update when it fell silent has longer; one that was sent one later has not', () => {
    const updating = bench();
    updating.isUpdating = true;
    assert.equal(updating.beatsUntilStuck(), 1 + times.missedUpdating);
    const justAfter = bench();
    justAfter.heartbeat.beat(0);
    justAfter.isUpdating = true;
    assert.equal(justAfter.beatsUntilStuck(), times.missedUpdating);
    const later = bench();
    later.heartbeat.beat(0);
    later.heartbeat.beat(0);
    later.isUpdating = true;
    assert.equal(later.beatsUntilStuck(), times.missed - 1);
  });
});
