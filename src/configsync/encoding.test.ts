import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { changedTypes, currentEncodings, recorded } from '../../test/support/encoding-record.ts';

const RAISE = {
  format: 'CONFIG_FORMAT in src/ir/codec.ts',
  protocol: 'the protocol in src/configsync/negotiation.ts',
} as const;

suite('what other releases read', () => {
  const [before, now] = [recorded(), currentEncodings()];
  for (const what of ['format', 'protocol'] as const) {
    test(`the ${what} has the version that was recorded for its shape`, () => {
      const changed = changedTypes(before[what], now[what]).join(', ');
      assert.equal(
        changed === '' || now[what].version > before[what].version,
        true,
        `${changed} changed: raise ${RAISE[what]}, then run node scripts/record-encoding.ts`,
      );
      assert.deepEqual(now[what], before[what], 'run node scripts/record-encoding.ts');
    });
  }
});
