import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { StatusFile } from './status-file.ts';

const NOTHING: Partial<ResourceSnapshot> = {};

test('the status file is not readable for other users', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-status-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'status.json');
  const file = new StatusFile(path, SILENT_LOGGER);
  file.update([], NOTHING as ResourceSnapshot);
  await file.close();
  assert.equal(statSync(path).mode & 0o007, 0);
});
