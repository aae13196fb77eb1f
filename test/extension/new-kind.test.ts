/**
 * A kind that Sluice does not have, added as a contributor adds one: a CRD, from which its row of the table of kinds is generated. Everything
 * that treats kinds alike serves it.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { suite, test, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { renderKinds } from '../../scripts/docs/kinds.ts';
import { compactSchemas } from '../../scripts/generate/compact-schema.ts';
import { readCrd } from '../../scripts/generate/crd.ts';
import { ownKind, type OwnCrd } from '../../scripts/generate/own-kinds.ts';
import { renderKindTemplates } from '../../scripts/generate/rbac.ts';
import { renderTypes } from '../../scripts/generate/render-types.ts';
import { StatusFile } from '../../src/admin/status-file.ts';
import { SLUICE, type KindTable } from '../../src/gatewayapi/kind.ts';
import { KindRegistry, SCHEMAS, type KindSchemas } from '../../src/gatewayapi/kind-registry.ts';
import { KINDS } from '../../src/gatewayapi/kinds.ts';
import { violationsOf } from '../../src/gatewayapi/rejection.ts';
import type { ResourceSnapshot, SnapshotOf } from '../../src/gatewayapi/snapshot.ts';
import type { PolicyStatus, StatusUpdateOf } from '../../src/gatewayapi/status.ts';
import { KubeClient } from '../../src/kubeapi/client.ts';
import { stateFromText } from '../../src/provider/file/load.ts';
import { KubernetesProvider } from '../../src/provider/kubernetes/kubernetes-provider.ts';
import { SILENT_LOGGER } from '../../src/telemetry/logger.ts';
import { startCluster, type KubeCluster } from '../support/kube-cluster.ts';

const CRD = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: quotapolicies.gateway.sluice.dev }
spec:
  group: gateway.sluice.dev
  scope: Namespaced
  names: { kind: QuotaPolicy, plural: quotapolicies }
  versions:
    - name: v1alpha1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          required: [spec]
          properties:
            apiVersion: { type: string }
            kind: { type: string }
            metadata: { type: object }
            spec:
              type: object
              required: [requests]
              properties:
                requests: { type: integer, minimum: 1 }
                period: { type: string, default: 1m }
                secretRef: { type: object, required: [name], properties: { name: { type: string } } }
            status:
              type: object
              properties:
                ancestors: { type: array, items: { type: object, x-kubernetes-preserve-unknown-fields: true } }
`;

const TABLE = {
  ...KINDS,
  quotaPolicies: {
    ...SLUICE,
    kind: 'QuotaPolicy',
    plural: 'quotapolicies',
    followReferences: true,
    status: 'policy',
  },
} as const satisfies KindTable;

const document = parse(CRD) as OwnCrd;
const crd = readCrd(document, Object.values(TABLE));
assert.ok(crd !== null);
const REGISTRY = new KindRegistry(TABLE, { ...SCHEMAS, ...(compactSchemas([crd]) as KindSchemas) });

const API_VERSION = 'gateway.sluice.dev/v1alpha1';
const policy = (spec: string): string =>
  `apiVersion: ${API_VERSION}\nkind: QuotaPolicy\nmetadata: { name: quota }\nspec:\n  ${spec}\n`;

const quotasIn = (snapshot: ResourceSnapshot): SnapshotOf<typeof TABLE>['quotaPolicies'] =>
  (snapshot as SnapshotOf<typeof TABLE>).quotaPolicies;

suite('a new kind in files', () => {
  test('is read with its defaults, and has a list in the snapshot', () => {
    const { snapshot, findings } = stateFromText(policy('requests: 5'), 'quota.yaml', REGISTRY);
    assert.deepEqual(findings, []);
    assert.deepEqual(quotasIn(snapshot), [
      {
        apiVersion: API_VERSION,
        kind: 'QuotaPolicy',
        metadata: { name: 'quota', namespace: 'default', generation: 1 },
        spec: { requests: 5, period: '1m' },
      },
    ]);
  });

  const invalid: readonly (readonly [spec: string, code: string, path: string, column: number])[] = [
    ['requests: 0', 'invalid-value', 'spec.requests', 13],
    ['request: 5', 'unknown-field', 'spec.request', 3],
    ['requests: many', 'wrong-type', 'spec.requests', 13],
  ];
  for (const [spec, code, path, column] of invalid) {
    test(`is validated: ${spec} is ${code} at its place in the file`, () => {
      const { snapshot, findings } = stateFromText(policy(spec), 'quota.yaml', REGISTRY);
      const found = findings.find((finding) => finding.code === code);
      assert.equal(found?.path, path);
      assert.deepEqual(found.location, { file: 'quota.yaml', line: 5, column });
      const served = quotasIn(snapshot).filter((quota) => violationsOf(quota).length === 0);
      assert.deepEqual(served, []);
    });
  }

  test('has its version checked, and its name suggested', () => {
    const codes = (text: string, registry?: KindRegistry): unknown[] =>
      stateFromText(text, 'quota.yaml', registry).findings.map(({ code, hint }) => [code, hint]);
    const valid = policy('requests: 5');
    assert.deepEqual(codes(valid.replace('v1alpha1', 'v1'), REGISTRY), [
      ['unsupported-value', `write "apiVersion: ${API_VERSION}"`],
    ]);
    assert.deepEqual(codes(valid.replace('QuotaPolicy', 'QuotaPolice'), REGISTRY), [
      ['misspelled-kind', 'did you mean "kind: QuotaPolicy"?'],
    ]);
    // The name is close to that of one of Sluice's own kinds, and no more.
    assert.deepEqual(
      codes(valid),
      [['misspelled-kind', 'did you mean "kind: AuthPolicy"?']],
      'the table of Sluice itself does not change',
    );
  });
});

const OURS = 'sluice.dev/gateway-controller';
const THEIRS = { ancestorRef: { name: 'other' }, controllerName: 'example.com/other', conditions: [] };
const BOTH = [THEIRS.controllerName, OURS];

const ACCEPTED: StatusUpdateOf<string, PolicyStatus> = {
  kind: 'QuotaPolicy',
  object: { group: 'gateway.sluice.dev', kind: 'QuotaPolicy', namespace: 'default', name: 'quota' },
  generation: 1,
  status: {
    ancestors: [
      {
        ancestorRef: { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' },
        controllerName: OURS,
        conditions: [
          { type: 'Accepted', status: 'True', reason: 'Accepted', message: '', observedGeneration: 1 },
        ],
      },
    ],
  },
};

interface WrittenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly status: unknown;
}

/** Names of the controllers that have an entry in a status. */
function controllersIn(status: unknown): readonly string[] {
  const { ancestors = [] } = (status ?? {}) as {
    readonly ancestors?: readonly { readonly controllerName: string }[];
  };
  return ancestors.map(({ controllerName }) => controllerName);
}

