/**
 * The official conformance suite, and what it does not ask, on one real cluster. Building the cluster's programs takes a
 * quarter of an hour and an empty machine, so this runs where SLUICE_TEST_CLUSTER=1 says so, as CI does where it can.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, suite, test } from 'node:test';
import { parse } from 'yaml';
import { coexistenceTests } from './beyond/coexistence.ts';
import { disruptionTests } from './beyond/disruptions.ts';
import { manyGatewayTests } from './beyond/many-gateways.ts';
import { packagingTests } from './beyond/packaging.ts';
import { rolloutTests } from './beyond/rollouts.ts';
import { closeScenes, openNamespaces } from './beyond/scene.ts';
import { verdictTests } from './beyond/verdicts.ts';
import { diagnose } from './diagnosis.ts';
import { defaultLayout, openLab, whyNoLab, type Lab } from './lab.ts';
import { readResults } from './suite-log.ts';
import { PROFILES, runSuite } from './suite.ts';

const SUITE_LIMIT_MS = 45 * 60_000;
const START_LIMIT_MS = 40 * 60_000;
/** How many tests v1.6.3 has for the five gateway profiles. */
const TESTS = 131;

const skip =
  process.env['SLUICE_TEST_CLUSTER'] === '1'
    ? (whyNoLab() ?? false)
    : 'set SLUICE_TEST_CLUSTER=1 to run it: needs root and Go, and builds Kubernetes';

interface Profile {
  readonly name: string;
  readonly core: { readonly result: string };
  readonly extended?: { readonly result: string; readonly unsupportedFeatures?: readonly string[] };
}

if (skip !== false) test('in a real cluster', { skip });
else suite('in a real cluster', inCluster);

function inCluster(): void {
  const layout = defaultLayout();
  const folder = mkdtempSync(join(tmpdir(), 'sluice-conformance-'));
  let lab: Lab;
  before(
    async () => {
      lab = await openLab(layout, console.log);
    },
    { timeout: START_LIMIT_MS },
  );
  after(async () => {
    await lab.close();
    rmSync(folder, { recursive: true });
  });

  afterEach(async (t) => {
    // The types of Node do not have `passed` yet.
    if ('passed' in t && !t.passed) {
      const name = t.name.replaceAll(/[^a-z0-9]+/gi, '-').slice(0, 60);
      const place = { folder: join(layout.cache, 'failures', name), namespaces: openNamespaces() };
      console.log(`After the failure of “${t.name}”:\n${await diagnose(lab.cluster.kubectl, place)}`);
    }
    await closeScenes();
  });

  test('the official conformance suite', { timeout: SUITE_LIMIT_MS }, async (t) => {
    const log = join(layout.cache, 'suite.log');
    const report = join(folder, 'report.yaml');
    const code = await runSuite(layout, { gatewayClass: 'sluice', report, log, flags: [] });
    const results = readResults(log);
    for (const { name, outcome, output } of results) {
      await t.test(name, () => {
        assert.equal(outcome, 'passed', output);
      });
    }
    assert.equal(results.length, TESTS);
    assert.equal(code, 0);
    const { profiles } = parse(readFileSync(report, 'utf8')) as { profiles: readonly Profile[] };
    assert.deepEqual(
      profiles
        .map(({ name, core, extended }) => [name, core.result, extended?.result ?? 'success'])
        .toSorted(),
      PROFILES.map((name) => [name, 'success', 'success']).toSorted(),
    );
  });

  rolloutTests(() => lab.cluster);
  disruptionTests(() => lab);
  coexistenceTests(() => lab.cluster);
  verdictTests(() => lab.cluster);
  packagingTests(() => lab.cluster);
  manyGatewayTests(() => lab.cluster);
}
