/** The client against an API server over HTTP that is slow, busy, or gone. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { suite, test, type TestContext } from 'node:test';
import { FakeApiServer } from '../../test/support/fake-api/server.ts';
import { ApiError, KubeClient, type ClientLimits, type WatchEvent } from './client.ts';

const NAMESPACES = '/api/v1/namespaces';
const named = (name: string): { metadata: { name: string } } => ({ metadata: { name } });

async function start(
  t: TestContext,
  limits?: ClientLimits,
): Promise<{ api: FakeApiServer; client: KubeClient }> {
  const api = new FakeApiServer();
  await api.start();
  const token = (): Promise<string> => Promise.resolve('t0ken');
  const client = new KubeClient({ ...api.access, token }, limits);
  t.after(async () => {
    client.close();
    await api.stop();
  });
  return { api, client };
}

const ANONYMOUS = {
  ca: null,
  clientCertificate: null,
  skipVerification: true,
  token: () => Promise.resolve(null),
};

/** A port that accepts connections and sends nothing: TLS is never established. */
async function silentPort(t: TestContext, protocol: string): Promise<URL> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return urlOf(protocol, (server.address() as AddressInfo).port);
}

/** A port whose queue of connections is full: the system drops further attempts to connect. */
async function unansweredPort(t: TestContext, protocol: string): Promise<URL> {
  const listen = `const server = require('net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () =>
    console.log(server.address().port))`;
  const child = spawn(process.execPath, ['-e', listen], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [printed] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(printed.toString());
  child.kill('SIGSTOP');
  // A backlog of 1 holds two connections.
  const waiting = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')];
  t.after(() => {
    for (const socket of waiting) socket.destroy();
    child.kill('SIGKILL');
  });
  await Promise.all(waiting.map((socket) => once(socket, 'connect')));
  return urlOf(protocol, port);
}

const urlOf = (protocol: string, port: number): URL => new URL(`${protocol}://127.0.0.1:${String(port)}`);

suite('kube client', () => {
  test('an answer is decoded, a refusal has its status, reason and message', async (t) => {
    const { client } = await start(t);
    await client.call({ method: 'POST', path: NAMESPACES, body: named('shop') });
    const found = (await client.call({ method: 'GET', path: `${NAMESPACES}/shop` })) as { metadata: object };
    assert.ok('uid' in found.metadata);
    await assert.rejects(
      client.call({ method: 'POST', path: NAMESPACES, body: named('shop') }),
      (error) => error instanceof ApiError && error.status === 409 && error.reason === 'AlreadyExists',
    );
    await assert.rejects(
      client.call({ method: 'GET', path: `${NAMESPACES}/none` }),
      (error) => error instanceof ApiError && error.status === 404 && /none/.test(error.message),
    );
  });

  test('what a busy server puts off is asked again, until it is done', async (t) => {
    const { api, client } = await start(t);
    let refusals = 0;
    api.fault = () => (++refusals <= 2 ? { status: 429, retryAfterSeconds: 0 } : null);
    await client.call({ method: 'POST', path: NAMESPACES, body: named('shop') });
    assert.equal(api.requests.length, 3);
    api.fault = () => ({ status: 429, retryAfterSeconds: 0 });
    await assert.rejects(
      client.call({ method: 'GET', path: `${NAMESPACES}/shop` }),
      (error) => error instanceof ApiError && error.status === 429,
    );
  });

  test('other failures are the caller’s to try again', async (t) => {
    const { api, client } = await start(t);
    api.fault = () => ({ status: 500 });
    await assert.rejects(client.call({ method: 'GET', path: NAMESPACES }), /as the test asked/);
    api.fault = () => ({ status: 503 });
    await assert.rejects(client.call({ method: 'GET', path: NAMESPACES }), ApiError);
    assert.equal(api.requests.length, 2);
  });

  test('a server that does not answer is given up', async (t) => {
    const { api, client } = await start(t, {
      connectTimeoutMs: 5_000,
      requestTimeoutMs: 50,
      watchIdleMs: 50,
    });
    let answer = (): void => undefined;
    api.fault = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    await assert.rejects(client.call({ method: 'GET', path: NAMESPACES }), /no answer to GET/);
    answer();
  });

  test('a connection that is not established is given up, for requests and watches', async (t) => {
    const limits = { connectTimeoutMs: 50, requestTimeoutMs: 60_000, watchIdleMs: 60_000 };
    for (const url of [await unansweredPort(t, 'http'), await silentPort(t, 'https')]) {
      const client = new KubeClient({ ...ANONYMOUS, url }, limits);
      t.after(() => {
        client.close();
      });
      await assert.rejects(client.call({ method: 'GET', path: NAMESPACES }), /no connection within 50 ms/);
      await assert.rejects(client.watch({ path: NAMESPACES }).next(), /no connection within 50 ms/);
    }
  });

  test('a watch gives events as they come, and breaks when it falls silent', async (t) => {
    const { api, client } = await start(t, {
      connectTimeoutMs: 5_000,
      requestTimeoutMs: 5_000,
      watchIdleMs: 2_000,
    });
    const events: WatchEvent[] = [];
    const watching = (async (): Promise<void> => {
      const query = { watch: 'true', resourceVersion: '1' };
      for await (const event of client.watch({ path: NAMESPACES, query })) events.push(event);
    })();
    await api.until(() => api.watchesOf('/namespaces') === 1);
    api.store.create('/namespaces', { apiVersion: 'v1', kind: 'Namespace', ...named('größer') }, 'test');
    await api.until(() => events.length === 1);
    assert.equal(events[0]?.object.metadata.name, 'größer');
    await assert.rejects(watching);
  });

  test('a watch that is refused says why; one whose version is too old says so as an event', async (t) => {
    const { api, client } = await start(t);
    api.fault = () => ({ status: 403 });
    const first = client.watch({ path: NAMESPACES, query: { watch: 'true' } }).next();
    await assert.rejects(first, (error) => error instanceof ApiError && error.status === 403);
    api.fault = null;
    api.store.create('/namespaces', { apiVersion: 'v1', kind: 'Namespace', ...named('shop') }, 'test');
    api.store.compact();
    const watch = client.watch({ path: NAMESPACES, query: { watch: 'true', resourceVersion: '1' } });
    const { value } = (await watch.next()) as { value: WatchEvent };
    assert.equal(value.type, 'ERROR');
    assert.equal(value.object.code, 410);
    await watch.return(undefined);
  });
});
