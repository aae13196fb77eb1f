import assert from 'node:assert/strict';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startExample, type Example } from '../../support/example.ts';

const host = 'checkout.example';
const NAME = '08-cross-namespace';

/** Reasons of the route's ResolvedRefs conditions. */
async function untilResolvedRefs(example: Example, reason: string): Promise<void> {
  await example.sluice.untilServed(({ routes }) =>
    routes
      .flatMap(({ parents }) => parents.flatMap(({ conditions }) => conditions))
      .some((condition) => condition.type === 'ResolvedRefs' && condition.reason === reason),
  );
}

test('cross-namespace: refused without its ReferenceGrant', async (t) => {
  const website = await startExample(t, NAME, { paths: ['gateway.yaml', 'route.yaml'] });
  const answer = await website.send({ host });
  assert.equal(answer.status, 500);
  assert.match(answer.body, /invalid_ref/);
  await untilResolvedRefs(website, 'RefNotPermitted');
});

test('cross-namespace: served with it', async (t) => {
  const website = await startExample(t, NAME);
  assert.equal((await website.echo({ host })).name, 'payments/payments');
});

test('cross-namespace: taking the grant away ends the traffic, giving it back restores it', async (t) => {
  const website = await startExample(t, NAME);
  const grant = join(website.folder, 'grant', 'reference-grant.yaml');
  const away = join(website.folder, 'grant', 'reference-grant.off');
  assert.equal((await website.send({ host })).status, 200);
  renameSync(grant, away);
  await untilResolvedRefs(website, 'RefNotPermitted');
  assert.equal((await website.send({ host })).status, 500);
  renameSync(away, grant);
  await untilResolvedRefs(website, 'ResolvedRefs');
  assert.equal((await website.send({ host })).status, 200);
});
