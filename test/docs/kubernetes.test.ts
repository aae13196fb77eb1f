/** docs/reference/kubernetes.md and the two commands of the cluster agree. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Option } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { tableRows } from '../support/markdown.ts';

const page = readFileSync(new URL('../../docs/reference/kubernetes.md', import.meta.url), 'utf8');

function rowOf({ flags, defaultValue, defaultValueDescription, argChoices, description }: Option): string[] {
  const value: unknown = defaultValue;
  const standard =
    defaultValueDescription ?? (value === undefined ? '' : JSON.stringify(value).replaceAll('"', ''));
  const choices =
    argChoices === undefined ? '' : ` (${argChoices.map((choice) => `\`${choice}\``).join(', ')})`;
  return [`\`${flags}\``, standard, description + choices];
}

for (const name of ['controller', 'proxy']) {
  test(`kubernetes.md describes the options of sluice ${name} as they are`, () => {
    const [, rest = ''] = page.split(`<!-- options:${name} -->`);
    const command = createProgram().commands.find((one) => one.name() === name);
    assert.ok(command !== undefined && rest !== '');
    const actual = command.options.filter(({ long }) => long !== '--help').map(rowOf);
    assert.deepEqual(tableRows(rest.split('<!--')[0] ?? '', 'option'), actual);
  });
}
