import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { CONTROLLER_NAME } from '../translator/types.ts';
import { StatusFile } from './status-file.ts';

const NOTHING: Partial<ResourceSnapshot> = {};

test('the status file is not readable for other users', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-status-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'status.json');
  const file = new StatusFile(path, SILENT_LOGGER, () => null);
  file.update([], NOTHING as ResourceSnapshot);
  await file.close();
  assert.equal(statSync(path).mode & 0o007, 0);
});

test('entries of other controllers in the status of a manifest stay', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-status-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const path = join(folder, 'status.json');
  const parentRef = { name: 'web' };
  const foreign = { controllerName: 'example.com/other', parentRef, conditions: [] };
  const metadata = { name: 'shop', namespace: 'default' };
  const route = {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata,
    spec: {},
  };
  const object = { group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', ...metadata };
  const own = { controllerName: CONTROLLER_NAME, parentRef, conditions: [] };
  const update = { kind: 'HTTPRoute', object, generation: 1, status: { parents: [own] } } as const;
  const file = new StatusFile(path, SILENT_LOGGER, () => ({
    parents: [foreign, { controllerName: 7 }, null],
  }));
  const snapshot: object = { httpRoutes: [route] };
  file.update([update], snapshot as ResourceSnapshot);
  file.update([update], snapshot as ResourceSnapshot);
  await file.close();
  const { items } = JSON.parse(readFileSync(path, 'utf8')) as {
    readonly items: readonly {
      readonly status: { readonly parents: readonly { controllerName: string }[] };
    }[];
  };
  assert.deepEqual(
    items[0]?.status.parents.map(({ controllerName }) => controllerName),
    ['example.com/other', CONTROLLER_NAME],
  );
});