interface Followed {
  readonly cluster: KubeCluster;
  readonly provider: KubernetesProvider;
  readonly last: () => ResourceSnapshot;
}

/** A cluster that serves the kind, with one object, and a provider that follows it. */
async function follow(t: TestContext, versions: readonly string[] = ['v1alpha1']): Promise<Followed> {
  const cluster = await startCluster(REGISTRY);
  const client = new KubeClient(cluster.apiServer);
  cluster.api.served.set('gateway.sluice.dev/quotapolicies', versions);
  cluster.create(
    {
      apiVersion: API_VERSION,
      kind: 'QuotaPolicy',
      metadata: { namespace: 'default', name: 'quota' },
      spec: { requests: 5, secretRef: { name: 'keys' } },
    },
    { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'default', name: 'keys' }, data: {} },
  );
  const snapshots: ResourceSnapshot[] = [];
  const provider = new KubernetesProvider({
    client,
    controllerName: OURS,
    namespaces: null,
    logger: SILENT_LOGGER,
    registry: REGISTRY,
  });
  t.after(async () => {
    await provider.close();
    client.close();
    await cluster.api.stop();
  });
  await provider.start({ onSnapshot: (snapshot) => snapshots.push(snapshot), onFindings: () => undefined });
  const last = (): ResourceSnapshot => {
    const snapshot = snapshots.at(-1);
    assert.ok(snapshot !== undefined);
    return snapshot;
  };
  return { cluster, provider, last };
}

