/** Snapshots of a cluster: whole, coalesced, of what is referred to and nothing else. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import {
  classObject,
  gatewayObject,
  namespaceObject,
  routeObject,
  startCluster,
  type KubeCluster,
} from '../../../test/support/kube-cluster.ts';
import type { JsonObject } from '../../../test/support/fake-api/server-side-apply.ts';
import type { InputFinding } from '../../gatewayapi/input-finding.ts';
import { violationsOf } from '../../gatewayapi/rejection.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { KubeClient } from '../../kubeapi/client.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { ClassFinalizer } from './class-finalizer.ts';
import { CrdVersions } from './crd-versions.ts';
import { KubernetesProvider } from './kubernetes-provider.ts';

const secret = (name: string, value = 'v', namespace = 'default'): JsonObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  type: 'kubernetes.io/tls',
  metadata: { namespace, name },
  data: { 'tls.crt': value },
});

const tlsGateway = (name: string, ...secrets: string[]): JsonObject =>
  gatewayObject(name, 'default', {
    listeners: [
      {
        name: 'https',
        port: 443,
        protocol: 'HTTPS',
        tls: { certificateRefs: secrets.map((one) => ({ group: '', kind: 'Secret', name: one })) },
      },
    ],
  });

interface Bench {
  readonly provider: KubernetesProvider;
  readonly snapshots: ResourceSnapshot[];
  readonly last: () => ResourceSnapshot;
  readonly findings: () => readonly InputFinding[];
}

async function cluster(t: TestContext): Promise<KubeCluster> {
  const made = await startCluster();
  t.after(() => made.api.stop());
  return made;
}

async function follow(
  t: TestContext,
  { apiServer }: KubeCluster,
  namespaces: string[] | null = null,
): Promise<Bench> {
  const client = new KubeClient(apiServer);
  const provider = new KubernetesProvider({ client, controllerName: 'c', namespaces, logger: SILENT_LOGGER });
  const snapshots: ResourceSnapshot[] = [];
  let found: readonly InputFinding[] = [];
  t.after(async () => {
    await provider.close();
    client.close();
  });
  await provider.start({
    onSnapshot: (snapshot) => snapshots.push(snapshot),
    onFindings: (next) => {
      found = next;
    },
  });
  return {
    provider,
    snapshots,
    findings: () => found,
    last: () => {
      const snapshot = snapshots.at(-1);
      assert.ok(snapshot);
      return snapshot;
    },
  };
}

const secretNames = ({ secrets }: ResourceSnapshot): string[] => secrets.map(({ metadata }) => metadata.name);

suite('kubernetes provider', () => {
  test('the first snapshot is whole: every kind listed, every Secret read that something names', async (t) => {
    const kube = await cluster(t);
    kube.create(
      classObject(),
      tlsGateway('web', 'a', 'b', 'missing'),
      secret('a'),
      secret('b'),
      secret('unused'),
    );
    const { snapshots, last } = await follow(t, kube);
    assert.equal(snapshots.length, 1);
    assert.equal(last().gateways.length, 1);
    assert.deepEqual(secretNames(last()).sort(), ['a', 'b']);
    const content = kube.api.requests.filter(
      ({ path, accept }) => path.includes('/secrets') && !accept.includes('PartialObjectMetadata'),
    );
    assert.deepEqual(
      content.map(({ path }) => path.split('/').at(-1)).sort(),
      ['a', 'b'],
      'and no content besides',
    );
  });

  test('a Secret of another namespace is read only while a ReferenceGrant allows it', async (t) => {
    const kube = await cluster(t);
    const foreign = gatewayObject('web', 'default', {
      listeners: [
        {
          name: 'https',
          port: 443,
          protocol: 'HTTPS',
          tls: { certificateRefs: [{ group: '', kind: 'Secret', name: 'token', namespace: 'system' }] },
        },
      ],
    });
    kube.create(classObject(), namespaceObject('system'), foreign, secret('token', 'v', 'system'));
    const { last } = await follow(t, kube);
    assert.deepEqual(secretNames(last()), []);
    const isAsked = (): boolean => kube.api.requests.some(({ path }) => path.endsWith('/secrets/token'));
    assert.equal(isAsked(), false, 'not even asked for');
    kube.create({
      apiVersion: 'gateway.networking.k8s.io/v1',
      kind: 'ReferenceGrant',
      metadata: { namespace: 'system', name: 'web' },
      spec: {
        from: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default' }],
        to: [{ group: '', kind: 'Secret', name: 'token' }],
      },
    });
    await kube.api.until(() => secretNames(last()).includes('token'));
    kube.remove('ReferenceGrant', 'system', 'web');
    await kube.api.until(() => secretNames(last()).length === 0);
  });

  test('Secrets and ConfigMaps that an XBackend names are read', async (t) => {
    const kube = await cluster(t);
    kube.create(classObject(), secret('client'), {
      apiVersion: 'gateway.networking.x-k8s.io/v1alpha1',
      kind: 'XBackend',
      metadata: { namespace: 'default', name: 'api' },
      spec: { tls: { clientCertificateRef: { group: '', kind: 'Secret', name: 'client' } } },
    });
    const { last } = await follow(t, kube);
    assert.deepEqual(secretNames(last()), ['client']);
  });

  test('kinds are watched at the newest version that is served and read, and status is written there', async (t) => {
    const kube = await cluster(t);
    const group = 'gateway.networking.k8s.io';
    kube.api.served.set(`${group}/backendtlspolicies`, ['v1alpha2', 'v1alpha3']);
    kube.api.served.set(`${group}/referencegrants`, ['v1beta1', 'v1alpha2']);
    kube.api.served.set(`${group}/tlsroutes`, ['v1alpha2']);
    kube.create(
      classObject(),
      {
        apiVersion: `${group}/v1alpha3`,
        kind: 'BackendTLSPolicy',
        metadata: { namespace: 'default', name: 'tls' },
        spec: {
          targetRefs: [{ group: '', kind: 'Service', name: 's' }],
          validation: { hostname: 's.example', wellKnownCACertificates: 'System' },
        },
      },
      {
        apiVersion: `${group}/v1beta1`,
        kind: 'ReferenceGrant',
        metadata: { namespace: 'default', name: 'grant' },
        spec: { from: [{ group, kind: 'Gateway', namespace: 'x' }], to: [{ group: '', kind: 'Secret' }] },
      },
      {
        apiVersion: `${group}/v1alpha2`,
        kind: 'TLSRoute',
        metadata: { namespace: 'default', name: 'r' },
        spec: { rules: [{ backendRefs: [{ name: 's', port: 443 }] }] },
      },
    );
    const { provider, last } = await follow(t, kube);
    const { backendTlsPolicies, referenceGrants, tlsRoutes } = last();
    for (const list of [backendTlsPolicies, referenceGrants, tlsRoutes]) {
      assert.deepEqual(
        list.map(({ apiVersion }) => apiVersion),
        [`${group}/v1`],
        'brought to the version of the types',
      );
    }
    assert.deepEqual(provider.unreadableKinds, []);
    provider.setLeader(true);
    const [policy] = backendTlsPolicies;
    assert.ok(policy !== undefined);
    provider.writeStatus([
      {
        kind: 'BackendTLSPolicy',
        object: { group, kind: 'BackendTLSPolicy', namespace: 'default', name: 'tls' },
        generation: 1,
        status: { ancestors: [{ ancestorRef: { name: 'web' }, controllerName: 'c', conditions: [] }] },
      },
    ]);
    await kube.api.until(() => kube.get('BackendTLSPolicy', 'default', 'tls')['status'] !== undefined);
    const asked = kube.api.requests.filter(({ path }) => path.includes('/v1/backendtlspolicies'));
    assert.deepEqual(asked, [], 'a version that is not served is not asked for');
  });

  test('a kind that is served in no version that is read is reported', async (t) => {
    const kube = await cluster(t);
    kube.api.served.set('gateway.networking.k8s.io/backendtlspolicies', ['v1alpha2']);
    kube.create(classObject());
    const { provider, last } = await follow(t, kube);
    assert.deepEqual(last().backendTlsPolicies, []);
    assert.deepEqual(provider.unreadableKinds, [{ kind: 'BackendTLSPolicy', versions: ['v1alpha2'] }]);
  });

  test('an object that does not have the shape of its kind is marked, or left out where nothing can be used', async (t) => {
    const kube = await cluster(t);
    const good = routeObject('good', { gateway: 'web', hostname: 'h.example', service: 's' });
    const rule = { matches: [{ path: { type: 'PathPrefix', value: '/' } }] };
    kube.create(
      classObject(),
      good,
      {
        ...routeObject('bad', { gateway: 'web', hostname: 'b.example', service: 's' }),
        spec: {
          hostnames: ['b.example'],
          rules: [rule, { ...rule, filters: [{ cors: {} }], name: 7 }, 'none'],
        },
      },
      { ...gatewayObject('none'), spec: { listeners: 'none' } },
    );
    const { last, findings } = await follow(t, kube);
    const [bad, other] = [...last().httpRoutes].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    assert.ok(bad !== undefined && other !== undefined);
    assert.deepEqual(violationsOf(other), []);
    assert.deepEqual(
      violationsOf(bad).map(({ path, message }) => `${path} ${message}`),
      [
        'spec.rules[1].filters[0].type is missing',
        'spec.rules[1].name must be a string',
        'spec.rules[2] must be an object',
      ],
    );
    assert.deepEqual(bad.spec.rules, [rule, { ...rule, filters: [] }, {}], 'rules keep their places');
    assert.deepEqual(last().gateways, []);
    assert.deepEqual(
      findings().map(({ code, object, path }) => `${code} ${object?.name ?? ''} ${path}`),
      ['unusable-object none spec.listeners', 'unusable-object none spec.gatewayClassName'],
    );
  });

  test('a Secret that rotates, appears, or is no longer named', async (t) => {
    const kube = await cluster(t);
    kube.create(classObject(), tlsGateway('web', 'a', 'late'), secret('a', 'old'));
    const { last } = await follow(t, kube);
    kube.patch('Secret', 'default', 'a', { data: { 'tls.crt': 'new' } });
    await kube.api.until(() => last().secrets[0]?.data?.['tls.crt'] === 'new');
    kube.create(secret('late'));
    await kube.api.until(() => secretNames(last()).includes('late'));
    kube.remove('Secret', 'default', 'late');
    await kube.api.until(() => !secretNames(last()).includes('late'));
    kube.remove('Gateway', 'default', 'web');
    await kube.api.until(() => last().gateways.length === 0);
    assert.deepEqual(secretNames(last()), []);
  });

  test('a Secret that cannot be read holds nothing else back, and is read when it can be', async (t) => {
    const kube = await cluster(t);
    kube.create(classObject(), tlsGateway('web', 'a'), secret('a'));
    kube.api.fault = ({ path }) => (path.endsWith('/secrets/a') ? { status: 403 } : null);
    const { last } = await follow(t, kube);
    assert.deepEqual(secretNames(last()), []);
    kube.api.fault = null;
    await kube.api.until(() => secretNames(last()).length === 1);
  });

  test('an object that did not change keeps its identity from one snapshot to the next', async (t) => {
    const kube = await cluster(t);
    kube.create(classObject(), gatewayObject('web'), gatewayObject('other'));
    const { last, snapshots } = await follow(t, kube);
    const before = last();
    kube.create(routeObject('r', { gateway: 'web', hostname: 'h.example', service: 's' }));
    await kube.api.until(() => last().httpRoutes.length === 1);
    assert.equal(last().gateways, before.gateways, 'the same list');
    const count = snapshots.length;
    const object = kube.get('HTTPRoute', 'default', 'r');
    kube.api.store.update(
      'gateway.networking.k8s.io/httproutes',
      { ...object, status: { parents: [] } },
      'status',
    );
    kube.create(gatewayObject('third'));
    await kube.api.until(() => last().gateways.length === 3);
    assert.equal(snapshots.length, count + 1, 'a status is no change');
  });

  test('a bunch of changes is few snapshots', async (t) => {
    const kube = await cluster(t);
    kube.create(classObject());
    const { last, snapshots } = await follow(t, kube);
    for (let index = 0; index < 500; index += 1) kube.create(gatewayObject(`g${String(index)}`));
    await kube.api.until(() => last().gateways.length === 500);
    assert.ok(snapshots.length < 50, String(snapshots.length));
  });

  test('with namespaces, others are neither asked for nor shown', async (t) => {
    const kube = await cluster(t);
    kube.create(
      classObject(),
      namespaceObject('shop'),
      gatewayObject('web', 'shop'),
      gatewayObject('hidden', 'default'),
    );
    const { last } = await follow(t, kube, ['shop']);
    assert.deepEqual(
      last().gateways.map(({ metadata }) => metadata.name),
      ['web'],
    );
    assert.deepEqual(
      last().namespaces.map(({ metadata }) => metadata.name),
      ['shop'],
    );
    const outside = kube.api.requests.filter(
      ({ path, query }) =>
        !path.includes('/namespaces/shop/') &&
        !/^\/apis\/[^/]+(\/[^/]+)?$/.test(path) &&
        !path.endsWith('/gatewayclasses') &&
        query.get('fieldSelector') !== 'metadata.name=shop',
    );
    assert.deepEqual(
      outside.map(({ path }) => path),
      [],
    );
  });
});

suite('gateway class finalizer', () => {
  test('puts its finalizer on a class while Gateways use it, removes it afterwards, and leaves other finalizers', async (t) => {
    const kube = await cluster(t);
    kube.create(classObject());
    const client = new KubeClient(kube.apiServer);
    t.after(() => {
      client.close();
    });
    kube.patch('GatewayClass', '', 'sluice', { metadata: { finalizers: ['example.net/audit'] } });
    const finalizer = new ClassFinalizer(client, SILENT_LOGGER);
    const finalizers = (): unknown => kube.get('GatewayClass', '', 'sluice').metadata['finalizers'];
    const use = async (isUsed: boolean): Promise<void> => {
      const gatewayClass = kube.get('GatewayClass', '', 'sluice') as never;
      await finalizer.reconcile([{ gatewayClass, isUsed }]);
    };
    await use(true);
    assert.deepEqual(finalizers(), [
      'example.net/audit',
      'gateway-exists-finalizer.gateway.networking.k8s.io',
    ]);
    const { length } = kube.api.requests;
    await use(true);
    assert.equal(kube.api.requests.length, length, 'nothing to write');
    await use(false);
    assert.deepEqual(finalizers(), ['example.net/audit']);
  });
});

suite('CRD versions', () => {
  test('versions of the installed CRDs; a missing one is reported with what to install', async (t) => {
    const kube = await cluster(t);
    const name = 'httproutes.gateway.networking.k8s.io';
    kube.patch('CustomResourceDefinition', '', name, {
      metadata: { annotations: { 'gateway.networking.k8s.io/bundle-version': 'v2.0.0' } },
    });
    const lines: string[] = [];
    const log = (message: string): void => {
      lines.push(message);
    };
    const logger = { debug: log, info: log, warn: log, error: log };
    const client = new KubeClient(kube.apiServer);
    let changes = 0;
    const read = async (): Promise<readonly string[]> => {
      const crds = new CrdVersions({ client, logger, onChange: () => (changes += 1) });
      await crds.start();
      crds.stop();
      return crds.versions;
    };
    t.after(() => {
      client.close();
    });
    assert.deepEqual(new Set(await read()), new Set(['v1.6.3', 'v2.0.0']));
    assert.equal(changes, 1);
    kube.remove('CustomResourceDefinition', '', 'xbackends.gateway.networking.x-k8s.io');
    await read();
    assert.match(lines.join('\n'), /experimental channel/);
    kube.remove('CustomResourceDefinition', '', name);
    await read();
    assert.match(lines.join('\n'), /not installed; install v1\.6 \(kubectl apply/);
  });
});
