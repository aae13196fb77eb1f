import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExample } from '../../support/example.ts';

const host = 'checkout.example';

test('canary: exactly one request in ten, and every request with the header', async (t) => {
  const checkout = await startExample(t, '03-canary-release');
  assert.deepEqual(await checkout.tally(100, { host }), {
    'default/checkout-stable': 90,
    'default/checkout-canary': 10,
  });
  assert.deepEqual(await checkout.tally(5, { host, headers: { 'x-canary': 'always' } }), {
    'default/checkout-canary': 5,
  });
});

test('canary: a new weight applies when the file is saved', async (t) => {
  const checkout = await startExample(t, '03-canary-release');
  const before = await checkout.sluice.status();
  checkout.edit('route.yaml', (text) => text.replace('weight: 90', 'weight: 0'));
  await checkout.sluice.until(
    ({ routes }) =>
      (routes[0]?.generation ?? 0) > (before.routes[0]?.generation ?? 0) && routes[0]?.servedSince !== null,
  );
  assert.deepEqual(await checkout.tally(20, { host }), { 'default/checkout-canary': 20 });
});
