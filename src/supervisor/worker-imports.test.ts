/** A worker is a data plane: what it loads is counted in its memory, on every core. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadedBy } from '../../test/support/loaded-modules.ts';

test('a worker loads the data plane and what that may import, and no package but the regular expressions', () => {
  const { files, packages } = loadedBy('src/supervisor/worker.ts');
  assert.ok(files.includes('src/proxy/proxy.ts'), 'the walk follows imports');
  const allowed =
    /^src\/(proxy|configsync|credentials|ir|lib|telemetry|access-log)\/|^src\/supervisor\/(worker|heap|worker-credentials|worker-messages)\.ts$/;
  assert.deepEqual(
    files.filter((file) => !allowed.test(file)),
    [],
  );
  assert.ok(!files.includes('src/telemetry/metric-registry.ts'), 'metrics are rendered by the supervisor');
  assert.deepEqual(
    packages.filter((name) => !name.startsWith('node:')),
    ['re2js'],
  );
  for (const heavy of ['node:http', 'node:http2', 'node:cluster'])
    assert.ok(!packages.includes(heavy), heavy);
});
