/** How exchanges on a client's connection end early: expectations, early answers, peers that go away. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { answering } from '../../../test/support/scripted-backend.ts';
import { oneBackend } from '../../../test/support/test-proxy.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('Expect: 100-continue', () => {
  const EXPECTING = 'POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n';

  test('the backend is asked, and its 100 is passed on before the body is sent', async (t) => {
    const { proxy } = await oneBackend(t, {
      script: async (connection) => {
        const head = await connection.readThrough('\r\n\r\n');
        assert.match(head, /expect: 100-continue/i);
        connection.send('HTTP/1.1 100 Continue\r\n\r\n');
        assert.equal((await connection.readBytes(4)).toString(), 'body');
        connection.send(OK);
      },
    });
    const client = await proxy.connect();
    client.send(EXPECTING);
    assert.equal((await client.readResponse()).status, 100);
    client.send('body');
    assert.equal((await client.readResponse()).status, 200);
    client.send(GET);
  });

  test('a body that does not wait for the 100 is held until the backend has said it', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(`${EXPECTING}body`);
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    connection.send('HTTP/1.1 100 Continue\r\n\r\n');
    assert.equal((await client.readResponse()).status, 100);
    assert.equal((await connection.readBytes(4)).toString(), 'body');
    connection.send(OK);
    assert.equal((await client.readResponse()).body, 'ok');
  });

  test('a backend that gives its final answer instead of 100 never sees the body as its next request', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    const hidden = 'GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n';
    const head = EXPECTING.replace('Content-Length: 4', `Content-Length: ${hidden.length}`);
    client.send(head + hidden);
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    connection.send('HTTP/1.1 417 Expectation Failed\r\ncontent-length: 0\r\n\r\n');
    assert.equal((await client.readResponse()).status, 417);
    await connection.waitForEnd();
    assert.equal(connection.received, '');
  });

  test('a backend that knows no 100 gets the body all the same', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(`${EXPECTING}body`);
    const connection = await backend.connection();
    await connection.readThrough('\r\n\r\n');
    assert.equal((await connection.readBytes(4)).toString(), 'body');
    connection.send(OK);
    assert.equal((await client.readResponse()).body, 'ok');
  });

  test('a final answer instead closes the connection: what comes next could be body or request', async (t) => {
    const { proxy, backend } = await oneBackend(t, {
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n');
      },
    });
    const client = await proxy.connect();
    client.send(EXPECTING);
    const response = await client.readResponse();
    assert.deepEqual([response.status, response.header('connection')], [401, 'close']);
    client.send('GET /smuggled HTTP/1.1\r\nHost: a.example\r\n\r\n');
    await client.waitForEnd();
    assert.equal(client.received, '');
    assert.ok(backend.connections.every((connection) => !connection.received.includes('smuggled')));
  });
});

describe('ends', () => {
  test('an early answer is passed on whole while the request still streams, and the connection ends', async (t) => {
    const { proxy } = await oneBackend(t, {
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.1 413 Content Too Large\r\ncontent-length: 3\r\n\r\nbig');
      },
    });
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100000000\r\n\r\n');
    const feed = setInterval(() => client.send('x'.repeat(10_000)), 1);
    t.after(() => clearInterval(feed));
    assert.equal((await client.readResponse()).body, 'big');
    await client.waitForEnd();
    clearInterval(feed);
    assert.equal(client.error, null);
  });

  test('the short rest of an unwanted body is read, and the connection goes on', async (t) => {
    const { proxy } = await oneBackend(t, { rule: { hostname: 'other.example' } });
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 10\r\n\r\n');
    assert.equal((await client.readResponse()).status, 404);
    client.send(`0123456789${GET}`);
    assert.equal((await client.readResponse()).status, 404);
  });

  test('a client that ends its direction after the request still gets its answer', async (t) => {
    const { proxy } = await oneBackend(t, { script: answering('late') });
    const client = await proxy.connect();
    client.send(GET);
    client.end();
    assert.equal((await client.readResponse()).body, 'late');
    await client.waitForClose();
  });

  test('all requests that a client sent before it ended its direction are answered', async (t) => {
    const { proxy } = await oneBackend(t, { script: answering('ok') });
    const client = await proxy.connect();
    client.socket.end(GET + GET + GET);
    for (let count = 0; count < 3; count++) assert.equal((await client.readResponse()).body, 'ok');
    await client.waitForClose();
    assert.equal(client.error, null);
  });

  test('the part of a request that a client sent before it ended its direction is dropped', async (t) => {
    const { proxy, backend } = await oneBackend(t, { script: answering('ok') });
    const client = await proxy.connect();
    client.socket.end(`${GET}POST / HTTP/1.1\r\nHost: a.example\r\n`);
    assert.equal((await client.readResponse()).body, 'ok');
    await client.waitForClose();
    assert.equal(client.received, '');
    assert.equal(backend.connections.length, 1);
  });

  test('a client that goes away takes its request with it', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(GET);
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    client.socket.resetAndDestroy();
    await upstream.waitForEnd();
    assert.deepEqual(
      proxy.records.map(({ status, reason }) => ({ status, reason })),
      [{ status: 499, reason: 'client_closed' }],
    );
    assert.equal(proxy.proxy.stats().downstream.activeRequests, 0);
  });

  test('a client that breaks off its body takes its request with it', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 100\r\n\r\nabc');
    const upstream = await backend.connection();
    await upstream.waitFor('abc');
    client.end();
    await upstream.waitForEnd();
    await client.waitForClose();
  });
});
