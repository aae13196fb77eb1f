import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync, chmodSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { parseSessionKey, readSessionSecret } from './session-secret.ts';

function fileWith(t: TestContext, content: Buffer, mode: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-key-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'session.key');
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

suite('session keys', () => {
  test('are the whole file', (t) => {
    const key = Buffer.from('0123456789abcdef0123456789abcdef\n');
    assert.deepEqual(parseSessionKey(fileWith(t, key, 0o600)), key);
  });

  test('are refused when they are short, not there, or known to other users', (t) => {
    const short = fileWith(t, Buffer.alloc(31, 1), 0o600);
    assert.throws(() => readSessionSecret(short), /has 31 bytes; a session key has at least 32/);
    assert.throws(() => parseSessionKey(short), /has 31 bytes/);
    assert.throws(() => parseSessionKey(`${short}.not-there`), /there is no such file/);
    assert.throws(() => parseSessionKey(fileWith(t, Buffer.alloc(32, 1), 0o644)), /chmod 600/);
  });
});
