/** A worker is a data plane: what it loads is counted in its memory, on every core. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const IMPORT = /^(?:import|export)\s+(?!type\b)(?:[^'";]*?\bfrom\s+)?'([^']+)';?$/gm;

/** Every file and package that a file loads, directly or not; types are erased. */
function loadedBy(entry: string): ReadonlySet<string> {
  const seen = new Set<string>();
  const visit = (file: string): void => {
    if (seen.has(file)) return;
    seen.add(file);
    for (const [, specifier = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      if (specifier.startsWith('.')) visit(join(dirname(file), specifier));
      else seen.add(specifier);
    }
  };
  visit(entry);
  return seen;
}

test('a worker loads the data plane and what that may import, and no package but the regular expressions', () => {
  const loaded = [...loadedBy(join(ROOT, 'src/supervisor/worker.ts'))];
  const files = loaded.filter((name) => name.startsWith(ROOT)).map((name) => relative(ROOT, name));
  assert.ok(files.includes('src/proxy/proxy.ts'), 'the walk follows imports');
  const allowed =
    /^src\/(proxy|configsync|ir|lib|telemetry|access-log)\/|^src\/supervisor\/(worker|heap|worker-messages)\.ts$/;
  assert.deepEqual(
    files.filter((file) => !allowed.test(file)),
    [],
  );
  assert.ok(!files.includes('src/telemetry/metric-registry.ts'), 'metrics are rendered by the supervisor');
  const packages = loaded.filter((name) => !name.startsWith(ROOT) && !name.startsWith('node:'));
  assert.deepEqual(packages, ['re2js']);
  for (const heavy of ['node:http', 'node:http2', 'node:cluster']) assert.ok(!loaded.includes(heavy), heavy);
});
