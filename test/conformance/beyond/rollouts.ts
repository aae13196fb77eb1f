/** Everything that is replaced while it serves: proxies, controller, backends, certificates. */
import { test } from 'node:test';
import type { Cluster } from '../cluster/cluster.ts';
import { Scene } from './scene.ts';
import { ALL_KINDS, assertNothingLost, underLoad } from './steady-load.ts';

const LIMIT = { timeout: 300_000 };
const CONTROLLER = ['-n', 'sluice-system', 'rollout'] as const;

export function rolloutTests(cluster: () => Cluster): void {
  test('a rolling update of the proxies loses no request', LIMIT, async () => {
    const scene = await Scene.open(cluster(), 'roll-proxies');
    const target = { address: await scene.address(), host: scene.host, kinds: ALL_KINDS };
    const proxies = await scene.proxies();
    const report = await underLoad(target, async () => {
      await scene.kubectl('rollout', 'restart', proxies);
      await scene.rolledOut(proxies);
    });
    await scene.close();
    assertNothingLost(report, ALL_KINDS);
  });

  test('a rolling update of the controller loses no request', LIMIT, async () => {
    const scene = await Scene.open(cluster(), 'roll-controller');
    const target = { address: await scene.address(), host: scene.host, kinds: ALL_KINDS };
    const report = await underLoad(target, async () => {
      await cluster().kubectl([...CONTROLLER, 'restart', 'deployment/sluice-controller']);
      await cluster().kubectl([...CONTROLLER, 'status', 'deployment/sluice-controller', '--timeout=120s']);
    });
    await scene.close();
    assertNothingLost(report, ALL_KINDS);
  });

  test('a rollout of the backends loses no request', LIMIT, async () => {
    const kinds = ['keep-alive', 'fresh', 'h2'] as const;
    const scene = await Scene.open(cluster(), 'roll-backends', 3);
    const target = { address: await scene.address(), host: scene.host, kinds };
    const report = await underLoad(target, async () => {
      await scene.kubectl('rollout', 'restart', 'deployment/echo');
      await scene.rolledOut('deployment/echo');
    });
    await scene.close();
    assertNothingLost(report, kinds);
  });
}
