/** Answers of backends that must not be believed, and connections that must not be used again. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { oneBackend } from '../../../test/support/test-proxy.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a.example\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';

/** Answers that are malformed before their head is complete: the client gets 502. */
const MALFORMED: Readonly<Record<string, string>> = {
  'both lengths':
    'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
  'differing Content-Length': 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok',
  'repeated Content-Length': 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok',
  'list in Content-Length': 'HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\n\r\nok',
  'sign in Content-Length': 'HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nok',
  'another transfer coding': 'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
  'chunked in HTTP/1.0': 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  'chunked 204': 'HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
  '204 with a length': 'HTTP/1.1 204 No Content\r\ncontent-length: 2\r\n\r\nok',
  'bare LF': 'HTTP/1.1 200 OK\ncontent-length: 2\r\n\r\nok',
  'bare LF at the end': 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\nok',
  'bare CR in a value': 'HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 2\r\n\r\nok',
  'NUL in a value': 'HTTP/1.1 200 OK\r\nx: a\0b\r\ncontent-length: 2\r\n\r\nok',
  'folded field': 'HTTP/1.1 200 OK\r\nx: a\r\n b\r\ncontent-length: 2\r\n\r\nok',
  'space before the colon': 'HTTP/1.1 200 OK\r\ncontent-length : 2\r\n\r\nok',
  'HTTP/2': 'HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok',
  'HTTP/0.9': 'hello',
  'no status': 'HTTP/1.1 OK\r\n\r\n',
  'status of two digits': 'HTTP/1.1 20 OK\r\n\r\n',
  'status of four digits': 'HTTP/1.1 2000 OK\r\n\r\n',
  'status beyond 599': 'HTTP/1.1 600 OK\r\ncontent-length: 2\r\n\r\nok',
  'status below 100': 'HTTP/1.1 099 OK\r\ncontent-length: 2\r\n\r\nok',
  'leading empty line': '\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok',
  'unsolicited 101':
    'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nGET',
  'endless head': `HTTP/1.1 200 OK\r\n${'x: yyyyyyyyyyyyyyyy\r\n'.repeat(4_000)}`,
  'endless field': `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(70_000)}`,
  'endless 1xx': 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(40),
};

/** Answers whose body breaks after their head went to the client: the answer is broken off, never completed. */
const BROKEN: Readonly<Record<string, string>> = {
  'sign in a chunk size': '+2\r\nok\r\n0\r\n\r\n',
  'prefix in a chunk size': '0x2\r\nok\r\n0\r\n\r\n',
  'bare LF after a chunk size': '2\nok\r\n0\r\n\r\n',
  'missing CRLF after a chunk': '2\r\nokX0\r\n\r\n',
  'overflowing chunk size': 'fffffffffffffffff\r\nok',
  'trailer line without a colon': '2\r\nok\r\n0\r\nnonsense\r\n\r\n',
};

describe('answers that are refused', () => {
  for (const [name, bytes] of Object.entries(MALFORMED)) {
    test(`${name}: 502, and the connection is not used again`, async (t) => {
      const { proxy, backend } = await oneBackend(t);
      const client = await proxy.connect();
      client.send(GET);
      const upstream = await backend.connection();
      await upstream.readThrough('\r\n\r\n');
      upstream.send(bytes);
      for (;;) {
        const response = await client.readResponse();
        if (response.status < 200) continue;
        assert.equal(response.status, 502);
        break;
      }
      assert.equal(proxy.records[0]?.reason, 'upstream_invalid');
      await upstream.waitForEnd();
      client.send(GET);
      const next = await backend.connection();
      await next.readThrough('\r\n\r\n');
      next.send(OK);
      assert.equal((await client.readResponse()).body, 'ok');
    });
  }

  for (const [name, bytes] of Object.entries(BROKEN)) {
    test(`${name} in a body: broken off`, async (t) => {
      const { proxy, backend } = await oneBackend(t);
      const client = await proxy.connect();
      client.send(GET);
      const upstream = await backend.connection();
      await upstream.readThrough('\r\n\r\n');
      upstream.send(`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n`);
      await client.waitFor('\r\n\r\n');
      upstream.send(bytes);
      await client.waitForClose();
      assert.ok(!client.received.endsWith('0\r\n\r\n'), client.received);
      assert.equal(proxy.records[0]?.reason, 'upstream_invalid');
    });
  }
});

