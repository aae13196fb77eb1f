/** The loop with a provider and a proxy in memory. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { duplexPair } from 'node:stream';
import { suite, test, type TestContext } from 'node:test';
import { followConfig, type DataPlane } from '../configsync/client.ts';
import { servingOf } from '../configsync/fleet.ts';
import type { Ack, PortReport } from '../configsync/protocol.ts';
import { createConfigServer, type ConfigServer } from '../configsync/server.ts';
import type { ResourceSnapshot } from '../gatewayapi/snapshot.ts';
import type { EndpointSet } from '../ir/cluster.ts';
import { emptyConfig } from '../../test/support/gateway-config.ts';
import { gatewayDataPlane } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { clusterId } from '../ir/ids.ts';
import type { Provider, ProviderListener } from '../provider/provider.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import type { Observations } from '../translator/observations.ts';
import type { TranslateResult } from '../translator/types.ts';
import { observeDataPlane } from './observations.ts';
import { DefectLog } from './defect-log.ts';
import { reconcileTrouble } from './reconcile-health.ts';
import { createReconcileLoop, type Reconciled, type ReconcileLoop } from './reconcile-loop.ts';

const WEB = gatewayDataPlane({ namespace: 'default', name: 'web' });

const configOf = (version: string, ...endpoints: EndpointSet[]): GatewayConfig =>
  emptyConfig('web', { version, endpoints });

/** A snapshot is only carried through: a table says what it is translated into. */
const snapshotOf = (config: GatewayConfig | null): ResourceSnapshot =>
  ({ config }) as unknown as ResourceSnapshot;

const resultOf = (snapshot: ResourceSnapshot): TranslateResult => {
  const { config } = snapshot as unknown as { readonly config: GatewayConfig | null };
  return { configs: config === null ? [] : [config], infra: [], statuses: [], findings: [], policies: [] };
};

class FakeProvider implements Provider {
  listener: ProviderListener | null = null;
  readonly start = (listener: ProviderListener): Promise<void> => {
    this.listener = listener;
    return Promise.resolve();
  };
  readonly writeStatus = (): void => undefined;
  readonly close = (): Promise<void> => Promise.resolve();

  give(config: GatewayConfig | null): void {
    this.listener?.onFindings([]);
    this.listener?.onSnapshot(snapshotOf(config));
  }
}

class FakeDataPlane implements DataPlane {
  readonly applied: string[][] = [];
  readonly endpointSets: EndpointSet[] = [];
  ports: readonly PortReport[] = [];

  apply(configs: readonly GatewayConfig[]): Promise<Pick<Ack, 'ports' | 'problems'>> {
    this.applied.push(configs.map(({ version }) => version));
    return Promise.resolve({ ports: this.ports, problems: [] });
  }

  applyEndpoints(sets: readonly EndpointSet[]): void {
    this.endpointSets.push(...sets);
  }
}

interface Bench {
  readonly provider: FakeProvider;
  readonly dataPlane: FakeDataPlane;
  readonly server: ConfigServer;
  readonly loop: ReconcileLoop;
  readonly observed: Observations[];
  /** The next reconciliation for which this holds. */
  readonly until: (holds: (reconciled: Reconciled) => boolean) => Promise<Reconciled>;
  /** Resolves when so many runs in a row have failed. */
  readonly failed: (times: number) => Promise<void>;
}

async function bench(t: TestContext): Promise<Bench> {
  const provider = new FakeProvider();
  const dataPlane = new FakeDataPlane();
  const runs = new EventEmitter();
  const observed: Observations[] = [];
  const server = createConfigServer({
    logger: SILENT_LOGGER,
    onPeerChange: () => {
      loop.observationsChanged();
    },
  });
  const loop = createReconcileLoop({
    provider,
    server,
    observe: () => ({
      dataPlanes: server.configs.map((config) =>
        observeDataPlane({
          config,
          proxies: server.peers.map((peer) => servingOf(peer, config.dataPlane)),
          expected: 1,
          addresses: [{ type: 'IPAddress', value: '127.0.0.1' }],
        }),
      ),
    }),
    translate: (snapshot, observations) => {
      observed.push(observations);
      return resultOf(snapshot);
    },
    onReconciled: (reconciled) => runs.emit('run', reconciled),
    onHealth: (health) => runs.emit('health', health),
    logger: SILENT_LOGGER,
  });
  t.after(() => {
    loop.stop();
    server.close();
  });
  const [ours, theirs] = duplexPair();
  server.attach(ours);
  followConfig({ stream: theirs, dataPlane, name: 'one', logger: SILENT_LOGGER });
  await loop.start();
  const until: Bench['until'] = async (holds) => {
    for (;;) {
      const [reconciled] = (await once(runs, 'run')) as [Reconciled];
      if (holds(reconciled)) return reconciled;
    }
  };
  const failed: Bench['failed'] = async (times) => {
    while (loop.health.consecutive < times) await once(runs, 'health');
  };
  return { provider, dataPlane, server, loop, observed, until, failed };
}

