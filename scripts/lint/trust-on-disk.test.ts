/**
 * What the product keeps on disk. A file at a predictable place that another user can create or change would speak for Sluice, so
 * every file that writes is listed here with what protects it, and none of them knows the folder for temporary files.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

const WRITERS: Readonly<Record<string, string>> = {
  'bin/compile-cache.js': 'a private folder of the user, checked with all folders above it',
  'src/admin/status-file.ts': 'created exclusively beside the file that the user names',
  'src/certificates/certificate-files.ts': 'created exclusively in the folder that the user names',
  'src/supervisor/saved-config.ts': 'created exclusively; read by readOwnFile only',
  'src/telemetry/line-writer.ts': 'the access log that the user names, appended to and never read',
};

const WRITES =
  /\b(?:writeFile|appendFile|createWriteStream|mkdir|mkdtemp|symlink)(?:Sync)?\(|\bopen(?:Sync)?\([^)]*(?:'[awr]\+?x?'|O_CREAT|CREATE|flags)/;
const TEMPORARY = /\btmpdir\b|['"`]\/(?:var\/)?tmp\b/;

const sources = globSync(['src/**/*.ts', 'bin/*'], { cwd: root }).filter(
  (file) => !file.endsWith('.test.ts') && !file.endsWith('.json'),
);
const matching = (pattern: RegExp): readonly string[] =>
  sources.filter((file) => pattern.test(readFileSync(join(root, file), 'utf8'))).sort();

suite('trust on disk', () => {
  test('every file that writes to disk is known, with what protects what it writes', () => {
    assert.deepEqual(matching(WRITES), Object.keys(WRITERS));
  });

  test('nothing is kept in the folder for temporary files', () => {
    assert.deepEqual(matching(TEMPORARY), []);
  });

  test('the test programs use it for folders with random names only', () => {
    const programs = globSync(['test/**/*.ts', 'scripts/**/*.ts', 'bench/**/*.ts'], { cwd: root });
    const used = programs.flatMap((file) =>
      readFileSync(join(root, file), 'utf8')
        .split('\n')
        .filter((line) => /\btmpdir\(\)/.test(line) && !line.includes('mkdtemp'))
        .map((line) => `${file}: ${line.trim()}`),
    );
    assert.deepEqual(used, []);
  });
});
