/** Sessions whose endpoints leave, drain or fail (GEP-1619): they end only with what they lead to. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { clusterId } from '../../ir/ids.ts';
import { testBackend, testConfig, testEndpoint } from '../../../test/support/gateway-config.ts';
import type { RawClient } from '../../../test/support/raw-client.ts';
import { ScriptedBackend, answering } from '../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../test/support/test-proxy.ts';

const NAMES = ['a', 'b', 'c'];

interface Visit {
  readonly name: string;
  /** The session that the answer began; undefined when it goes on. */
  readonly began: string | undefined;
}

async function visit(client: RawClient, session = ''): Promise<Visit> {
  client.send(`GET / HTTP/1.1\r\nHost: a.example\r\n${session === '' ? '' : `Sess: ${session}\r\n`}\r\n`);
  const response = await client.readResponse();
  assert.equal(response.status, 200);
  return { name: response.body, began: response.header('sess') };
}

async function beginSession(t: TestContext) {
  const backends = await Promise.all(NAMES.map((name) => ScriptedBackend.start(answering(name))));
  const sessionPersistence = {
    kind: 'header',
    name: 'Sess',
    absoluteTimeoutMs: 0,
    cookieLifetime: 'session',
    cookiePath: '/',
  } as const;
  const proxy = await TestProxy.start(
    testConfig({
      rules: [{ backends: [testBackend('all')], sessionPersistence }],
      endpoints: { all: backends.map(({ port }) => port) },
    }),
  );
  t.after(async () => {
    await proxy.stop();
    for (const backend of backends) await backend.stop();
  });
  const client = await proxy.connect();
  const { name, began } = await visit(client);
  assert.ok(began !== undefined);
  const own = backends[NAMES.indexOf(name)];
  assert.ok(own !== undefined);
  const list = (state: 'ready' | 'draining' | 'gone'): void => {
    proxy.proxy.applyEndpoints({
      cluster: clusterId('all'),
      endpoints: backends.flatMap((backend) => {
        if (backend !== own) return [testEndpoint(backend.port)];
        return state === 'gone' ? [] : [{ ...testEndpoint(backend.port), state }];
      }),
    });
  };
  return { client, own, name, session: began, list };
}

describe('the endpoint of a session', () => {
  test('leaves: another one, and a session with it', async (t) => {
    const { client, name, session, list } = await beginSession(t);
    list('gone');
    const next = await visit(client, session);
    assert.notEqual(next.name, name);
    assert.ok(next.began !== undefined && next.began !== session);
    for (let count = 0; count < 10; count++) {
      assert.deepEqual(await visit(client, next.began), { name: next.name, began: undefined });
    }
  });

  test('leaves and comes back: the session holds again', async (t) => {
    const { client, name, session, list } = await beginSession(t);
    list('gone');
    list('ready');
    for (let count = 0; count < 10; count++) {
      assert.deepEqual(await visit(client, session), { name, began: undefined });
    }
  });

  test('drains: its sessions stay with it, and no new one comes', async (t) => {
    const { client, name, session, list } = await beginSession(t);
    list('draining');
    assert.deepEqual(await visit(client, session), { name, began: undefined });
    for (let count = 0; count < 20; count++) assert.notEqual((await visit(client)).name, name);
  });

  test('refuses connections: the request goes elsewhere, and the session with it', async (t) => {
    const { client, name, own, session } = await beginSession(t);
    await own.stop();
    const next = await visit(client, session);
    assert.notEqual(next.name, name);
    assert.ok(next.began !== undefined && next.began !== session);
  });
});
