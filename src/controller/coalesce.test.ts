import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { coalesce } from './coalesce.ts';

suite('coalesce', () => {
  test('any number of requests cost one run, and an earlier one serves a later', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const run = t.mock.fn();
    const coalescer = coalesce(run);
    coalescer.request(50);
    coalescer.request(10);
    coalescer.request(30);
    t.mock.timers.tick(9);
    assert.equal(run.mock.callCount(), 0);
    t.mock.timers.tick(1);
    assert.equal(run.mock.callCount(), 1);
    t.mock.timers.tick(1000);
    assert.equal(run.mock.callCount(), 1);
  });

  test('a request during a run leads to one more', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    let runs = 0;
    const coalescer = coalesce(() => {
      runs += 1;
      if (runs === 1) coalescer.request();
    });
    coalescer.request();
    t.mock.timers.tick(1);
    t.mock.timers.tick(1);
    assert.equal(runs, 2);
  });

  test('after stop nothing runs', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const run = t.mock.fn();
    const coalescer = coalesce(run);
    coalescer.request(10);
    coalescer.stop();
    coalescer.request();
    t.mock.timers.tick(100);
    assert.equal(run.mock.callCount(), 0);
  });
});
