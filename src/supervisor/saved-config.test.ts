import assert from 'node:assert/strict';
import {
  chmodSync,
  linkSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  type Stats,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { trustFault } from './own-file.ts';
import { SavedConfig } from './saved-config.ts';

function stateFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-state-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return folder;
}

function save(folder: string): void {
  const saved = new SavedConfig(folder, SILENT_LOGGER);
  saved.write([]);
  saved.close();
}

const isRead = (folder: string): boolean => new SavedConfig(folder, SILENT_LOGGER).read() !== null;

suite('the saved configuration', () => {
  test('is for its user alone', (t) => {
    const folder = stateFolder(t);
    save(folder);
    assert.equal(statSync(join(folder, 'config.json')).mode & 0o777, 0o600);
    assert.ok(isRead(folder));
  });

  test('is not used where other users can write it', (t) => {
    const folder = stateFolder(t);
    save(folder);
    chmodSync(join(folder, 'config.json'), 0o602);
    assert.equal(isRead(folder), false);
  });

  test('is not used through a symbolic link', (t) => {
    const folder = stateFolder(t);
    save(folder);
    renameSync(join(folder, 'config.json'), join(folder, 'other.json'));
    symlinkSync(join(folder, 'other.json'), join(folder, 'config.json'));
    assert.equal(isRead(folder), false);
  });

  test('is not written through a link that another user left', (t) => {
    const folder = stateFolder(t);
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, join(folder, 'config.json.last'));
    save(folder);
    linkSync(victim, join(folder, 'config.json.last'));
    save(folder);
    assert.equal(readFileSync(victim, 'utf8'), 'untouched');
    assert.ok(isRead(folder));
  });
});

suite('a file on disk is trusted', () => {
  const us = { user: 1000, group: 100 };
  const file = (change: Partial<Stats>): Parameters<typeof trustFault>[0] => ({
    uid: 1000,
    gid: 100,
    mode: 0o600,
    isFile: () => true,
    ...change,
  });

  test('when it is ours, or written by root', () => {
    assert.equal(trustFault(file({}), us), null);
    assert.equal(trustFault(file({ uid: 0 }), us), null);
  });

  test('when only our own group may write it, as the kubelet leaves it', () => {
    assert.equal(trustFault(file({ mode: 0o660 }), us), null);
    assert.match(String(trustFault(file({ mode: 0o660, gid: 7 }), us)), /other users/);
  });

  test('never when another user owns it or can write it, or when it is a pipe', () => {
    assert.equal(trustFault(file({ uid: 7 }), us), 'belongs to user 7');
    assert.match(String(trustFault(file({ mode: 0o602 }), us)), /other users/);
    assert.match(String(trustFault(file({ isFile: () => false }), us)), /regular file/);
  });
});
