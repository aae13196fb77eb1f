import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';
import { TICK_MS, TimerEntry, TimerWheel } from './timer-wheel.ts';

class Recorder extends TimerEntry {
  readonly firedAt: number[] = [];
  onTimer(nowMs: number): void {
    this.firedAt.push(nowMs);
  }
}

test('fires after the deadline, at most a tick late, and once', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const entry = new Recorder();
  wheel.schedule(entry, 1_500);
  clock.advanceTo(1_499);
  assert.equal(entry.firedAt.length, 0);
  clock.advanceTo(20_000);
  const [firedAt = 0, ...others] = entry.firedAt;
  assert.equal(others.length, 0);
  assert.ok(firedAt >= 1_500 && firedAt <= 1_500 + TICK_MS, String(firedAt));
  assert.equal(wheel.size, 0);
});

test('a deadline beyond the horizon, moved further again and again, fires at the last one', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const entry = new Recorder();
  for (let now = 1_000; now < 60_000; now += 700) {
    clock.advanceTo(now);
    wheel.schedule(entry, now + 30_000);
  }
  clock.advanceTo(200_000);
  assert.equal(entry.firedAt.length, 1);
  assert.ok((entry.firedAt[0] ?? 0) >= 59_800 + 30_000);
});

test('an empty wheel does not wake up', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const entry = new Recorder();
  wheel.schedule(entry, 5_000);
  wheel.cancel(entry);
  clock.advanceTo(100_000);
  const before = clock.wakeUps;
  clock.advanceTo(10_000_000);
  assert.equal(clock.wakeUps, before);
  assert.deepEqual(entry.firedAt, []);
});

test('an entry may schedule itself again when it fires', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  class Repeating extends TimerEntry {
    fired = 0;
    onTimer(nowMs: number): void {
      this.fired++;
      wheel.schedule(this, nowMs + 100);
    }
  }
  const entry = new Repeating();
  wheel.schedule(entry, 1_100);
  clock.advanceTo(2_100);
  assert.ok(entry.fired >= 7 && entry.fired <= 10, String(entry.fired));
});

test('property: any schedule of moves and cancels fires each entry once, in time', () => {
  const step = fc.record({
    entry: fc.nat(4),
    action: fc.constantFrom('schedule', 'cancel', 'remove'),
    delayMs: fc.integer({ min: -50, max: 40_000 }),
    waitMs: fc.nat(5_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const clock = new VirtualClock();
      const wheel = new TimerWheel(clock);
      const entries = Array.from({ length: 5 }, () => new Recorder());
      const expected = new Map<Recorder, number>();
      for (const { entry: index, action, delayMs, waitMs } of steps) {
        const entry = entries[index] ?? new Recorder();
        const fired = entry.firedAt.length;
        if (action === 'schedule') {
          wheel.schedule(entry, clock.now() + delayMs);
          expected.set(entry, clock.now() + delayMs);
        } else {
          wheel[action](entry);
          expected.delete(entry);
        }
        clock.advanceTo(clock.now() + waitMs);
        const deadline = expected.get(entry);
        if (deadline === undefined) assert.equal(entry.firedAt.length, fired);
      }
      clock.advanceTo(clock.now() + 200_000);
      for (const [entry, deadline] of expected) {
        const last = entry.firedAt.at(-1) ?? -1;
        assert.ok(last >= deadline, `${last} before ${deadline}`);
      }
      assert.equal(wheel.size, 0);
    }),
    { numRuns: 300 },
  );
});
