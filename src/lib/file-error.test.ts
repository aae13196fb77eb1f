import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { describeFileError } from './file-error.ts';

function errorOf(path: string): unknown {
  try {
    readFileSync(path);
  } catch (error) {
    return error;
  }
  return assert.fail('it can be read');
}

test('an error of a file says in words what is wrong with which file', () => {
  assert.equal(describeFileError(errorOf('/absent/key')), '/absent/key: there is no such file');
  assert.equal(describeFileError(errorOf('/'), '/'), '/: is a folder, not a file');
  assert.equal(
    describeFileError(errorOf('/etc/passwd/key')),
    '/etc/passwd/key: a part of the path is a file, not a folder',
  );
});

test('any other error is its message', () => {
  assert.equal(describeFileError(new Error('too large')), 'too large');
  assert.equal(describeFileError('text'), 'text');
});
