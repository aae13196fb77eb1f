/** No code of a dependency runs while it is installed, whichever npm installs it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), 'utf8');

test('.npmrc turns install scripts off, and the image is built with it', () => {
  assert.match(read('.npmrc'), /^ignore-scripts=true$/m);
  const copied = /^COPY (.*package-lock\.json.*) \.\/$/m.exec(read('Dockerfile'))?.[1] ?? '';
  assert.ok(copied.split(' ').includes('.npmrc'), 'the Dockerfile copies .npmrc before npm ci');
});

test('every package with an install script is refused in package.json too', () => {
  const { packages } = JSON.parse(read('package-lock.json')) as {
    readonly packages: Readonly<Record<string, { readonly hasInstallScript?: boolean }>>;
  };
  const { allowScripts } = JSON.parse(read('package.json')) as {
    readonly allowScripts: Readonly<Record<string, boolean>>;
  };
  const withScript = Object.keys(packages)
    .filter((path) => packages[path]?.hasInstallScript === true)
    .map((path) => path.replace(/^.*node_modules\//, ''));
  assert.deepEqual(allowScripts, Object.fromEntries(withScript.map((name) => [name, false])));
});
