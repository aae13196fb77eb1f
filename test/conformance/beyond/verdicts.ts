/** `sluice check --only schema` and the API server say the same: what was recorded of one is asked of this one again. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { isJsonObject } from '../../../src/gatewayapi/validation/schema.ts';
import { isAskable, readVerdicts, sampleManifest, samples } from '../../schema/sample.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { inNamespace, runAsync } from '../cluster/command.ts';
import { namespace } from './manifests.ts';

const MANIFESTS = 3_000;
const SCRIPT = join(import.meta.dirname, '..', '..', 'schema', 'main.ts');

export function verdictTests(cluster: () => Cluster): void {
  test(
    `the verdicts on up to ${String(MANIFESTS)} mutated manifests of each sample`,
    { timeout: 300_000 },
    async () => {
      const { kubectl, layout } = cluster();
      const folder = mkdtempSync(join(tmpdir(), 'sluice-verdicts-'));
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
        folder,
        '--count',
        String(MANIFESTS),
      ];
      await runAsync(...inNamespace(process.execPath, [SCRIPT, ...words]));
      for (const sample of samples()) {
        const { verdicts } = readVerdicts(sample, folder);
        assert.deepEqual(verdicts, readVerdicts(sample).verdicts.slice(0, verdicts.length), sample.name);
      }
      rmSync(folder, { recursive: true });
      await kubectl(['delete', 'namespace', ...names, '--wait=false']);
    },
  );
}

/** Also those that a mutation made up: the API server asks for a namespace before it looks at the object. */
function namespacesOfSample(): ReadonlySet<string> {
  const names = new Set<string>();
  for (const sample of samples()) {
    for (let index = 0; index < Math.min(MANIFESTS, sample.size); index += 1) {
      const { seed, manifest } = sampleManifest(sample, index);
      const { metadata } = manifest;
      const name = isJsonObject(metadata) ? metadata['namespace'] : undefined;
      if (isAskable(seed, manifest) && typeof name === 'string' && name !== 'default') names.add(name);
    }
  }
  return names;
}
