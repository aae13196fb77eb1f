/** Every wait on another process or peer has a deadline, or a reason to have none: in one table, which documents and code share. */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { WAITS } from '../../scripts/docs/deadlines.ts';

const ROOT = join(import.meta.dirname, '..', '..');

/** What opens a connection, a process or a file, by module of Node. */
const WAITING: Readonly<Record<string, RegExp>> = {
  net: /\b(connect|createServer|createConnection|Socket|Server)\b/,
  tls: /\b(connect|createServer)\b/,
  http: /\b(request|get|createServer)\b/,
  https: /\b(request|get|createServer)\b/,
  http2: /\b(connect|createServer|createSecureServer)\b/,
  dgram: /\bcreateSocket\b/,
  dns: /./,
  'dns/promises': /./,
  child_process: /./,
  'fs/promises': /./,
};
const IMPORT = /^import (?!type\b)\{?([^'{}]+)\}? from 'node:([a-z0-9/_]+)';$/gm;

const sources = (): readonly string[] =>
  globSync('**/*.ts', { cwd: join(ROOT, 'src') }).filter((file) => !file.endsWith('.test.ts'));

/** Whether the file can wait for another process, a peer or a disk. */
function canWait(source: string): boolean {
  return [...source.matchAll(IMPORT)].some(([, names = '', module = '']) => {
    const values = names.replaceAll(/\btype \w+/g, '').replaceAll(/(\w+) as \w+/g, '$1');
    return values.trim() !== '' && WAITING[module]?.test(values) === true;
  });
}

suite('deadlines', () => {
  test('every file that can wait for a process, a peer or a disk is named by a wait', () => {
    const named = new Set(WAITS.flatMap(({ files }) => files));
    const waiting = sources().filter((file) => canWait(readFileSync(join(ROOT, 'src', file), 'utf8')));
    assert.ok(waiting.length > 15, 'files are found');
    assert.deepEqual(
      waiting.filter((file) => !named.has(file)),
      [],
      'name it in a row of scripts/docs/deadlines.ts, and give the wait a deadline',
    );
    for (const file of named) assert.ok(existsSync(join(ROOT, 'src', file)), file);
  });

  test('every constant that is a deadline is in the table', () => {
    const table = readFileSync(join(ROOT, 'scripts', 'docs', 'deadlines.ts'), 'utf8');
    const absent = sources().flatMap((file) => {
      const source = readFileSync(join(ROOT, 'src', file), 'utf8');
      const names = source.matchAll(/const ([A-Z_]*(?:TIMEOUT|DEADLINE|GRACE|LINGER)[A-Z_]*_MS) =/g);
      return [...names].flatMap(([, name = '']) => (table.includes(`'${name}'`) ? [] : [`${file}: ${name}`]));
    });
    assert.deepEqual(absent, []);
  });
});