const isServed =
  (version: string) =>
  ({ observations }: Reconciled): boolean =>
    observations.dataPlanes[0]?.acknowledged?.version === version;

suite('reconcile loop', () => {
  test('translates again when a proxy acknowledged, with what it reports', async (t) => {
    const { provider, until } = await bench(t);
    const served = until(isServed('v1'));
    provider.give(configOf('v1'));
    const { observations, revision } = await served;
    assert.equal(revision, 1, 'an acknowledgment publishes nothing');
    assert.deepEqual(observations.dataPlanes, [
      {
        dataPlane: 'gateway/default/web',
        addresses: [{ type: 'IPAddress', value: '127.0.0.1' }],
        trouble: null,
        acknowledged: { version: 'v1', generation: 1, proxies: 1, expected: 1 },
        failedPorts: [],
        refused: null,
        problems: [],
      },
    ]);
  });

  test('a burst of snapshots costs one translation, of the newest', async (t) => {
    const { provider, dataPlane, until, observed } = await bench(t);
    const served = until(isServed('v50'));
    for (let version = 1; version <= 50; version++) provider.give(configOf(`v${String(version)}`));
    await served;
    assert.deepEqual(dataPlane.applied, [['v50']]);
    assert.ok(observed.length <= 3, `${String(observed.length)} translations`);
  });

  test('endpoints that move alone compile nothing', async (t) => {
    const { provider, dataPlane, until } = await bench(t);
    const set = (port: number): EndpointSet => ({
      cluster: clusterId('c'),
      endpoints: [{ address: '10.0.0.1', port, state: 'ready', zone: null }],
    });
    let served = until(isServed('v1'));
    provider.give(configOf('v1', set(1)));
    await served;
    served = until(isServed('v2'));
    provider.give(configOf('v2', set(2)));
    await served;
    assert.deepEqual(dataPlane.applied, [['v1']]);
    assert.deepEqual(dataPlane.endpointSets, [set(2)]);
  });

  test('a port that could not be bound is observed once, with its reason', async (t) => {
    const { provider, dataPlane, until } = await bench(t);
    dataPlane.ports = [
      { dataPlane: WEB, transport: 'tcp', port: 80, address: '', boundPort: null, error: 'needs privileges' },
    ];
    const served = until(isServed('v1'));
    provider.give(configOf('v1'));
    const { observations } = await served;
    assert.deepEqual(observations.dataPlanes[0]?.failedPorts, [{ port: 80, message: 'needs privileges' }]);
  });

  test('without a Gateway proxies are told so, and are ready', async (t) => {
    const { provider, dataPlane, server, until } = await bench(t);
    const told = until(() => server.peers[0]?.acknowledged === 1);
    provider.give(null);
    await told;
    assert.deepEqual(dataPlane.applied, [[]]);
  });

  test('a run that fails is repeated, counted, and no trouble the first time', async (t) => {
    const { provider, loop, until, failed } = await bench(t);
    const first = failed(1);
    provider.listener?.onSnapshot(undefined as unknown as ResourceSnapshot);
    await first;
    assert.equal(reconcileTrouble(loop.health), null);
    await failed(2);
    assert.match(
      reconcileTrouble(loop.health) ?? '',
      /^changes are not applied: .* 2 times in a row \(TypeError/,
    );
    const served = until(isServed('v1'));
    provider.give(configOf('v1'));
    await served;
    assert.equal(reconcileTrouble(loop.health), null);
    assert.ok(loop.health.failures >= 2);
  });

  test('an object whose evaluation failed is logged once, and again when it fails again', () => {
    const lines: string[] = [];
    const log = new DefectLog({
      ...SILENT_LOGGER,
      error: (_, fields) => lines.push(String(fields?.['object'])),
    });
    const finding = {
      severity: 'error',
      code: 'internal-error',
      object: { group: '', kind: 'Service', namespace: 'a', name: 'b' },
      path: '',
      message: 'it failed',
      hint: null,
    } as const;
    log.update([finding]);
    log.update([{ ...finding, code: 'regex' }, finding]);
    assert.deepEqual(lines, ['Service a/b']);
    log.update([]);
    log.update([finding]);
    assert.deepEqual(lines, ['Service a/b', 'Service a/b']);
  });

  test('a defect in one translation does not keep the next from happening', async (t) => {
    const { provider, until } = await bench(t);
    provider.listener?.onSnapshot(undefined as unknown as ResourceSnapshot);
    await new Promise((resolve) => setImmediate(resolve));
    const served = until(isServed('v1'));
    provider.give(configOf('v1'));
    await served;
  });
});
