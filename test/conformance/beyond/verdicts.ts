/** `sluice check --only schema` and the API server say the same: what was recorded of one is asked of this one again. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isJsonObject } from '../../../src/gatewayapi/validation/schema.ts';
import { isAskable, readVerdicts, sampleManifest, type Verdicts } from '../../schema/sample.ts';
import { readSeeds } from '../../schema/seeds.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { inNamespace, runAsync } from '../cluster/command.ts';
import { namespace } from './manifests.ts';

const MANIFESTS = 3_000;
const SCRIPT = join(import.meta.dirname, '..', '..', 'schema', 'main.ts');

export function verdictTests(cluster: () => Cluster): void {
  test(`the verdicts on ${String(MANIFESTS)} mutated manifests`, { timeout: 300_000 }, async () => {
    const { kubectl, layout } = cluster();
    const folder = mkdtempSync(join(tmpdir(), 'sluice-verdicts-'));
    const out = join(folder, 'verdicts.json');
    const names = namespacesOfSample();
    await kubectl.apply([...names].map(namespace));
    const token = readFileSync(join(layout.state, 'pki', 'tokens.csv'), 'utf8').split(',')[0] ?? '';
    const server = 'https://127.0.0.1:6443';
    const words = [
      '--server',
      server,
      '--token',
      token,
      '--name',
      'lab',
      '--out',
      out,
      '--count',
      String(MANIFESTS),
    ];
    await runAsync(...inNamespace(process.execPath, [SCRIPT, ...words]));
    const { verdicts } = JSON.parse(readFileSync(out, 'utf8')) as Verdicts;
    rmSync(folder, { recursive: true });
    assert.deepEqual(verdicts, readVerdicts().verdicts.slice(0, verdicts.length));
    await kubectl(['delete', 'namespace', ...names, '--wait=false']);
  });
}

/** Also those that a mutation made up: the API server asks for a namespace before it looks at the object. */
function namespacesOfSample(): ReadonlySet<string> {
  const seeds = readSeeds();
  const names = new Set<string>();
  for (let index = 0; index < MANIFESTS; index += 1) {
    const { seed, manifest } = sampleManifest(seeds, index);
    const { metadata } = manifest;
    const name = isJsonObject(metadata) ? metadata['namespace'] : undefined;
    if (isAskable(seed, manifest) && typeof name === 'string' && name !== 'default') names.add(name);
  }
  return names;
}
