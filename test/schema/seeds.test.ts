import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { listSpecFields } from '../../src/gatewayapi/spec-fields.ts';
import { REGISTRY } from '../../src/gatewayapi/kind-registry.ts';
import { joinApiVersion } from '../../src/gatewayapi/validation/api-version.ts';
import { formatPath, isJsonObject, type JsonObject } from '../../src/gatewayapi/validation/schema.ts';
import { validateObject } from '../../src/gatewayapi/validation/validate-object.ts';
import { readSeeds } from './seeds.ts';

const seeds = readSeeds();

suite('valid manifests', () => {
  for (const seed of seeds) {
    test(`${String(seed['apiVersion'])} ${String(seed['kind'])} ${nameOf(seed)} is valid`, () => {
      const verdict = validateObject(seed);
      const issues = verdict.kind === 'invalid' ? verdict.issues : [];
      assert.deepEqual(
        issues.map(({ path, message }) => `${formatPath(path)}: ${message}`),
        [],
      );
      assert.equal(verdict.kind, 'valid');
    });
  }

  test('there is one of every version of every kind', () => {
    const present = new Set(seeds.map((seed) => `${String(seed['apiVersion'])} ${String(seed['kind'])}`));
    const missing = REGISTRY.kinds.flatMap(({ group, kind, versions }) =>
      versions
        .map((version) => `${joinApiVersion(group, version)} ${kind}`)
        .filter((name) => !present.has(name)),
    );
    assert.deepEqual(missing, []);
  });

  for (const { kind, group } of REGISTRY.custom) {
    test(`together they have every field of ${kind}`, () => {
      const present = new Set<string>();
      for (const seed of seeds) {
        const isOfKind = seed['kind'] === kind && String(seed['apiVersion']).startsWith(group);
        if (isOfKind) collectPaths(seed['spec'], 'spec', present);
      }
      assert.deepEqual(
        listSpecFields(kind).filter((path) => !present.has(path)),
        [],
      );
    });
  }
});

function nameOf({ metadata }: JsonObject): string {
  return isJsonObject(metadata) ? String(metadata['name']) : '';
}

/** Every path that is there, whatever its value. */
function collectPaths(value: unknown, path: string, paths: Set<string>): void {
  paths.add(path);
  if (Array.isArray(value)) {
    for (const item of value) collectPaths(item, `${path}[]`, paths);
  } else if (isJsonObject(value)) {
    for (const [name, child] of Object.entries(value)) collectPaths(child, `${path}.${name}`, paths);
  }
}
