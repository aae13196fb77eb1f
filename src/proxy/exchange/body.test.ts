/** Bodies: every size and framing both ways, backpressure, and memory that stays bounded. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createServer, request as httpRequest, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, test, type TestContext } from 'node:test';
import { testBackend, testConfig } from '../../../test/support/gateway-config.ts';
import { TestProxy, oneBackend } from '../../../test/support/test-proxy.ts';
import { bulkBuffers } from '../message/bulk-buffers.ts';

const SIZES = [0, 1, 1_000, 16_384, 16_385, 65_535, 65_536, 65_537, 262_144, 1_000_003, 5_000_000];

async function httpBackend(
  t: TestContext,
  onRequest: Parameters<typeof createServer>[1],
): Promise<TestProxy> {
  const server: Server = createServer(onRequest ?? (() => undefined));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy = await TestProxy.start(
    testConfig({ rules: [{ backends: [testBackend('a')] }], endpoints: { a: [port] } }),
  );
  t.after(async () => {
    await proxy.stop();
    server.close();
    server.closeAllConnections();
  });
  return proxy;
}

const digest = (data: Buffer): string => createHash('sha256').update(data).digest('hex');

async function read(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

async function exchange(port: number, body: Buffer, isChunked: boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const headers = isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': body.length };
    const request = httpRequest({ port, method: 'POST', headers, agent: false }, (response) => {
      read(response).then(resolve, reject);
    });
    request.on('error', reject);
    // In two writes, so that a chunked body has more than one chunk.
    request.write(body.subarray(0, body.length / 2));
    request.end(body.subarray(body.length / 2));
  });
}

describe('bodies arrive as they were sent', () => {
  for (const isChunked of [false, true]) {
    test(`${isChunked ? 'chunked' : 'with a length'}, both ways, in ${SIZES.length} sizes`, async (t) => {
      const proxy = await httpBackend(t, (request, response) => {
        if (!isChunked) response.setHeader('content-length', request.headers['content-length'] ?? 0);
        request.pipe(response);
      });
      for (const size of SIZES) {
        const body = randomBytes(size);
        assert.equal(digest(await exchange(proxy.port, body, isChunked)), digest(body), `${size} bytes`);
      }
    });
  }

  test('many at once', async (t) => {
    const proxy = await httpBackend(t, (request, response) => request.pipe(response));
    const bodies = Array.from({ length: 30 }, (_, index) => randomBytes(100_000 + index * 20_000));
    const answers = await Promise.all(
      bodies.map((body, index) => exchange(proxy.port, body, index % 2 === 0)),
    );
    bodies.forEach((body, index) => assert.equal(digest(answers[index] ?? body.subarray(1)), digest(body)));
  });
});

describe('backpressure', () => {
  test('a client that does not read stops its backend, and gets everything when it reads on', async (t) => {
    const total = 100_000_000;
    let sent = 0;
    const chunk = randomBytes(1_000_000);
    const proxy = await httpBackend(t, (_request, response) => {
      response.setHeader('content-length', total);
      const feed = (): void => {
        while (sent < total) {
          sent += chunk.length;
          if (!response.write(chunk)) {
            response.once('drain', feed);
            return;
          }
        }
        response.end();
      };
      feed();
    });
    const client = await proxy.connect();
    client.socket.pause();
    client.send('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
    let before = -1;
    while (before !== sent) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.ok(sent < total / 2, `the backend could send ${sent} bytes to a client that reads nothing`);
    let received = 0;
    client.socket.removeAllListeners('data');
    const done = new Promise<void>((resolve) => {
      client.socket.on('data', (data: Buffer) => {
        received += data.length;
        if (received >= total) resolve();
      });
    });
    client.socket.resume();
    await done;
    client.destroy();
  });

  test('a backend that does not read stops its client, and gets everything when it reads on', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const total = 60_000_000;
    const client = await proxy.connect();
    client.send(`POST / HTTP/1.1\r\nHost: a.example\r\nContent-Length: ${total}\r\n\r\n`);
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    upstream.socket.pause();
    for (let sent = 0; sent < total; sent += 1_000_000) client.send(Buffer.alloc(1_000_000, 'x'));
    let before = -1;
    while (before !== client.socket.writableLength) {
      before = client.socket.writableLength;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    assert.ok(
      before > total / 2,
      `the client could send ${total - before} bytes to a backend that reads nothing`,
    );
    let received = upstream.received.length;
    upstream.socket.removeAllListeners('data');
    const done = new Promise<void>((resolve) => {
      upstream.socket.on('data', (data: Buffer) => {
        received += data.length;
        if (received >= total) resolve();
      });
    });
    upstream.socket.resume();
    await done;
  });
});

/** The promise is 10 GiB, and SLUICE_BODY_GIB=10 holds it; two are as much of it as an everyday test can afford. */
const BODY_GIB = Number(process.env['SLUICE_BODY_GIB'] ?? '2');

test('gigabytes pass both ways in little memory', { timeout: BODY_GIB * 60_000 }, async (t) => {
  const total = BODY_GIB * 1024 ** 3;
  const proxy = await httpBackend(t, (request, response) => {
    response.setHeader('content-length', total);
    request.pipe(response);
  });
  const chunk = Buffer.alloc(1_048_576, 'x');
  const before = process.memoryUsage().rss;
  let peak = 0;
  let received = 0;
  await new Promise<void>((resolve, reject) => {
    const headers = { 'content-length': total };
    const request = httpRequest({ port: proxy.port, method: 'POST', headers, agent: false }, (response) => {
      response.on('data', (data: Buffer) => {
        received += data.length;
        if (received % (64 * 1_048_576) < data.length) peak = Math.max(peak, process.memoryUsage().rss);
      });
      response.on('end', resolve);
    });
    request.on('error', reject);
    let sent = 0;
    const feed = (): void => {
      while (sent < total) {
        sent += chunk.length;
        if (!request.write(chunk)) {
          request.once('drain', feed);
          return;
        }
      }
      request.end();
    };
    feed();
  });
  assert.equal(received, total);
  // Client, proxy and backend share this process.
  assert.ok(peak - before < 200 * 1_048_576, `${Math.round((peak - before) / 1_048_576)} MiB more`);
  assert.equal(bulkBuffers.inUse, 0, 'large buffers that were not given back');
});
