/** docs/reference/cli.md and the commands agree: every command, argument and option, with default and description. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { tableRows } from '../support/markdown.ts';

const page = readFileSync(new URL('../../docs/reference/cli.md', import.meta.url), 'utf8');

/** The page's part of one command. */
function sectionOf(command: string): string {
  const [, section] = page.split(new RegExp(`^## \`sluice ${command}\`$`, 'm'));
  assert.ok(section !== undefined, `cli.md has no section for ${command}`);
  return section.split(/^## /m)[0] ?? '';
}

function rowOf({ flags, defaultValue, defaultValueDescription, argChoices, description }: Option): string[] {
  const value: unknown = defaultValue;
  const standard =
    defaultValueDescription ??
    (value === undefined || value === false ? '' : JSON.stringify(value).replaceAll('"', ''));
  const choices =
    argChoices === undefined ? '' : ` (${argChoices.map((choice) => `\`${choice}\``).join(', ')})`;
  return [`\`${flags}\``, standard, description + choices];
}

const visible = ({ hidden, long }: Option): boolean => !hidden && long !== '--help';

/** The chart runs these two commands; the chart's reference documents their options. */
const IN_KUBERNETES = ['controller', 'proxy'];

const isDocumentedHere = (command: Command): boolean => !['help', ...IN_KUBERNETES].includes(command.name());

for (const command of createProgram().commands.filter(isDocumentedHere)) {
  test(`cli.md describes sluice ${command.name()} as it is`, () => {
    const section = sectionOf(command.name());
    const documented = tableRows(section, 'option');
    const actual = command.options.filter(visible).map(rowOf);
    assert.deepEqual(documented, actual);
    assert.ok(section.includes(command.description()), 'its description is under the heading');
  });
}

test('cli.md has no section for a command that is not there', () => {
  const names = createProgram().commands.map((command) => command.name());
  for (const [, name = ''] of page.matchAll(/^## `sluice (\w+)`$/gm)) assert.ok(names.includes(name), name);
});
