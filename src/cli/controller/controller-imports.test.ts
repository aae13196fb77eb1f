/** What a controller loads is CPU before it is ready, and memory of each replica. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadedBy } from '../../../test/support/loaded-modules.ts';

test('a controller starts without the data plane, explanations and the library of metrics', () => {
  const { files, packages } = loadedBy('src/cli/controller/run-controller.ts');
  assert.ok(files.includes('src/translator/translate.ts'), 'the walk follows imports');
  const ofDataPlane = files.filter((file) => file.startsWith('src/proxy/'));
  const regexes = ['src/proxy/router/regex.ts', 'src/proxy/router/literal-prefix.ts'];
  assert.deepEqual(ofDataPlane.toSorted(), regexes.toSorted());
  assert.ok(!packages.includes('prom-client'));
});
