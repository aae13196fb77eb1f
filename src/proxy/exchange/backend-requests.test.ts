/** What a policy of a backend says of its requests holds for that backend, whatever the rule says. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TIMEOUTS, type RequestPolicy } from '../../ir/policy.ts';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { ScriptedBackend, type Script } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

const RETRY_503: RequestPolicy = {
  timeouts: DEFAULT_TIMEOUTS,
  retry: {
    attempts: 2,
    on: ['retriable-codes'],
    codes: [503],
    grpcCodes: [],
    backoffMs: 1,
    maxBackoffMs: 5,
    honorRetryAfter: false,
    perTryTimeoutMs: 0,
    nonIdempotent: 'before-send',
    maxBodyBytes: 65_536,
  },
};

/** 503 to all; counts what it was asked. */
function unavailable(): { readonly script: Script; readonly asked: () => number } {
  let asked = 0;
  const script: Script = async (connection) => {
    for (;;) {
      await connection.readThrough('\r\n\r\n');
      asked++;
      connection.send('HTTP/1.1 503 X\r\ncontent-length: 0\r\n\r\n');
    }
  };
  return { script, asked: () => asked };
}

test('of two backends of a rule each is tried as its own policy says', async (t) => {
  const [retried, plain] = [unavailable(), unavailable()];
  const backends = await Promise.all([
    ScriptedBackend.start(retried.script),
    ScriptedBackend.start(plain.script),
  ]);
  const rule = { backends: [{ ...testBackend('a'), requests: RETRY_503 }, testBackend('b')] };
  const ports = backends.map(({ port }) => port);
  const proxy = await TestProxy.start(
    testConfig({ rules: [rule], endpoints: { a: ports.slice(0, 1), b: ports.slice(1) } }),
  );
  t.after(async () => {
    await proxy.stop();
    for (const backend of backends) await backend.stop();
  });
  const client = await proxy.connect();
  for (let count = 0; count < 4; count++) {
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
    assert.equal((await client.readResponse()).status, 503);
  }
  assert.deepEqual([retried.asked(), plain.asked()], [6, 2]);
});

test('a timeout of the backend holds where the rule has none', async (t) => {
  const backend = await ScriptedBackend.start(async (connection) => {
    await connection.readThrough('\r\n\r\n');
  });
  const requests: RequestPolicy = { timeouts: { ...DEFAULT_TIMEOUTS, requestMs: 20 }, retry: null };
  const rule = { backends: [{ ...testBackend('a'), requests }] };
  const proxy = await TestProxy.start(testConfig({ rules: [rule], endpoints: { a: [backend.port] } }));
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  const client = await proxy.connect();
  client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
  assert.equal((await client.readResponse()).status, 504);
  assert.equal(proxy.records[0]?.reason, 'request_timeout');
});
