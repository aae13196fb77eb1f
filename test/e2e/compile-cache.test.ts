/** Compiled code is kept only where no other user can have put it: it runs as the user who starts Sluice. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { REPOSITORY, SLUICE } from '../support/sluice-process.ts';

type Environment = Readonly<Record<string, string>>;
const { compileCacheFolder } = createRequire(import.meta.url)(join(REPOSITORY, 'bin/compile-cache.js')) as {
  readonly compileCacheFolder: (env: Environment, user: number | undefined) => string | null;
};
const { uid } = userInfo();

function homeOf(t: TestContext): string {
  const home = mkdtempSync(join(tmpdir(), 'sluice-home-'));
  t.after(() => {
    rmSync(home, { recursive: true });
  });
  return home;
}

/** Starts the real program; what it may use as a cache is named by `env` only. */
function start(env: Environment): void {
  const all: NodeJS.ProcessEnv = { ...process.env, ...env };
  delete all['NODE_COMPILE_CACHE'];
  execFileSync(process.execPath, [SLUICE, '--version'], { env: all });
}

suite('the compile cache', () => {
  test('is in ~/.cache, for its user alone', (t) => {
    const home = homeOf(t);
    const temp = join(home, 'temp');
    mkdirSync(temp);
    start({ HOME: home, XDG_CACHE_HOME: '', TMPDIR: temp });
    const folder = join(home, '.cache', 'sluice', 'compile');
    assert.equal(statSync(folder).mode & 0o777, 0o700);
    assert.equal(readdirSync(folder).length, 1, 'Node uses it');
    assert.deepEqual(readdirSync(temp), [], 'nothing is left in the folder for temporary files');
  });

  test('is in XDG_CACHE_HOME where that is set', (t) => {
    const home = homeOf(t);
    start({ HOME: join(home, 'elsewhere'), XDG_CACHE_HOME: home });
    assert.ok(existsSync(join(home, 'sluice', 'compile')));
  });
});

suite('no compile cache is used', () => {
  const cases: Readonly<Record<string, (home: string) => void>> = {
    'where others can write to it': (home) => {
      mkdirSync(join(home, 'sluice/compile'), { recursive: true });
      chmodSync(join(home, 'sluice/compile'), 0o770);
    },
    'where others can replace it': (home) => {
      chmodSync(home, 0o777);
    },
    'where it is a symbolic link': (home) => {
      mkdirSync(join(home, 'sluice'));
      mkdirSync(join(home, 'other'), { mode: 0o700 });
      symlinkSync(join(home, 'other'), join(home, 'sluice/compile'));
    },
    'where a folder above it is a symbolic link': (home) => {
      mkdirSync(join(home, 'other'), { mode: 0o700 });
      symlinkSync(join(home, 'other'), join(home, 'sluice'));
    },
    'where a file is in its place': (home) => {
      mkdirSync(join(home, 'sluice'));
      writeFileSync(join(home, 'sluice/compile'), '');
    },
  };
  for (const [title, prepare] of Object.entries(cases)) {
    test(title, (t) => {
      const home = homeOf(t);
      prepare(home);
      assert.equal(compileCacheFolder({ XDG_CACHE_HOME: home }, uid), null);
      const files = readdirSync(home, { recursive: true });
      start({ XDG_CACHE_HOME: home });
      assert.deepEqual(readdirSync(home, { recursive: true }), files, 'nothing is written');
    });
  }

  test('where it belongs to another user', (t) => {
    const home = homeOf(t);
    mkdirSync(join(home, 'sluice/compile'), { recursive: true, mode: 0o700 });
    assert.notEqual(compileCacheFolder({ XDG_CACHE_HOME: home }, uid), null);
    assert.equal(compileCacheFolder({ XDG_CACHE_HOME: home }, uid + 1), null);
  });

  test('where there is no owner to check, or the path is relative', (t) => {
    assert.equal(compileCacheFolder({ XDG_CACHE_HOME: homeOf(t) }, undefined), null);
    assert.equal(compileCacheFolder({ XDG_CACHE_HOME: 'cache' }, uid), null);
  });
});