suite('a new kind in a cluster', () => {
  test('is watched, and the Secrets that it refers to are read', async (t) => {
    const { cluster, last } = await follow(t);
    assert.deepEqual(
      quotasIn(last()).map(({ metadata }) => metadata.name),
      ['quota'],
    );
    assert.deepEqual(
      last().secrets.map(({ metadata }) => metadata.name),
      ['keys'],
    );
    cluster.remove('QuotaPolicy', 'default', 'quota');
    await cluster.api.until(() => quotasIn(last()).length === 0);
    await cluster.api.until(() => last().secrets.length === 0);
  });

  test('that is installed in no version that is read is reported', async (t) => {
    const { provider } = await follow(t, ['v2']);
    assert.deepEqual(provider.unreadableKinds, [{ kind: 'QuotaPolicy', versions: ['v2'] }]);
  });

  test('has its status written beside the entries of other controllers', async (t) => {
    const { cluster, provider } = await follow(t);
    cluster.patch('QuotaPolicy', 'default', 'quota', { status: { ancestors: [THEIRS] } });
    provider.setLeader(true);
    provider.writeStatus([ACCEPTED]);
    const stored = (): unknown => cluster.get('QuotaPolicy', 'default', 'quota')['status'];
    await cluster.api.until(() => controllersIn(stored()).length === 2);
    assert.deepEqual(controllersIn(stored()), BOTH);
  });
});

test('the status file has the status of a new kind, beside the entries of other controllers', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-new-kind-'));
  t.after(() => {
    rmSync(folder, { recursive: true });
  });
  const text = `${policy('requests: 5')}status: { ancestors: [${JSON.stringify(THEIRS)}] }\n`;
  const loaded = stateFromText(text, 'quota.yaml', REGISTRY);
  assert.deepEqual(loaded.findings, []);
  const file = join(folder, 'status.json');
  const statuses = new StatusFile(file, SILENT_LOGGER, (object) => loaded.writtenStatus(object));
  statuses.update([ACCEPTED], loaded.snapshot);
  await statuses.close();
  const { items } = JSON.parse(readFileSync(file, 'utf8')) as { readonly items: readonly WrittenObject[] };
  assert.deepEqual(
    items.map(({ apiVersion, kind }) => [apiVersion, kind]),
    [[API_VERSION, 'QuotaPolicy']],
  );
  assert.deepEqual(controllersIn(items[0]?.status), BOTH);
});

suite('what is generated for a new kind', () => {
  test('its row of the table of kinds', () => {
    assert.deepEqual(ownKind(document), { quotaPolicies: TABLE.quotaPolicies });
  });

  test('RBAC rules for its objects and its status', () => {
    const text = renderKindTemplates(Object.values(TABLE));
    const own = Object.values(TABLE)
      .filter(({ group }) => group === 'gateway.sluice.dev')
      .map(({ plural }) => plural);
    assert.ok(own.includes('quotapolicies'));
    const statuses = own.map((plural) => `${plural}/status`);
    assert.match(
      text,
      new RegExp(String.raw`^ {2}resources: \[${own.join(', ')}\]\n {2}verbs: \[get, list, watch\]$`, 'm'),
    );
    assert.match(
      text,
      new RegExp(String.raw`^ {2}resources: \[${statuses.join(', ')}\]\n {2}verbs: \[patch\]$`, 'm'),
    );
  });

  test('a row of the table of kinds in the documentation', () => {
    const row =
      '| QuotaPolicy | `gateway.sluice.dev` | `v1alpha1` | every object, and Secrets and ConfigMaps that it refers to | conditions for each Gateway |';
    assert.equal(renderKinds(Object.values(TABLE)).split('\n').at(-1), row);
  });

  test('its types, under the name by which the snapshot finds them', () => {
    const text = renderTypes([crd], 'the test');
    assert.match(text, /export interface QuotaPolicySpec \{\n {2}readonly requests: number;/);
    assert.match(text, /export interface CustomKinds \{\n {2}readonly QuotaPolicy: QuotaPolicy;\n\}/);
  });
});
