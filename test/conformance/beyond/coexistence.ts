/** Others at work on the same objects: other controllers, and tools that apply the same manifests again and again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from '../cluster/cluster.ts';
import { until } from '../cluster/command.ts';
import { GATEWAY_API, gateway, httpRoute } from './manifests.ts';
import { Scene } from './scene.ts';

const LIMIT = { timeout: 240_000 };
const OTHER = 'example.com/other-controller';
const APPLIES = 5;
const BETWEEN_APPLIES_MS = 2_000;
const API_SERVER_SECOND_MS = 1_100;

interface RouteObject {
  readonly metadata: { readonly generation: number };
  readonly status: { readonly parents: readonly ParentStatus[] };
}

interface ParentStatus {
  readonly parentRef: { readonly name: string };
  readonly controllerName: string;
  readonly conditions: readonly { readonly type: string; readonly observedGeneration: number }[];
}

export function coexistenceTests(cluster: () => Cluster): void {
  test('what another controller says of its Gateway and of a shared route stays', LIMIT, async () => {
    const { kubectl } = cluster();
    const scene = await Scene.open(cluster(), 'two-classes', 1);
    const shared = sharedRoute(scene);
    await kubectl.apply([
      {
        apiVersion: GATEWAY_API,
        kind: 'GatewayClass',
        metadata: { name: 'other' },
        spec: { controllerName: OTHER },
      },
      withClass(gateway(scene.namespace, 'theirs'), 'other'),
      shared,
    ]);
    const theirs = { parentRef: { name: 'theirs' }, controllerName: OTHER, conditions: [acceptedByOther(1)] };
    await until('the route has a status', 60, () => addParentStatus(scene, 'shared', theirs));
    await scene.kubectl(
      'patch',
      'httproute',
      'shared',
      '--type=merge',
      '-p',
      '{"spec":{"hostnames":["new.example"]}}',
    );
    const parents = await until('our entry is of the new generation', 60, async () => {
      const route = await kubectl.json<RouteObject>(['-n', scene.namespace, 'get', 'httproute', 'shared']);
      const ours = route.status.parents.find(({ parentRef }) => parentRef.name === 'edge');
      assert.equal(ours?.conditions[0]?.observedGeneration, route.metadata.generation);
      return route.status.parents;
    });
    assert.deepEqual(
      parents.filter(({ controllerName }) => controllerName === OTHER).map(({ parentRef }) => parentRef.name),
      ['theirs'],
    );
    const untouched = await scene.kubectl(
      'get',
      'gateway',
      'theirs',
      '-o',
      'jsonpath={.status.conditions[*].reason}',
    );
    assert.equal(untouched, 'Pending Pending', 'the status that the API server gives a new Gateway');
    await kubectl(['delete', 'gatewayclass', 'other']);
    await scene.close();
  });

  test('applying the same manifests again and again changes nothing', LIMIT, async () => {
    const scene = await Scene.open(cluster(), 'apply-loop', 1);
    const route = sharedRoute(scene, []);
    await apply(scene, route);
    await until('the route is accepted', 60, () =>
      scene.kubectl(
        'wait',
        '--for=jsonpath={.status.parents[0].conditions[0].status}=True',
        'httproute/shared',
        '--timeout=1s',
      ),
    );
    // The first apply after the one that made an object is noted by the API server in its managed fields, by a time in whole seconds:
    // within the second of the other one it would be noted with the next.
    await delay(API_SERVER_SECOND_MS);
    await apply(scene, route);
    // The proxies' rollout is complete when the Gateway is programmed; Sluice's own writes end at once.
    const before = await until('nothing changes any more', 60, () => stableVersions(scene));
    for (let round = 0; round < APPLIES; round += 1) {
      await apply(scene, route);
      await delay(BETWEEN_APPLIES_MS);
    }
    assert.deepEqual(await versions(scene), before);
    await scene.close();
  });
}

const sharedRoute = (
  scene: Scene,
  others: readonly string[] = ['theirs'],
): Readonly<Record<string, unknown>> => {
  const route = httpRoute({
    namespace: scene.namespace,
    name: 'shared',
    host: 'shared.example',
    gateway: { name: 'edge' },
    backend: { name: 'echo' },
  });
  const parentRefs = ['edge', ...others].map((name) => ({ name }));
  return { ...route, spec: { ...(route['spec'] as object), parentRefs } };
};

const withClass = (object: Readonly<Record<string, unknown>>, gatewayClassName: string): object => ({
  ...object,
  spec: { ...(object['spec'] as object), gatewayClassName },
});

const acceptedByOther = (observedGeneration: number): object => ({
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message: '',
  observedGeneration,
  lastTransitionTime: '2026-01-01T00:00:00Z',
});

/** As other controllers do: read, changed and written whole; a list of parents is one field for the API server. */
async function addParentStatus(scene: Scene, route: string, entry: object): Promise<void> {
  const patch = JSON.stringify([{ op: 'add', path: '/status/parents/-', value: entry }]);
  await scene.kubectl('patch', 'httproute', route, '--subresource=status', '--type=json', '-p', patch);
}

async function apply(scene: Scene, object: object): Promise<void> {
  const words = ['apply', '--server-side', '--field-manager=deployer', '-f', '-'];
  await scene.cluster.kubectl(words, { input: JSON.stringify(object) });
}

/** resourceVersion of everything in the namespace that Sluice writes. */
function versions(scene: Scene): Promise<string> {
  const format = 'jsonpath={range .items[*]}{.kind}/{.metadata.name} {.metadata.resourceVersion}{"\\n"}{end}';
  return scene.kubectl(
    'get',
    'gateways,httproutes,deployments,services,poddisruptionbudgets,serviceaccounts',
    '-o',
    format,
  );
}

async function stableVersions(scene: Scene): Promise<string> {
  const before = await versions(scene);
  await delay(BETWEEN_APPLIES_MS);
  assert.equal(await versions(scene), before);
  return before;
}
