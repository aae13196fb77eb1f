/** How a client's connection lives: keep-alive, pipelining, versions, bodies, expectations, ends. Over real sockets. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RawClient } from '../../../test/support/raw-client.ts';
import { answering } from '../../../test/support/scripted-backend.ts';
import { oneBackend } from '../../../test/support/test-proxy.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const get = (path: string, lines = ''): string => `GET ${path} HTTP/1.1\r\nHost: a.example\r\n${lines}\r\n`;
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

describe('keep-alive', () => {
  test('many requests on one connection, over one connection to the backend', async (t) => {
    const { proxy, backend } = await oneBackend(t, { script: answering('hello') });
    const client = await proxy.connect();
    for (let count = 0; count < 20; count++) {
      client.send(GET);
      assert.equal((await client.readResponse()).body, 'hello');
    }
    assert.equal(backend.connections.length, 1);
  });

  test('pipelined requests are answered in order, whatever follows in the same segment', async (t) => {
    const { proxy } = await oneBackend(t, {
      script: async (connection) => {
        for (;;) {
          const head = await connection.readThrough('\r\n\r\n');
          const path = head.split(' ')[1] ?? '';
          connection.send(`HTTP/1.1 200 OK\r\ncontent-length: ${path.length}\r\n\r\n${path}`);
        }
      },
    });
    const client = await proxy.connect();
    client.send(Array.from({ length: 10 }, (_, index) => get(`/${index}`)).join(''));
    for (let index = 0; index < 10; index++) assert.equal((await client.readResponse()).body, `/${index}`);
  });

  test('Connection: close is honored and answered', async (t) => {
    const { proxy } = await oneBackend(t, { script: answering('x') });
    const client = await proxy.connect();
    client.send(get('/', 'Connection: close\r\n'));
    const response = await client.readResponse();
    assert.equal(response.header('connection'), 'close');
    await client.waitForEnd();
  });

  test('an HTTP/1.0 client gets a close unless it asks to stay', async (t) => {
    const { proxy, backend } = await oneBackend(t, { script: answering('x') });
    const leaving = await proxy.connect();
    leaving.send('GET / HTTP/1.0\r\nHost: a.example\r\n\r\n');
    assert.equal((await leaving.readResponse()).header('connection'), 'close');
    await leaving.waitForEnd();
    const staying = await proxy.connect();
    staying.send('GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n');
    assert.equal((await staying.readResponse()).header('connection'), 'keep-alive');
    staying.send('GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n');
    assert.equal((await staying.readResponse()).body, 'x');
    assert.equal(backend.connections.length, 1);
  });

  test('an HTTP/1.0 client without Host is served, and the backend is asked in HTTP/1.1', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send('GET /x HTTP/1.0\r\n\r\n');
    const upstream = await backend.connection();
    const head = await upstream.readThrough('\r\n\r\n');
    assert.ok(head.startsWith('GET /x HTTP/1.1\r\n'), head);
    assert.match(head, /^host: \r$/m);
  });

  test('a connection that idles too long is closed', async (t) => {
    const { proxy } = await oneBackend(t, { script: answering('x'), limits: { idleTimeoutMs: 100 } });
    const client = await proxy.connect();
    client.send(GET);
    await client.readResponse();
    await client.waitForEnd();
    assert.equal(client.received, '');
  });

  test('after requestsPerConnection the connection closes', async (t) => {
    const { proxy } = await oneBackend(t, { script: answering('x'), limits: { requestsPerConnection: 2 } });
    const client = await proxy.connect();
    client.send(GET + GET);
    assert.equal((await client.readResponse()).header('connection'), undefined);
    assert.equal((await client.readResponse()).header('connection'), 'close');
    await client.waitForEnd();
  });
});

describe('slow and silent clients', () => {
  test('a connection without a request is closed', async (t) => {
    const { proxy } = await oneBackend(t, { limits: { headTimeoutMs: 100 } });
    const client = await proxy.connect();
    await client.waitForEnd();
    assert.equal(client.received, '');
  });

  test('a head that drips in is answered 408 when its time is up, however steadily it drips', async (t) => {
    const { proxy } = await oneBackend(t, { limits: { headTimeoutMs: 150 } });
    const client = await proxy.connect();
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n');
    const drip = setInterval(() => client.send('x: y\r\n'), 20);
    t.after(() => clearInterval(drip));
    assert.equal((await client.readResponse()).status, 408);
    clearInterval(drip);
    assert.equal(proxy.proxy.stats().refused.idle_timeout, 1);
  });

  test('connections beyond the limit are closed at once; one that ends makes room', async (t) => {
    const { proxy } = await oneBackend(t, { script: answering('x'), limits: { connections: 2 } });
    const ask = async (): Promise<RawClient> => {
      const client = await proxy.connect();
      client.send(GET);
      await client.readResponse();
      return client;
    };
    const first = await ask();
    await ask();
    const third = await proxy.connect();
    await third.waitForEnd();
    assert.equal(proxy.proxy.stats().refused.overflow, 1);
    first.destroy();
    while (proxy.proxy.stats().downstream.openConnections > 1) await new Promise(setImmediate);
    await ask();
  });

  test('a body that drips in too slowly is answered 408', async (t) => {
    const { proxy } = await oneBackend(t, { limits: { slowBody: { windowMs: 100, minBytes: 100 } } });
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 1000\r\n\r\n');
    const drip = setInterval(() => client.send('x'), 20);
    t.after(() => clearInterval(drip));
    const response = await client.readResponse();
    clearInterval(drip);
    assert.equal(response.status, 408);
    assert.equal(proxy.records[0]?.reason, 'idle_timeout');
    await client.waitForEnd();
  });

  test('a body that keeps its pace over many windows goes through', async (t) => {
    const { proxy } = await oneBackend(t, {
      limits: { slowBody: { windowMs: 60, minBytes: 10 } },
      script: async (connection) => {
        const head = await connection.readThrough('\r\n\r\n');
        await connection.readBytes(Number(/content-length: (\d+)/i.exec(head)?.[1]));
        connection.send(OK);
      },
    });
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: 400\r\n\r\n');
    for (let sent = 0; sent < 400; sent += 20) {
      client.send('x'.repeat(20));
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    assert.equal((await client.readResponse()).status, 200);
  });
});

describe('messages', () => {
  test('HEAD: the length stays, no body comes, and the connection goes on', async (t) => {
    const { proxy, backend } = await oneBackend(t, {
      script: async (connection) => {
        for (;;) {
          const head = await connection.readThrough('\r\n\r\n');
          const body = head.startsWith('HEAD') ? '' : 'hello';
          connection.send(`HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n${body}`);
        }
      },
    });
    const client = await proxy.connect();
    client.send(`HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n${GET}`);
    assert.equal((await client.readResponse({ noBody: true })).header('content-length'), '5');
    assert.equal((await client.readResponse()).body, 'hello');
    assert.equal(backend.connections.length, 1);
  });

  test('204 and 304 have no body', async (t) => {
    const statuses = ['204 No Content', '304 Not Modified', '200 OK'];
    const { proxy } = await oneBackend(t, {
      script: async (connection) => {
        for (const status of statuses) {
          await connection.readThrough('\r\n\r\n');
          const length = status.startsWith('304') ? 'content-length: 10\r\n' : '';
          connection.send(
            `HTTP/1.1 ${status}\r\n${status.startsWith('200') ? 'content-length: 0\r\n' : length}\r\n`,
          );
        }
      },
    });
    const client = await proxy.connect();
    client.send(GET + GET + GET);
    for (const status of statuses) assert.equal((await client.readResponse()).status, parseInt(status, 10));
  });

  test('a chunked body goes to the backend chunked, with its trailers, and without extensions', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send('POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n');
    client.send(
      '5;name="x;y"\r\nhello\r\n1\r\n \r\n0005\r\nworld\r\n000\r\nX-Sum: 7\r\nHost: evil\r\nContent-Length: 3\r\n\r\n',
    );
    const upstream = await backend.connection();
    const request = await upstream.readResponse();
    assert.equal(request.body, 'hello world');
    assert.ok(!request.head.includes('content-length'));
    const { proxy: again, backend: raw } = await oneBackend(t);
    const second = await again.connect();
    second.send('POST / HTTP/1.1\r\nHost: a.example\r\nTransfer-Encoding: chunked\r\n\r\n');
    second.send(
      '5;name="x;y"\r\nhello\r\n0\r\nX-Sum: 7\r\nHost: evil\r\nContent-Length: 3\r\nAuthorization: x\r\n\r\n',
    );
    const bytes = await raw.connection();
    await bytes.waitFor('x-sum: 7\r\n\r\n');
    assert.match(bytes.received, /\r\n\r\n5\r\nhello\r\n0\r\nx-sum: 7\r\n\r\n$/);
  });

  test('a chunked answer comes chunked, with trailers; an HTTP/1.0 client gets it until the close', async (t) => {
    const chunked =
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n3\r\ndef\r\n0\r\nx-t: 1\r\n\r\n';
    const { proxy } = await oneBackend(t, {
      script: async (connection) => {
        for (;;) {
          await connection.readThrough('\r\n\r\n');
          connection.send(chunked);
        }
      },
    });
    const client = await proxy.connect();
    client.send(GET);
    await client.waitFor('x-t: 1\r\n\r\n');
    assert.match(client.received, /transfer-encoding: chunked\r\n/);
    assert.equal((await client.readResponse()).body, 'abcdef');
    const old = await proxy.connect();
    old.send('GET / HTTP/1.0\r\nHost: a.example\r\nConnection: keep-alive\r\n\r\n');
    const response = await old.readResponse();
    assert.equal(response.header('transfer-encoding'), undefined);
    assert.equal(response.header('connection'), 'close');
    assert.equal(response.body, 'abcdef');
  });

  test('an answer that ends with the connection is chunked for the client', async (t) => {
    const { proxy } = await oneBackend(t, {
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.1 200 OK\r\n\r\npart one, ');
        connection.send('part two');
        connection.end();
      },
    });
    const client = await proxy.connect();
    client.send(GET);
    const response = await client.readResponse();
    assert.equal(response.body, 'part one, part two');
    assert.equal(response.header('transfer-encoding'), 'chunked');
  });

  test('an HTTP/1.0 answer becomes HTTP/1.1', async (t) => {
    const { proxy } = await oneBackend(t, {
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok');
      },
    });
    const client = await proxy.connect();
    client.send(GET);
    assert.equal((await client.readResponse()).statusLine, 'HTTP/1.1 200 OK');
  });

  test('a status line without reason phrase is passed on with the space that belongs there', async (t) => {
    const { proxy } = await oneBackend(t, {
      script: async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.1 299\r\ncontent-length: 0\r\n\r\n');
      },
    });
    const client = await proxy.connect();
    client.send(GET);
    assert.equal((await client.readResponse()).statusLine, 'HTTP/1.1 299 ');
  });

  test('1xx answers are passed on, but not to HTTP/1.0', async (t) => {
    const { proxy } = await oneBackend(t, {
      script: async (connection) => {
        for (;;) {
          await connection.readThrough('\r\n\r\n');
          connection.send(`HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${OK}`);
        }
      },
    });
    const client = await proxy.connect();
    client.send(GET);
    const hints = await client.readResponse();
    assert.deepEqual([hints.status, hints.header('link')], [103, '</a.css>']);
    assert.equal((await client.readResponse()).status, 200);
    const old = await proxy.connect();
    old.send('GET / HTTP/1.0\r\nHost: a.example\r\n\r\n');
    assert.equal((await old.readResponse()).status, 200);
  });

  test('absolute-form goes on in origin-form', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send('GET http://a.example/x?y HTTP/1.1\r\nHost: a.example\r\n\r\n');
    const head = await (await backend.connection()).readThrough('\r\n\r\n');
    assert.ok(head.startsWith('GET /x?y HTTP/1.1\r\nHost: a.example\r\n'), head);
  });

  test('a path is normalized once, and forwarded as it was matched', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(get('/a/./b/../c%2f%7Ed?q=/../x'));
    const head = await (await backend.connection()).readThrough('\r\n\r\n');
    assert.ok(head.startsWith('GET /a/c%2F~d?q=/../x HTTP/1.1\r\n'), head);
  });
});
