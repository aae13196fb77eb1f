import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, watch } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPinoLogger } from './pino-logger.ts';

test('a line is JSON with time, level, message and fields, from the wanted level on', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-log-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, 'log');
  const watcher = watch(folder);
  const created = once(watcher, 'change');
  const { logger, close } = createPinoLogger(file, 'warn');
  logger.info('not worth it');
  logger.warn('worker ended', { worker: 1, reason: null });
  await created;
  watcher.close();
  close();
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  const [line, ...rest] = lines.map((text) => JSON.parse(text) as Record<string, unknown>);
  assert.deepEqual(rest, []);
  assert.deepEqual(
    { ...line, time: '' },
    { level: 'warn', time: '', worker: 1, reason: null, message: 'worker ended' },
  );
  assert.match(String(line?.['time']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});
