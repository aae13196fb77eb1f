import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { promisify } from 'node:util';
import { buildGoTool } from './go-tool.ts';
import { missingBecause } from './outside-tool.ts';

const run = promisify(execFile);

suite('tools of others', () => {
  test('one that cannot be fetched is missing, with what the command said last', async () => {
    const error: unknown = await run(process.execPath, [
      '-e',
      'console.error("first"); console.error("no network"); process.exit(1)',
    ]).catch((reason: unknown) => reason);
    assert.deepEqual(missingBecause('h2spec', error), {
      kind: 'missing',
      why: 'h2spec cannot be installed: no network',
    });
  });

  test('without a network a tool in Go is missing, and no test fails', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-tool-'));
    const before = { ...process.env };
    Object.assign(process.env, {
      SLUICE_CACHE_DIR: folder,
      GOPROXY: 'off',
      GOFLAGS: '-modcacherw',
      GOMODCACHE: join(folder, 'modules'),
    });
    t.after(() => {
      process.env = before;
      rmSync(folder, { recursive: true });
    });
    const tool = await buildGoTool('h2spec', 'github.com/summerwind/h2spec/cmd/h2spec@v2.2.1+incompatible');
    assert.equal(tool.kind, 'missing');
    assert.match(tool.why, /h2spec (cannot be installed: |with$)|there is no Go/);
  });
});
