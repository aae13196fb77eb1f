import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SILENT_LOGGER } from '../../telemetry/logger.ts';
import { DnsDiscovery, RESOLVE_TIMEOUT_MS, type Resolve } from './dns-discovery.ts';

/** Starts a discovery; `next` waits for its next publication. */
function discover(hostname: string, resolve: Resolve) {
  const published: string[][] = [];
  let wake: (() => void) | null = null;
  const discovery = new DnsDiscovery(
    { hostname, port: 80 },
    (endpoints) => {
      published.push(endpoints.map(({ address, port }) => `${address}:${port}`));
      wake?.();
    },
    SILENT_LOGGER,
    resolve,
  );
  const next = (): Promise<void> => new Promise((done) => (wake = done));
  return { discovery, published, next };
}

test('a name is resolved again when its TTL has passed', async (t) => {
  const answers = [['192.0.2.2', '192.0.2.1', '192.0.2.1'], ['192.0.2.3']];
  let asked = 0;
  const { discovery, published, next } = discover('a.example', async () =>
    Promise.resolve({ addresses: answers[asked++] ?? [], ttlMs: 0 }),
  );
  t.after(() => discovery.stop());
  await discovery.start();
  assert.deepEqual(published, [['192.0.2.1:80', '192.0.2.2:80']]);
  await next();
  assert.deepEqual(published[1], ['192.0.2.3:80']);
});

test('what does not resolve changes nothing, and the start does not fail for it', async () => {
  const { discovery, published } = discover('a.example', async () => Promise.reject(new Error('SERVFAIL')));
  await discovery.start();
  discovery.stop();
  assert.deepEqual(published, []);
});

test('a resolver that never answers does not hold the start up', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { discovery, published } = discover('a.example', () => new Promise(() => undefined));
  const started = discovery.start();
  t.mock.timers.tick(RESOLVE_TIMEOUT_MS);
  await started;
  discovery.stop();
  assert.deepEqual(published, []);
});

test('an address needs no resolver', async () => {
  const { discovery, published } = discover('192.0.2.9', async () => Promise.reject(new Error('asked')));
  await discovery.start();
  assert.deepEqual(published, [['192.0.2.9:80']]);
});
