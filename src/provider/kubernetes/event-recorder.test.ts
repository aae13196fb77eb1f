/** Events: one for each problem, at a bounded rate, across replicas. */
import assert from 'node:assert/strict';
import { suite, test, type TestContext } from 'node:test';
import type { StoredObject } from '../../../test/support/fake-api/store.ts';
import { gatewayObject, startCluster, type KubeCluster } from '../../../test/support/kube-cluster.ts';
import type { Finding } from '../../gatewayapi/finding.ts';
import { KubeClient, type KubeObject } from '../../kubeapi/client.ts';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { EventRecorder, type EventLimits, type Problem } from './event-recorder.ts';
import { problemsOf } from './problems.ts';

const AT_ONCE: EventLimits = { burst: 100, perSecond: 1_000, waiting: 1_000, quietMs: 0 };

interface Bench extends KubeCluster {
  readonly gateway: KubeObject;
  readonly recorder: (limits?: EventLimits) => EventRecorder;
  readonly events: () => StoredObject[];
}

async function start(t: TestContext): Promise<Bench> {
  const cluster = await startCluster();
  cluster.create(gatewayObject('web'));
  const client = new KubeClient(cluster.apiServer);
  t.after(async () => {
    client.close();
    await cluster.api.stop();
  });
  return {
    ...cluster,
    gateway: cluster.get('Gateway', 'default', 'web') as unknown as KubeObject,
    events: () => cluster.api.store.list('events.k8s.io/events'),
    recorder(limits = AT_ONCE) {
      const recorder = new EventRecorder({
        client,
        controllerName: 'sluice.dev/gateway-controller',
        instance: 'controller-0',
        logger: SILENT_LOGGER,
        now: () => new Date('2026-11-23T12:00:00.123Z'),
        limits,
      });
      t.after(() => {
        recorder.stop();
      });
      return recorder;
    },
  };
}

const problem = (object: KubeObject, message: string): Problem => ({
  object,
  reason: 'BackendNotFound',
  message,
});
const countOf = (event: StoredObject | undefined): number | undefined =>
  (event?.['series'] as { count: number } | undefined)?.count;

suite('event recorder', () => {
  test('a problem is one Event on its object, however often it is reported', async (t) => {
    const { recorder, gateway, events, api } = await start(t);
    const events1 = recorder();
    for (let times = 0; times < 5; times += 1) events1.report([problem(gateway, 'no such Service')]);
    await api.until(() => events().length === 1);
    const [event] = events();
    assert.equal(event?.['reason'], 'BackendNotFound');
    assert.equal(event['note'], 'no such Service');
    assert.equal(event['type'], 'Warning');
    assert.deepEqual(event['regarding'], {
      apiVersion: gateway.apiVersion,
      kind: 'Gateway',
      namespace: 'default',
      name: 'web',
      uid: gateway.metadata.uid,
    });
    events1.report([problem(gateway, 'no such Service'), problem(gateway, 'another one')]);
    await api.until(() => events().length === 2);
    assert.ok(events().every((one) => countOf(one) === undefined));
  });

  test('one that comes back, or that another replica found, is counted and not repeated', async (t) => {
    const { recorder, gateway, events, api } = await start(t);
    const first = recorder();
    first.report([problem(gateway, 'gone')]);
    await api.until(() => events().length === 1);
    first.report([]);
    first.report([problem(gateway, 'gone')]);
    await api.until(() => countOf(events()[0]) === 2);
    recorder().report([problem(gateway, 'gone')]);
    await api.request(({ method }) => method === 'PATCH');
    assert.equal(events().length, 1);
  });

  test('a problem that is solved within the quiet time gets no event', async (t) => {
    const { recorder, gateway, events, api } = await start(t);
    const events1 = recorder({ ...AT_ONCE, quietMs: 100 });
    events1.report([problem(gateway, 'not yet applied')]);
    events1.report([problem(gateway, 'stays')]);
    await api.until(() => events().length === 1);
    assert.equal(events()[0]?.['note'], 'stays');
  });

  test('ten thousand problems do not become ten thousand requests', async (t) => {
    const { recorder, gateway, events, api } = await start(t);
    const events1 = recorder({ burst: 3, perSecond: 0.01, waiting: 10, quietMs: 0 });
    events1.report(Array.from({ length: 10_000 }, (_, index) => problem(gateway, `number ${String(index)}`)));
    await api.until(() => events().length >= 3);
    assert.ok(events().length <= 5, String(events().length));
  });
});

suite('problems', () => {
  const ref = { group: 'gateway.networking.k8s.io', kind: 'Gateway', namespace: 'default', name: 'web' };
  const finding: Finding = {
    severity: 'error',
    code: 'backend-not-found',
    object: ref,
    path: 'spec.rules[0]',
    message: 'Service x is not there.',
    hint: 'Name one that is.',
  };
  const object: KubeObject = { apiVersion: 'v1', kind: 'Gateway', metadata: { name: 'web' } };

  test('errors say where, what and what to write instead; warnings and objects that are gone are none', () => {
    assert.deepEqual(
      problemsOf([finding, { ...finding, severity: 'warning' }], () => object),
      [
        {
          object,
          reason: 'BackendNotFound',
          message: 'spec.rules[0]: Service x is not there. Name one that is.',
        },
      ],
    );
    assert.deepEqual(
      problemsOf([finding], () => undefined),
      [],
    );
  });
});
