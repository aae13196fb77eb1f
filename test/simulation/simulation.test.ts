/**
 * Endpoints come and go, policies change, backends fail in every way, for some minutes of virtual time and for many seeds; what must hold
 * of the cluster logic is checked at every attempt. A failure names its seed: `SLUICE_SIMULATION_SEED=n` runs it alone, and
 * `SLUICE_SIMULATION_RUNS=n` runs more.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { simulate, type Outcome } from './world.ts';

const RUNS = Number(process.env['SLUICE_SIMULATION_RUNS'] ?? 1_000);
const only = process.env['SLUICE_SIMULATION_SEED'];
const seeds = only === undefined ? Array.from({ length: RUNS }, (_, index) => index + 1) : [Number(only)];

test(`every request ends once and goes where it should, over ${seeds.length} schedules`, (t) => {
  const total = { requests: 0, attempts: 0, answered: 0 };
  for (const seed of seeds) {
    const outcome = simulate(seed);
    for (const key of Object.keys(total) as (keyof Outcome)[]) total[key] += outcome[key];
  }
  t.diagnostic(`${total.requests} requests, ${total.attempts} attempts, ${total.answered} answered with 200`);
  assert.ok(total.answered > total.requests / 4, 'the simulated world has become too bad to show anything');
});

test('the same seed gives the same run', () => {
  const [seed = 1] = seeds;
  assert.deepEqual(simulate(seed), simulate(seed));
});
