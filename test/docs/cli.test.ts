/** docs/reference/cli.md has a section for each command that people run. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { COMMAND_OPTIONS } from '../../scripts/docs/options.ts';

test('every command has a section of its name, with its options in it', () => {
  const page = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8');
  const sections = [...page.matchAll(/^## `sluice (\w+)`\n+<!-- generated: options-(\w+) /gm)];
  const expected = COMMAND_OPTIONS.filter((section) => section.page.endsWith('cli.md'));
  assert.deepEqual(
    sections.map(([, heading, marker]) => [heading, `options-${marker ?? ''}`]),
    expected.map(({ name }) => [name.replace('options-', ''), name]),
  );
});
