/** When checks are made and what they are taken for, against a clock that the test moves. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HTTP_CHECK } from '../../../../test/support/health-lab.ts';
import { VirtualClock } from '../../../../test/support/virtual-clock.ts';
import type { ActiveHealthCheck } from '../../../ir/policy.ts';
import { TICK_MS, TimerWheel } from '../../net/timer-wheel.ts';
import { PASSED, wrongStatus, type CheckResult, type Probe } from './check-result.ts';
import { CheckSlots } from './check-slots.ts';
import { EndpointCheck } from './endpoint-check.ts';

const CHECK: ActiveHealthCheck = {
  ...HTTP_CHECK,
  intervalMs: 5_000,
  timeoutMs: 1_000,
  jitterPercent: 0,
  unhealthyThreshold: 3,
  healthyThreshold: 2,
};

/** `answer` null: the check hangs. */
class FakeProbe implements Probe {
  answer: CheckResult | null = PASSED;
  started = 0;
  broken = 0;
  start(done: (result: CheckResult) => void): () => void {
    this.started++;
    if (this.answer !== null) done(this.answer);
    return () => {
      this.broken++;
    };
  }
}

function setUp(policy: Partial<ActiveHealthCheck> = {}, random = 0) {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const slots = new CheckSlots();
  const probe = new FakeProbe();
  const check = new EndpointCheck({ name: 'a', tenant: 'test' }, { ...CHECK, ...policy }, probe, {
    wheel,
    slots,
    random: () => random,
  });
  const news: string[] = [];
  const host = {
    onChecked: (_name: string, _result: CheckResult, isNews: boolean) => {
      if (isNews) news.push(check.verdict);
    },
  };
  check.hosts.add(host);
  const nextCheck = (answer: CheckResult | null): void => {
    probe.answer = answer;
    const before = probe.started;
    while (probe.started === before) clock.advanceBy(TICK_MS);
  };
  return { clock, wheel, slots, probe, check, news, nextCheck };
}

const BAD = wrongStatus('it answered 503');

test('the first check comes at once, the others an interval after the one before began', () => {
  const { check, probe, clock } = setUp();
  check.start();
  assert.equal(probe.started, 1);
  clock.advanceBy(4_999);
  assert.equal(probe.started, 1);
  clock.advanceBy(1 + TICK_MS);
  assert.equal(probe.started, 2);
});

test('jitter makes the interval longer by up to its percentage', () => {
  const { check, probe, clock } = setUp({ jitterPercent: 10 }, 0.999);
  check.start();
  clock.advanceBy(5_490);
  assert.equal(probe.started, 1);
  clock.advanceBy(10 + TICK_MS);
  assert.equal(probe.started, 2);
});

test('an endpoint fails at the threshold, and not one check before', () => {
  const { check, news, nextCheck } = setUp();
  check.start();
  nextCheck(BAD);
  nextCheck(BAD);
  assert.equal(check.verdict, 'passing');
  nextCheck(PASSED);
  nextCheck(BAD);
  nextCheck(BAD);
  assert.equal(check.verdict, 'passing', 'they have to be in a row');
  nextCheck(BAD);
  assert.equal(check.verdict, 'failing');
  assert.equal(check.detail, 'it answered 503');
  nextCheck(PASSED);
  nextCheck(BAD);
  nextCheck(PASSED);
  assert.equal(check.verdict, 'failing');
  nextCheck(PASSED);
  assert.equal(check.verdict, 'passing');
  assert.deepEqual(news, ['failing', 'passing']);
});

test('no response in time is a failure, and the check is broken off', () => {
  const { check, probe, clock, slots } = setUp({ unhealthyThreshold: 1 });
  probe.answer = null;
  check.start();
  clock.advanceBy(999);
  assert.equal(probe.broken, 0);
  clock.advanceBy(1 + TICK_MS);
  assert.equal(probe.broken, 1);
  assert.equal(check.verdict, 'failing');
  let isFree = false;
  for (let taken = 0; taken < 128; taken++) {
    slots.request({ tenant: 'test', onSlot: () => (isFree = taken === 127) });
  }
  assert.ok(isFree, 'its place is free again');
});

test('where a first success is asked for, nothing else makes it count', () => {
  const { check, nextCheck, probe } = setUp({ requireInitialSuccess: true, unhealthyThreshold: 1 });
  assert.equal(check.verdict, 'pending');
  probe.answer = BAD;
  check.start();
  nextCheck(BAD);
  assert.equal(check.verdict, 'pending');
  nextCheck(PASSED);
  assert.equal(check.verdict, 'passing', 'one is enough');
  nextCheck(BAD);
  assert.equal(check.verdict, 'failing');
});

test('first() waits for the first check, whatever it finds, and for its end', async () => {
  const { check, probe, clock } = setUp({ requireInitialSuccess: true });
  probe.answer = null;
  check.start();
  const first = check.first();
  clock.advanceBy(1_000 + TICK_MS);
  await first;
  await check.first();
  const other = setUp({ requireInitialSuccess: true });
  const waiting = other.check.first();
  other.check.stop();
  await waiting;
});

test('a check that is stopped leaves nothing behind', () => {
  const { check, probe, wheel, clock } = setUp();
  probe.answer = null;
  check.start();
  check.stop();
  assert.equal(probe.broken, 1);
  assert.equal(wheel.size, 0);
  clock.advanceBy(60_000);
  assert.equal(probe.started, 1);
});
