import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { newestOf, OUR_VERSIONS } from '../../src/configsync/versions.ts';

test('the last row of the table of versions is what this release speaks', () => {
  const page = readFileSync(new URL('../../docs/how-to/upgrade.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| .+? +\| (\d+(?:, \d+)*) +\| (\d+(?:, \d+)*) +\|$/gmu)];
  const [, protocols = '', formats = ''] = rows.at(-1) ?? [];
  const numbers = (text: string): number[] => text.split(', ').map(Number);
  assert.ok(rows.length > 1);
  assert.deepEqual(numbers(protocols).sort(), [...OUR_VERSIONS.protocols].sort());
  assert.deepEqual(numbers(formats).sort(), [...OUR_VERSIONS.formats].sort());
  assert.equal(newestOf(numbers(protocols)), newestOf(OUR_VERSIONS.protocols));
});
