/** A hundred Gateways at once: each gets proxies and an address of its own, serves its own routes and no other's, and leaves nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cluster } from '../cluster/cluster.ts';
import { until } from '../cluster/command.ts';
import { echoApp, gateway, httpRoute, namespace } from './manifests.ts';
import { statusOf } from './steady-load.ts';

const GATEWAYS = 100;
const HOME = 'many-gateways';
const LIMIT = { timeout: 900_000 };
/** Two hundred processes start on two cores. */
const READY_S = 600;
const GONE_S = 180;

interface GatewayList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status?: {
      readonly addresses?: readonly { readonly value: string }[];
      readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    };
  }[];
}

/** One small proxy is enough for each. */
const SMALL = {
  apiVersion: 'gateway.sluice.dev/v1alpha1',
  kind: 'ProxyConfig',
  metadata: { namespace: HOME, name: 'small' },
  spec: {
    workload: { replicas: 1, resources: { requests: { cpu: '1m', memory: '16Mi' } } },
    proxy: { workers: 1 },
  },
};

const nameOf = (index: number): string => `edge-${String(index)}`;
const hostOf = (name: string): string => `${name}.example`;

const withParameters = (object: Readonly<Record<string, unknown>>): object => ({
  ...object,
  spec: {
    ...(object['spec'] as object),
    infrastructure: {
      parametersRef: { group: 'gateway.sluice.dev', kind: 'ProxyConfig', name: SMALL.metadata.name },
    },
  },
});

export function manyGatewayTests(cluster: () => Cluster): void {
  test(
    `${String(GATEWAYS)} Gateways are served, each by its own proxies, and leave nothing`,
    LIMIT,
    async () => {
      const { kubectl } = cluster();
      const names = Array.from({ length: GATEWAYS }, (_, index) => nameOf(index));
      await kubectl.apply([namespace(HOME), SMALL, ...echoApp(HOME, 'echo', 1)]);
      await kubectl.apply(
        names.flatMap((name) => [
          withParameters(gateway(HOME, name)),
          httpRoute({
            namespace: HOME,
            name,
            host: hostOf(name),
            gateway: { name },
            backend: { name: 'echo' },
          }),
        ]),
      );
      const addresses = await until('all Gateways are programmed', READY_S, () =>
        programmed(cluster(), names),
      );
      assert.equal(new Set(addresses.values()).size, GATEWAYS, 'no two share an address');
      for (const [index, name] of names.entries()) {
        const address = addresses.get(name) ?? '';
        const other = nameOf((index + 1) % GATEWAYS);
        await until(`${name} is served`, 60, async () => {
          assert.equal(await statusOf(address, hostOf(name)), 200);
        });
        assert.equal(await statusOf(address, hostOf(other)), 404, `${name} serves no route of ${other}`);
      }
      await kubectl(['-n', HOME, 'delete', 'gateways', '--all', '--wait=false']);
      await until('all that was made for them is gone', GONE_S, async () => {
        const label = 'app.kubernetes.io/managed-by=sluice';
        const left = await kubectl([
          '-n',
          HOME,
          'get',
          'deployments,services,secrets',
          '-l',
          label,
          '-o',
          'name',
        ]);
        assert.equal(left.trim(), '');
      });
      await kubectl(['delete', 'namespace', HOME, '--wait=false']);
    },
  );
}

/** Addresses by Gateway, when all of them are programmed. */
async function programmed(cluster: Cluster, names: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const { items } = await cluster.kubectl.json<GatewayList>(['-n', HOME, 'get', 'gateways']);
  const ready = items.flatMap(({ metadata, status }) => {
    const isProgrammed = status?.conditions?.some(
      (one) => one.type === 'Programmed' && one.status === 'True',
    );
    const address = status?.addresses?.[0]?.value;
    return isProgrammed === true && address !== undefined ? [[metadata.name, address] as const] : [];
  });
  assert.equal(ready.length, names.length);
  return new Map(ready);
}
