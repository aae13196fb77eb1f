import assert from 'node:assert/strict';
import { test } from 'node:test';
import { testBackend, testConfig } from '../../test/support/gateway-config.ts';
import { ScriptedBackend, answering } from '../../test/support/scripted-backend.ts';
import { TestProxy } from '../../test/support/test-proxy.ts';

test('a GET goes to the backend and its answer comes back', async (t) => {
  const backend = await ScriptedBackend.start(answering('hello'));
  const proxy = await TestProxy.start(
    testConfig({ rules: [{ backends: [testBackend('a')] }], endpoints: { a: [backend.port] } }),
  );
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
  });
  const client = await proxy.connect();
  client.send('GET /x?y=1 HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: t\r\n\r\n');
  const response = await client.readResponse();
  assert.equal(response.status, 200);
  assert.equal(response.body, 'hello');
  client.send('GET /again HTTP/1.1\r\nHost: shop.example\r\n\r\n');
  assert.equal((await client.readResponse()).body, 'hello');
  assert.equal(backend.connections.length, 1);
  assert.deepEqual(
    proxy.records.map(({ status, path, endpoint }) => ({ status, path, endpoint })),
    [
      { status: 200, path: '/x', endpoint: `127.0.0.1:${backend.port}` },
      { status: 200, path: '/again', endpoint: `127.0.0.1:${backend.port}` },
    ],
  );
  client.destroy();
});
