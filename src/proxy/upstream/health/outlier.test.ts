/** Ejection against a clock that the test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../../../../test/support/virtual-clock.ts';
import type { PassiveHealthCheck } from '../../../ir/policy.ts';
import { TICK_MS, TimerWheel } from '../../net/timer-wheel.ts';
import { OutlierDetector, type OutlierHost } from './outlier-detector.ts';
import type { Outlier } from './outlier.ts';

const OFF: PassiveHealthCheck = {
  consecutive5xx: 0,
  consecutiveGatewayErrors: 0,
  successRateThreshold: 0,
  successRateWindowMs: 10_000,
  successRateMinRequests: 5,
  intervalMs: 10_000,
  baseEjectionMs: 30_000,
  maxEjectionMs: 100_000,
  maxEjectionPercent: 50,
};

class Host implements OutlierHost {
  allows = true;
  readonly events: string[] = [];
  canEject(): boolean {
    return this.allows;
  }
  onEjected(name: string, cause: string): void {
    this.events.push(`${name} out: ${cause}`);
  }
  onReadmitted(name: string): void {
    this.events.push(`${name} back`);
  }
}

function setUp(policy: Partial<PassiveHealthCheck>) {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const detector = new OutlierDetector('key', { ...OFF, ...policy }, wheel);
  const host = new Host();
  detector.hosts.add(host);
  return { clock, wheel, detector, host, outlier: detector.take('a') };
}

const times = (count: number, act: () => void): void => {
  for (let round = 0; round < count; round++) act();
};

test('5xx in a row eject at the threshold, not below it', () => {
  const { outlier, host } = setUp({ consecutive5xx: 3 });
  times(2, () => outlier.answered(500));
  outlier.answered(404);
  times(2, () => outlier.answered(503));
  assert.deepEqual(host.events, []);
  outlier.failed();
  assert.deepEqual(host.events, ['a out: consecutive_5xx']);
});

test('only gateway errors count as gateway errors', () => {
  const { outlier, host } = setUp({ consecutiveGatewayErrors: 3 });
  times(10, () => outlier.answered(500));
  times(10, () => outlier.answered(501));
  times(10, () => outlier.answered(505));
  outlier.answered(502);
  outlier.answered(504);
  outlier.answered(500);
  outlier.answered(503);
  outlier.failed();
  assert.deepEqual(host.events, []);
  outlier.answered(502);
  assert.deepEqual(host.events, ['a out: gateway_errors']);
});

test('with every threshold at 0 nothing ejects', () => {
  const { outlier, host, clock, wheel } = setUp({});
  times(1_000, () => outlier.failed());
  clock.advanceBy(60_000);
  assert.deepEqual(host.events, []);
  assert.equal(wheel.size, 0);
});

test('each ejection is longer than the one before, up to the maximum, and good conduct shortens the next', () => {
  const { outlier, host, clock } = setUp({ consecutive5xx: 1 });
  const eject = (): void => {
    outlier.failed();
    assert.notEqual(outlier.cause, null);
  };
  const returnsAfter = (ms: number): void => {
    clock.advanceTo(outlier.ejectedAtMs + ms - 1);
    assert.notEqual(outlier.cause, null, `too early: before ${ms}`);
    clock.advanceTo(outlier.ejectedAtMs + ms + TICK_MS);
    assert.equal(outlier.cause, null, `too late: after ${ms}`);
  };
  for (const ms of [30_000, 60_000, 90_000, 100_000]) {
    eject();
    returnsAfter(ms);
  }
  assert.equal(host.events.length, 8);
  // Four ejections are forgotten one by one.
  clock.advanceBy(10_000 * 5);
  assert.equal(outlier.timesEjected, 0);
  eject();
  returnsAfter(30_000);
});

test('requests in flight when the endpoint was ejected no longer count', () => {
  const { outlier, host, clock } = setUp({ consecutive5xx: 2 });
  times(5, () => outlier.failed());
  assert.equal(host.events.length, 1);
  clock.advanceBy(30_000 + TICK_MS);
  outlier.failed();
  assert.equal(outlier.cause, null, 'it comes back with a clean record');
  outlier.failed();
  assert.equal(outlier.cause, 'consecutive_5xx');
});

test('a host that cannot spare the endpoint keeps it, and loses it as soon as it can', () => {
  const { outlier, host } = setUp({ consecutive5xx: 2 });
  host.allows = false;
  times(5, () => outlier.failed());
  assert.equal(outlier.cause, null);
  host.allows = true;
  outlier.failed();
  assert.equal(outlier.cause, 'consecutive_5xx');
});

/** `good` and then `bad` outcomes, and an interval's time to think about them. */
function afterInterval(policy: Partial<PassiveHealthCheck>, good: number, bad: number): Outlier {
  const { outlier, clock } = setUp({ successRateThreshold: 80, ...policy });
  times(good, () => outlier.answered(200));
  times(bad, () => outlier.failed());
  assert.equal(outlier.cause, null, 'checked at the interval only');
  clock.advanceBy(OFF.intervalMs + TICK_MS);
  return outlier;
}

test('success rate: below, at and above the threshold', () => {
  assert.equal(afterInterval({ successRateWindowMs: 60_000 }, 79, 21).cause, 'success_rate');
  assert.equal(afterInterval({ successRateWindowMs: 60_000 }, 80, 20).cause, null);
  assert.equal(afterInterval({ successRateWindowMs: 60_000 }, 81, 19).cause, null);
});

test('success rate: too few requests say nothing, and old ones are forgotten', () => {
  assert.equal(afterInterval({ successRateWindowMs: 60_000 }, 0, 4).cause, null);
  assert.equal(afterInterval({ successRateWindowMs: 60_000 }, 0, 5).cause, 'success_rate');
  assert.equal(afterInterval({ successRateWindowMs: 5_000 }, 0, 50).cause, null);
});

test('an endpoint that is listed no longer leaves no timer behind', () => {
  const { outlier, detector, wheel, host } = setUp({ consecutive5xx: 1, successRateThreshold: 50 });
  outlier.failed();
  assert.equal(host.events.length, 1);
  detector.release(outlier);
  assert.equal(wheel.size, 0);
  outlier.failed();
  assert.equal(host.events.length, 1);
  assert.notEqual(detector.take('a'), outlier, 'a new endpoint of the same name starts without history');
});
