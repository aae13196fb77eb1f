import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EchoAnswer } from '../../../src/echo/server.ts';
import { startExample } from '../../support/example.ts';
import { startLoad } from '../../support/steady-load.ts';

const host = 'www.example';
const SWITCHES = 20;

test(`blue/green: ${String(SWITCHES)} switches under load lose nothing`, async (t) => {
  const store = await startExample(t, '09-blue-green');
  let last = '';
  const load = startLoad({
    request: { port: store.port, host },
    kept: 4,
    fresh: 2,
    onAnswer: ({ body }) => {
      last = (JSON.parse(body) as EchoAnswer).name;
    },
  });
  await load.answers(50);
  assert.equal(last, 'default/storefront-blue');

  for (let index = 1; index <= SWITCHES; index += 1) {
    const [from, to] = index % 2 === 1 ? ['blue', 'green'] : ['green', 'blue'];
    store.edit('route.yaml', (text) => text.replace(`name: storefront-${from}`, `name: storefront-${to}`));
    await store.sluice.until(
      ({ routes }) => (routes[0]?.generation ?? 0) > index && routes[0]?.servedSince !== null,
    );
    // Active on all workers: every later request goes to the new color.
    assert.equal((await store.echo({ host })).name, `default/storefront-${to}`);
    await load.answers(50);
    assert.equal(last, `default/storefront-${to}`);
  }

  const { answered, failures } = await load.stop();
  assert.deepEqual(failures, []);
  assert.ok(answered > SWITCHES * 50);
});
