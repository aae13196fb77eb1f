import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startExample } from '../../support/example.ts';

test("multi-tenant: each team's routes serve only the team's own hostname", async (t) => {
  const shared = await startExample(t, '04-multi-tenant');
  // The route of team blue for this hostname is loaded, too; were it attached, it would take a share or all of it.
  assert.deepEqual(await shared.tally(10, { host: 'shop.red.example' }), { 'red/shop': 10 });
  assert.deepEqual(await shared.tally(10, { host: 'shop.blue.example' }), { 'blue/shop': 10 });
});

test('multi-tenant: without consent no other team’s backend', async (t) => {
  const shared = await startExample(t, '04-multi-tenant');
  const answer = await shared.send({ host: 'steal.blue.example' });
  assert.equal(answer.status, 500);
  assert.match(answer.body, /invalid_ref/);
});

test('multi-tenant: the owners are told', async (t) => {
  const shared = await startExample(t, '04-multi-tenant');
  const { routes } = await shared.sluice.status();
  const reasons = (name: string): string[] =>
    routes
      .filter((route) => route.namespace === 'blue' && route.name === name)
      .flatMap(({ parents }) => parents.flatMap(({ conditions }) => conditions))
      .map(({ type, status, reason }) => `${type}=${status} ${reason}`);
  assert.ok(reasons('take-hostname').includes('Accepted=False NoMatchingListenerHostname'));
  assert.ok(reasons('take-backend').includes('ResolvedRefs=False RefNotPermitted'));
  assert.ok(reasons('shop').includes('Accepted=True Accepted'));
});
