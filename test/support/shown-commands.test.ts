import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outputPattern, shownCommands } from './shown-commands.ts';

test('commands with their continuation lines and outputs; other blocks are left alone', () => {
  const text = '```sh\nignored\n```\n\n```console\n$ one \\\n> two\nout 1\nout 2\n$ three\n```\n';
  assert.deepEqual(shownCommands(text), [
    { command: 'one \\\ntwo', output: 'out 1\nout 2' },
    { command: 'three', output: '' },
  ]);
  assert.throws(() => shownCommands('```console\nout\n```\n'), /begins with a command/);
});

test('an ellipsis matches any text or any lines, everything else matches literally', () => {
  assert.match('a.b: 17 ms\n', outputPattern('a.b: … ms'));
  assert.doesNotMatch('axb: 17 ms', outputPattern('a.b: … ms'));
  assert.match('first\nx\ny\nlast', outputPattern('first\n…\nlast'));
  assert.doesNotMatch('first\nlast\nmore', outputPattern('first\n…\nlast'));
  assert.doesNotMatch('one\ntwo', outputPattern('one…'));
});
