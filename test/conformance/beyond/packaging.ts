/** What the charts render, and the plain installation, are objects that a real API server takes as they are. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { isJsonObject, type JsonObject } from '../../../src/gatewayapi/validation/schema.ts';
import { CASES } from '../../charts/cases.ts';
import { objectsOf } from '../../charts/helm.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { namespace } from './manifests.ts';

/** The monitoring operator's kinds are not in the cluster: its CRDs come from elsewhere. */
const NOT_INSTALLED = 'monitoring.coreos.com/';
/** Namespaces that the values of the cases name. */
const NAMESPACES = ['team-a', 'team-b'];

export function packagingTests(cluster: () => Cluster): void {
  for (const { name, file } of CASES) {
    test(`the API server takes every object of: ${name}`, { timeout: 120_000 }, async () => {
      const { kubectl } = cluster();
      await kubectl.apply(NAMESPACES.map(namespace));
      const objects = objectsOf(readFileSync(file, 'utf8')).filter(isJsonObject).filter(isInstalled);
      assert.ok(objects.length > 5);
      const input = objects.map((object) => JSON.stringify(object)).join('\n---\n');
      const words = ['apply', '--server-side', '--force-conflicts', '--dry-run=server', '--validate=strict'];
      await kubectl([...words, '-f', '-'], { input });
    });
  }
}

const isInstalled = ({ apiVersion }: JsonObject): boolean => !String(apiVersion).startsWith(NOT_INSTALLED);