describe('answers that end too soon', () => {
  test('nothing at all: 502', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(GET);
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    upstream.destroy();
    assert.equal((await client.readResponse()).status, 502);
    assert.equal(proxy.records[0]?.reason, 'upstream_reset');
  });

  test('part of a head: 502', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(GET);
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    upstream.send('HTTP/1.1 200 OK\r\ncontent-le');
    upstream.end();
    assert.equal((await client.readResponse()).status, 502);
  });

  const BODIES: Readonly<Record<string, string>> = {
    'a declared length': 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhello',
    chunks: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n',
  };
  for (const [name, bytes] of Object.entries(BODIES)) {
    test(`part of a body with ${name}: the client sees that it is not whole`, async (t) => {
      const { proxy, backend } = await oneBackend(t);
      const client = await proxy.connect();
      client.send(GET);
      const upstream = await backend.connection();
      await upstream.readThrough('\r\n\r\n');
      upstream.send(bytes);
      await client.waitFor('hello');
      upstream.end();
      await client.waitForClose();
      assert.ok(!client.received.includes('\r\n0\r\n'), client.received);
      assert.deepEqual(
        proxy.records.map(({ status, reason }) => ({ status, reason })),
        [{ status: 200, reason: 'upstream_reset' }],
      );
    });
  }

  test('a reset within a body that ends with the connection is passed on as a reset', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send('GET / HTTP/1.0\r\nHost: a.example\r\n\r\n');
    const upstream = await backend.connection();
    await upstream.readThrough('\r\n\r\n');
    upstream.send('HTTP/1.1 200 OK\r\n\r\nhello');
    await client.waitFor('hello');
    upstream.socket.resetAndDestroy();
    await client.waitForClose();
    assert.match(String(client.error), /ECONNRESET/);
  });
});

describe('unsolicited bytes', () => {
  test('after an answer: the connection is closed, and the next request gets a new one', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(GET);
    const first = await backend.connection();
    await first.readThrough('\r\n\r\n');
    first.send(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil`);
    assert.equal((await client.readResponse()).body, 'ok');
    client.send(GET);
    const second = await backend.connection();
    await second.readThrough('\r\n\r\n');
    second.send(OK);
    assert.equal((await client.readResponse()).body, 'ok');
    await first.waitForEnd();
  });

  test('on an idle connection: it is closed', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(GET);
    const first = await backend.connection();
    await first.readThrough('\r\n\r\n');
    first.send(OK);
    assert.equal((await client.readResponse()).body, 'ok');
    first.send('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
    await first.waitForEnd();
    client.send(GET);
    const second = await backend.connection();
    await second.readThrough('\r\n\r\n');
    second.send(OK);
    assert.equal((await client.readResponse()).body, 'ok');
  });

  test('a body on an answer to HEAD is not taken for the next answer', async (t) => {
    const { proxy, backend } = await oneBackend(t);
    const client = await proxy.connect();
    client.send(`HEAD / HTTP/1.1\r\nHost: a.example\r\n\r\n${GET}`);
    const first = await backend.connection();
    await first.readThrough('\r\n\r\n');
    first.send('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil');
    assert.equal((await client.readResponse({ noBody: true })).status, 200);
    const second = await backend.connection();
    await second.readThrough('\r\n\r\n');
    second.send(OK);
    assert.equal((await client.readResponse()).body, 'ok');
  });
});

test('fields of the connection stop at the gateway, both ways, and nothing else does', async (t) => {
  const { proxy, backend } = await oneBackend(t);
  const client = await proxy.connect();
  client.send(
    'GET / HTTP/1.1\r\nHost: a.example\r\nConnection: keep-alive, X-Drop, Host, Cookie, Authorization, Content-Length\r\n' +
      'X-Drop: 1\r\nX-Stay: 1\r\nCookie: c=1\r\nAuthorization: Basic x\r\nKeep-Alive: timeout=5\r\nTE: trailers\r\n' +
      'Proxy-Connection: keep-alive\r\nProxy: evil\r\nUpgrade: h2c\r\nHTTP2-Settings: x\r\nunder_score: 1\r\nunder-score: 2\r\n\r\n',
  );
  const upstream = await backend.connection();
  const head = (await upstream.readThrough('\r\n\r\n')).toLowerCase();
  for (const gone of [
    'connection:',
    'x-drop',
    'keep-alive',
    'te:',
    'proxy-connection',
    'proxy:',
    'upgrade',
    'http2-settings',
    'under_score',
  ]) {
    assert.ok(!head.includes(`\r\n${gone}`), `${gone} in ${head}`);
  }
  for (const stays of [
    'host: a.example',
    'x-stay: 1',
    'cookie: c=1',
    'authorization: basic x',
    'under-score: 2',
  ]) {
    assert.ok(head.includes(`\r\n${stays}\r\n`), `${stays} not in ${head}`);
  }
  upstream.send(
    'HTTP/1.1 200 OK\r\nConnection: X-Private, Set-Cookie\r\nX-Private: 1\r\nSet-Cookie: a=b\r\nKeep-Alive: timeout=5\r\n' +
      'Proxy-Connection: x\r\nUpgrade: h2c\r\nX-Sluice-Reason: forged\r\nX-Public: 1\r\ncontent-length: 2\r\n\r\nok',
  );
  const response = await client.readResponse();
  const names = response.headers.map(([name]) => name);
  assert.deepEqual(names, ['set-cookie', 'x-public', 'content-length']);
});
