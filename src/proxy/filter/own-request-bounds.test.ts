/** Requests that the gateway makes itself end, and are few, whatever the other side does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Filter } from '../../ir/filter.ts';
import { clusterId } from '../../ir/ids.ts';
import { DEFAULT_CLUSTER_POLICY } from '../../ir/policy.ts';
import type { UpstreamCluster } from '../upstream/cluster.ts';
import { TimerWheel } from '../net/timer-wheel.ts';
import { ExternalAuthCheck } from './external-auth/external-auth-check.ts';
import { LocalHead, type ResponseHead } from '../message/head.ts';
import type { UpstreamEvents, UpstreamStream } from '../message/stream.ts';
import { testBackend, testCluster, testConfig } from '../../../test/support/gateway-config.ts';
import { ScriptedBackend } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';
import { VirtualClock } from '../../../test/support/virtual-clock.ts';

const origin = { kind: 'Service', namespace: 'test', name: 'asked' };
const mirror: Filter = { kind: 'mirror', cluster: clusterId('asked'), origin, numerator: 1, denominator: 1 };

test('copies to a mirror that hangs are dropped and counted beyond the limit of its cluster', async (t) => {
  const hanging = await ScriptedBackend.start();
  const backend = await ScriptedBackend.start(async (connection) => {
    for (;;) {
      await connection.readThrough('\r\n\r\n');
      connection.send('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    }
  });
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('a')], filters: [mirror] }],
      endpoints: { a: [backend.port], asked: [hanging.port] },
    }),
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
    await hanging.stop();
  });
  const client = await proxy.connect();
  for (let sent = 0; sent < 1_034; sent++) {
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await client.readResponse();
  }
  assert.deepEqual(proxy.proxy.stats().mirrors, { sent: 0, dropped: 10 });
  const cluster = proxy.proxy.stats().clusters.find(({ cluster: id }) => id === 'asked');
  assert.equal(cluster?.activeRequests, 1_024);
});

test('a mirror that hangs is given up when the timeout of the route has passed', async (t) => {
  const hanging = await ScriptedBackend.start();
  const { timeouts } = testConfig({ rules: [{}] }).rules[0] ?? {};
  assert.ok(timeouts);
  const backend = await ScriptedBackend.start();
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('a')], filters: [mirror], timeouts: { ...timeouts, requestMs: 50 } }],
      endpoints: { a: [backend.port], asked: [hanging.port] },
    }),
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
    await hanging.stop();
  });
  const client = await proxy.connect();
  client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
  const upstream = await hanging.connection();
  await upstream.waitFor('\r\n\r\n');
  await upstream.waitForEnd();
});

test('an allow whose body never ends gives its connection back when the time for it has passed', () => {
  const clock = new VirtualClock();
  const wheel = new TimerWheel(clock);
  const held = { requests: 0, prepared: 1, streams: 0 };
  const stream = {
    start: () => held.streams++,
    cancel: () => held.streams--,
  } as unknown as UpstreamStream;
  const endpoint = {
    active: 0,
    pool: {
      open: (events: UpstreamEvents) => {
        events.onUpstreamReady(stream);
      },
    },
  };
  const cluster = {
    config: testCluster('asked', { policy: DEFAULT_CLUSTER_POLICY }),
    enter: () => {
      held.requests++;
      return true;
    },
    leave: () => held.requests--,
    pick: () => endpoint,
  } as unknown as UpstreamCluster;
  const protocol = {
    kind: 'http',
    pathPrefix: '',
    allowedRequestHeaders: [],
    allowedResponseHeaders: [],
  } as const;
  const filter = {
    kind: 'external-auth',
    cluster: clusterId('asked'),
    origin,
    protocol,
    forwardBodyBytes: 0,
  } as const;
  const verdicts: string[] = [];
  const ignore = (): void => undefined;
  const check = new ExternalAuthCheck(
    {
      kind: 'http',
      filter,
      cluster,
      prepared: { release: () => held.prepared-- },
      body: Buffer.alloc(0),
    },
    wheel,
    {
      onAllowed: () => verdicts.push('allow'),
      onDenied: () => verdicts.push('deny'),
      onAuthUnavailable: () => verdicts.push('unavailable'),
      onResponseData: ignore,
      onResponseEnd: ignore,
      onResponseFlush: ignore,
      onUpstreamReset: ignore,
    },
  );
  check.ask();
  const head: ResponseHead = new LocalHead(200, ['content-length'], ['10'], 10);
  check.onResponseHead(head);
  assert.deepEqual(held, { requests: 1, prepared: 1, streams: 1 });
  clock.advanceBy(60_000);
  assert.deepEqual(held, { requests: 0, prepared: 0, streams: 0 });
  assert.equal(endpoint.active, 0);
  assert.deepEqual(verdicts, ['allow']);
  assert.equal(wheel.size, 0);
});
