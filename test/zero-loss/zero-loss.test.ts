/** Changes under steady load over every protocol lose nothing. The short form of `npm run zero-loss`. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { CHANGES, inWords, measure } from './changes.ts';
import { LoadedGateway } from './gateway.ts';

/** Of the counts of a full run. */
const SHARE = 0.02;

suite('zero loss', () => {
  for (const change of CHANGES) {
    test(`under load: ${change.name}`, async (t) => {
      const gateway = await LoadedGateway.start();
      t.after(() => gateway.stop());
      const measured = await measure(gateway, change, Math.ceil(change.count * SHARE));
      const lost = measured.tallies.filter(({ failed }) => failed > measured.allowed);
      assert.deepEqual(lost, [], inWords(measured));
      assert.ok(measured.tallies.every(({ answered }) => answered > 0));
    });
  }
});
