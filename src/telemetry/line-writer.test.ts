import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test, type TestContext } from 'node:test';
import { createLineWriter } from './line-writer.ts';

function fileIn(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-lines-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  return join(folder, 'lines.log');
}

test('every line arrives, whole and in order, however large the batch', async (t) => {
  const file = fileIn(t);
  const writer = createLineWriter(file);
  const lines = Array.from({ length: 5_000 }, (_, index) => `${String(index)} ${'ä'.repeat(index % 97)}`);
  for (const line of lines) writer.write(line);
  await writer.close();
  assert.deepEqual(readFileSync(file, 'utf8').split('\n').slice(0, -1), lines);
  assert.equal(writer.dropped, 0);
});

test('a line may be as long as was said, at any place in a batch', async (t) => {
  const file = fileIn(t);
  const writer = createLineWriter(file);
  const lengths = [0, 1, 40_000, 41_919, 81_918, 81_919, 81_920, 200_000, 3];
  for (const length of lengths) {
    const line = writer.beginLine(length);
    assert.ok(line);
    line.ascii('x'.repeat(length));
    writer.endLine();
  }
  await writer.close();
  const written = readFileSync(file, 'latin1').split('\n').slice(0, -1);
  assert.deepEqual(
    written.map((line) => line.length),
    lengths,
  );
});

test('lines that cannot be written (ENOSPC) count as dropped', async () => {
  const writer = createLineWriter('/dev/full');
  for (let line = 0; line < 3_000; line += 1) writer.write('x'.repeat(100));
  await writer.close();
  assert.equal(writer.dropped, 3_000);
});

test('a new file is not readable for other users', async (t) => {
  const file = fileIn(t);
  await createLineWriter(file).close();
  assert.equal(statSync(file).mode & 0o007, 0);
});

test('a file that was moved away is opened again', async (t) => {
  const file = fileIn(t);
  const clock = t.mock.method(performance, 'now', () => 0);
  const first = createLineWriter(file);
  first.write('before');
  await new Promise<void>((resolve) => {
    const look = (): void => {
      if (readFileSync(file, 'utf8') === '') setTimeout(look, 10);
      else resolve();
    };
    look();
  });
  renameSync(file, `${file}.1`);
  clock.mock.mockImplementation(() => 5_000);
  first.write('after');
  await first.close();
  assert.equal(readFileSync(`${file}.1`, 'utf8'), 'before\n');
  assert.equal(readFileSync(file, 'utf8'), 'after\n');
});

const WRITER = new URL('line-writer.ts', import.meta.url).href;

/** Writes 20 MB at once to its standard output, says what it had to drop, and ends. */
const SCRIPT = `
  const { createLineWriter } = await import(${JSON.stringify(WRITER)});
  const writer = createLineWriter(1);
  for (let index = 0; index < 2000; index++) writer.write(index + ' ' + 'x'.repeat(10_000));
  process.stderr.write('dropped ' + writer.dropped);
  await writer.close();
  process.exit(0);
`;

test('a stalled reader costs bounded memory: what does not fit is dropped and counted', async () => {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Standard output is not read until the process has said what it dropped.
  const [said] = (await once(child.stderr, 'data')) as [Buffer];
  const lines = (await text(child.stdout)).split('\n').slice(0, -1);
  const dropped = Number(/dropped (\d+)/.exec(said.toString())?.[1]);
  assert.ok(dropped > 500, said.toString());
  assert.equal(lines.length, 2000 - dropped);
  for (const [index, line] of lines.entries()) assert.ok(line.startsWith(`${String(index)} x`));
});

test('a pipe without a reader does not keep the process alive', async () => {
  const pipeline = `{ "$0" --input-type=module -e "$1"; echo ended >&2; } | { read -r line <&3; cat; }`;
  const shell = spawn('sh', ['-c', pipeline, process.execPath, SCRIPT], {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  const { stderr, stdout } = shell;
  assert.ok(stderr !== null && stdout !== null);
  let said = '';
  while (!said.includes('ended')) said += String(((await once(stderr, 'data')) as [Buffer])[0]);
  // Only now does the reader begin: it finds what the pipe held.
  (shell.stdio[3] as Writable).end('go\n');
  assert.match(await text(stdout), /^0 x+\n1 x/);
});
