import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { REGISTRY } from '../../gatewayapi/kind-registry.ts';
import { loadResources, stateFromText } from './load.ts';

suite('what a text becomes', () => {
  test('namespaces are filled in, and implied with their label', () => {
    const { snapshot, findings } = stateFromText(
      `apiVersion: v1
kind: ConfigMap
metadata: {name: a}
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: b, namespace: shop}}
---
{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {team: blue}}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: c}, spec: {controllerName: a.b/c}}
`,
      'f.yaml',
    );
    assert.deepEqual(findings, []);
    assert.equal(snapshot.configMaps[0]?.metadata.namespace, 'default');
    assert.equal(snapshot.gatewayClasses[0]?.metadata.namespace, undefined);
    assert.deepEqual(
      snapshot.namespaces.map(({ metadata }) => metadata.labels),
      [{ team: 'blue', 'kubernetes.io/metadata.name': 'shop' }, { 'kubernetes.io/metadata.name': 'default' }],
    );
  });

  test('stringData of a Secret is folded into its data, and wins', () => {
    const { snapshot } = stateFromText(
      'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: eA==, b: eA==}\nstringData: {a: ü}\n',
      'f.yaml',
    );
    assert.deepEqual(snapshot.secrets[0]?.data, { a: 'w7w=', b: 'eA==' });
    assert.equal('stringData' in (snapshot.secrets[0] as object), false);
  });

  test('Services without selector, external names, and the EndpointSlices that belong to them', () => {
    const { snapshot, findings } = stateFromText(
      `{apiVersion: v1, kind: Service, metadata: {name: out}, spec: {type: ExternalName, externalName: api.test}}
---
{apiVersion: v1, kind: Service, metadata: {name: here}, spec: {ports: [{port: 80}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: here-1, labels: {kubernetes.io/service-name: here}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [10.0.0.1]}]
`,
      'f.yaml',
    );
    assert.deepEqual(findings, []);
    assert.equal(snapshot.services[0]?.spec?.externalName, 'api.test');
    assert.equal(snapshot.services[1]?.spec?.ports?.[0]?.protocol, 'TCP');
    assert.equal(snapshot.endpointSlices[0]?.ports?.[0]?.protocol, 'TCP');
  });

  test('an unknown kind is a note, a misspelled kind of ours an error', () => {
    const { findings } = stateFromText(
      `{apiVersion: apps/v1, kind: Deployment, metadata: {name: a}}
---
{apiVersion: gateway.networking.k8s.io/v1, kind: HttpRoute, metadata: {name: a}}
`,
      'f.yaml',
    );
    assert.deepEqual(
      findings.map(({ severity, code, hint }) => [severity, code, hint]),
      [
        ['info', 'unknown-kind', null],
        ['error', 'misspelled-kind', 'did you mean "kind: HTTPRoute"?'],
      ],
    );
  });

  test('every kind that is checked has a list in the snapshot', () => {
    const { snapshot } = stateFromText('', 'f.yaml');
    assert.deepEqual(
      Object.keys(snapshot),
      REGISTRY.kinds.map(({ list }) => list),
    );
  });

  test('bookkeeping of an API server is left out', () => {
    const { snapshot, findings } = stateFromText(
      `apiVersion: v1
kind: Service
metadata: {name: a, creationTimestamp: null, managedFields: [{manager: x, fieldsV1: {a: {b: {}}}}]}
spec: {ports: [{port: 80}]}
status: {loadBalancer: {}}
`,
      'f.yaml',
    );
    assert.deepEqual(findings, []);
    assert.deepEqual(snapshot.services[0]?.metadata, { name: 'a', namespace: 'default', generation: 1 });
    assert.equal('status' in (snapshot.services[0] as object), false);
  });
});

suite('which files are read', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-load-'));
    mkdirSync(join(folder, 'deep/er'), { recursive: true });
    mkdirSync(join(folder, 'node_modules'));
    mkdirSync(join(folder, '.git'));
    for (const file of ['a.yaml', 'b.yml', 'c.JSON', 'deep/er/d.yaml', 'x.txt', '.h.yaml', '.git/g.yaml']) {
      writeFileSync(join(folder, file), configMap(file.replaceAll(/[^a-z]/g, '')));
    }
    for (const file of ['kustomization.yaml', 'node_modules/n.yaml']) {
      writeFileSync(join(folder, file), 'resources: []\n');
    }
    symlinkSync('..', join(folder, 'deep/loop'));
  });
  after(() => {
    rmSync(folder, { recursive: true });
  });

  test('manifests below a folder, hidden ones and those of tools left out, circles of links broken', () => {
    const { snapshot, findings } = loadResources([folder]);
    assert.deepEqual(findings, []);
    assert.deepEqual(
      snapshot.configMaps.map(({ metadata }) => metadata.name),
      ['ayaml', 'byml', 'c', 'deeperdyaml'],
    );
  });

  test('a file that is named is read, whatever its name', () => {
    const { snapshot } = loadResources([join(folder, 'x.txt')]);
    assert.equal(snapshot.configMaps.length, 1);
  });

  test('paths that do not exist are findings, the others are read', () => {
    const { snapshot, findings } = loadResources([join(folder, 'nowhere'), join(folder, 'a.yaml')]);
    assert.deepEqual(
      findings.map(({ code }) => code),
      ['missing-path'],
    );
    assert.equal(snapshot.configMaps.length, 1);
  });
});

const configMap = (name: string): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } });
