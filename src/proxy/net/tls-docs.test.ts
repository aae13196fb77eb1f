import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';
import { CIPHER_SUITES } from '../../lib/cipher-suites.ts';
import { DEFAULT_CIPHER_SUITES } from './tls-contexts.ts';
import { TLS_FAILURES } from './tls-failure.ts';

const page = readFileSync(new URL('../../../docs/reference/tls.md', import.meta.url), 'utf8');

/** Rows of the table under a heading, cells trimmed. */
function rows(heading: string): string[][] {
  const section = page.split(`\n### ${heading}\n`)[1]?.split('\n## ')[0]?.split('\n### ')[0] ?? '';
  return [...section.matchAll(/^\| `(.*)\|$/gm)].map(([line]) =>
    line
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

test('tls.md names every failure, and no other', () => {
  assert.deepEqual(
    Object.fromEntries(rows('Failures').map(([name = '', meaning = '']) => [name, meaning])),
    TLS_FAILURES,
  );
});

test('tls.md names every cipher suite, and which of them are the default', () => {
  const suites = rows('Cipher suites');
  assert.deepEqual(suites.map(([name]) => name).toSorted(), CIPHER_SUITES.toSorted());
  assert.deepEqual(
    suites.filter(([, isDefault]) => isDefault === 'yes').map(([name]) => name),
    DEFAULT_CIPHER_SUITES,
  );
});
