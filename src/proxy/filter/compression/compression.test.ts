/** CompressionPolicies over real connections: what is compressed, what is not, and what happens when one side pauses or leaves. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { suite, test, type TestContext } from 'node:test';
import {
  brotliDecompressSync,
  createBrotliDecompress,
  createGunzip,
  createZstdDecompress,
  gunzipSync,
  gzipSync,
  zstdDecompressSync,
} from 'node:zlib';
import { testBackend, testConfig, type TestRule } from '../../../../test/support/gateway-config.ts';
import {
  exchangeOnce,
  HOST,
  type Received,
  type Sent,
  type Version,
} from '../../../../test/support/reply-client.ts';
import { ScriptedBackend, type Script } from '../../../../test/support/scripted-backend.ts';
import { TestProxy } from '../../../../test/support/test-proxy.ts';
import type { Coding, CompressionSettings, CompressionValue } from '../../../ir/compression.ts';
import type { Filter } from '../../../ir/filter.ts';
import { chooseCoding } from './choose-coding.ts';
import { compressorsInUse } from './compressors.ts';

const VERSIONS: readonly Version[] = ['HTTP/1.1', 'HTTP/2'];
const TEXT = JSON.stringify(
  Array.from({ length: 1_000 }, (_, id) => ({ id, name: `user ${String(id % 97)}` })),
);

const compression = (change: Partial<CompressionSettings> = {}): CompressionValue => ({
  kind: 'compression',
  settings: {
    encodings: [
      { coding: 'zstd', level: 3 },
      { coding: 'br', level: 4 },
      { coding: 'gzip', level: 1 },
    ],
    types: ['text/*', 'application/json', 'application/*+json'],
    minBytes: 1_024,
    ...change,
  },
  from: [],
});

const get = (encoding: string | null, fields: Sent['fields'] = []): Sent => ({
  method: 'GET',
  path: '/',
  fields: encoding === null ? fields : [['accept-encoding', encoding], ...fields],
});

const all = ({ fields }: Received, name: string): string[] =>
  fields.filter(([key]) => key === name).map(([, value]) => value);

async function serve(
  t: TestContext,
  script: Script,
  change: Partial<CompressionSettings> = {},
  rule: TestRule = {},
) {
  const backend = await ScriptedBackend.start(script);
  const config = testConfig({
    rules: [{ backends: [testBackend('a')], policies: [compression(change)], ...rule }],
    endpoints: { a: [backend.port] },
  });
  const proxy = await TestProxy.start(config);
  t.after(async () => {
    await proxy.stop();
    await backend.stop();
    assert.equal(compressorsInUse(), 0, 'every compressor is given back');
  });
  return proxy;
}

/** A whole response; HEAD gets its head. */
const responding =
  (fields: string, body: string | Buffer = TEXT, status = '200 OK'): Script =>
  async (connection) => {
    for (;;) {
      const head = await connection.readThrough('\r\n\r\n');
      if (head === '') return;
      const octets = Buffer.from(body as string);
      connection.send(`HTTP/1.1 ${status}\r\ncontent-length: ${String(octets.length)}\r\n${fields}\r\n`);
      if (!head.startsWith('HEAD')) connection.send(octets);
    }
  };

const JSON_TYPE = 'content-type: application/json\r\n';

const DECODERS: Readonly<Record<string, (octets: Buffer) => Buffer>> = {
  zstd: (octets) => zstdDecompressSync(octets),
  br: (octets) => brotliDecompressSync(octets),
  gzip: (octets) => gunzipSync(octets),
};

const decoded = (got: Received): string => {
  const [coding = ''] = all(got, 'content-encoding');
  const octets = Buffer.from(got.body, 'latin1');
  return (DECODERS[coding]?.(octets) ?? octets).toString();
};

suite('the coding of a client', () => {
  const OFFERED = ['zstd', 'br', 'gzip'] as const;
  const cases: readonly (readonly [accept: string | undefined, expected: string | null])[] = [
    [undefined, null],
    ['', null],
    ['gzip, deflate, br, zstd', 'zstd'],
    ['gzip, deflate, br', 'br'],
    ['gzip', 'gzip'],
    ['x-gzip', 'gzip'],
    ['GZIP', 'gzip'],
    ['deflate', null],
    ['br;q=0.9, gzip;q=1.0', 'gzip'],
    ['br;q=0.9, gzip;q=0.9', 'br'],
    ['gzip;q=0', null],
    ['*', 'zstd'],
    ['*;q=0.1, zstd;q=0', 'br'],
    ['*;q=0', null],
    ['identity', null],
    ['identity;q=1, gzip;q=0.5', null],
    ['identity;q=0.5, gzip;q=0.5', 'gzip'],
    ['identity;q=0', null],
    ['identity;q=0, gzip;q=0.001', 'gzip'],
    ['gzip ; q=0.5 , br ;q=0.4', 'gzip'],
    ['gzip;q=2, br;q=x, zstd;q=', null],
    ['gzip;q=0.0001', null],
    [`${'a,'.repeat(100)}gzip`, null],
  ];
  for (const [accept, expected] of cases) {
    test(`${accept?.slice(0, 40) ?? 'no field'} → ${expected ?? 'as it is'}`, () => {
      assert.equal(chooseCoding(accept, OFFERED), expected);
    });
  }
});

for (const version of VERSIONS) {
  suite(`responses over ${version}`, () => {
    for (const coding of ['zstd', 'br', 'gzip']) {
      test(`are compressed with ${coding}`, async (t) => {
        const fields = `${JSON_TYPE}etag: "v1"\r\naccept-ranges: bytes\r\ncontent-md5: x\r\n`;
        const proxy = await serve(t, responding(fields));
        const got = await exchangeOnce(proxy, version, get(coding));
        assert.deepEqual(all(got, 'content-encoding'), [coding]);
        assert.equal(decoded(got), TEXT);
        assert.ok(got.body.length < TEXT.length / 4);
        assert.deepEqual(all(got, 'etag'), ['W/"v1"']);
        assert.deepEqual(all(got, 'vary'), ['Accept-Encoding']);
        for (const name of ['content-length', 'accept-ranges', 'content-md5'])
          assert.deepEqual(all(got, name), []);
        assert.equal(proxy.records[0]?.responseBytes, got.body.length);
      });
    }

    test('vary also where they are sent as they are', async (t) => {
      const proxy = await serve(t, responding(`${JSON_TYPE}vary: Origin\r\netag: "v1"\r\n`));
      const got = await exchangeOnce(proxy, version, get(null));
      assert.equal(got.body, TEXT);
      assert.deepEqual(all(got, 'vary'), ['Origin', 'Accept-Encoding']);
      assert.deepEqual(all(got, 'etag'), ['"v1"']);
      assert.deepEqual(all(got, 'content-length'), [String(TEXT.length)]);
    });

    test('say once that they vary', async (t) => {
      const proxy = await serve(t, responding(`${JSON_TYPE}vary: accept-encoding, origin\r\n`));
      assert.deepEqual(all(await exchangeOnce(proxy, version, get('gzip')), 'vary'), [
        'accept-encoding, origin',
      ]);
    });

    const untouched: readonly (readonly [
      name: string,
      script: Script,
      change?: Partial<CompressionSettings>,
    ])[] = [
      ['already encoded', responding(`${JSON_TYPE}content-encoding: gzip\r\n`, gzipSync(TEXT))],
      ['of another type', responding('content-type: image/png\r\n')],
      ['without a type', responding('')],
      ['short', responding(JSON_TYPE, 'x'.repeat(1_023))],
      ['not to be transformed', responding(`${JSON_TYPE}cache-control: public, no-transform\r\n`)],
      ['a part', responding(`${JSON_TYPE}content-range: bytes 0-9/10\r\n`, TEXT, '206 Partial Content')],
      ['a stream of events', responding('content-type: text/event-stream\r\n')],
      ['of gRPC', responding('content-type: application/grpc+json\r\n'), { types: ['application/*+json'] }],
      [
        'of gRPC-Web',
        responding('content-type: application/grpc-web+json\r\n'),
        { types: ['application/*+json'] },
      ],
    ];
    for (const [name, script, change] of untouched) {
      test(`that are ${name} stay as they are`, async (t) => {
        const got = await exchangeOnce(await serve(t, script, change), version, get('gzip'));
        assert.notEqual(all(got, 'content-length')[0], undefined);
        const body = Buffer.from(got.body, 'latin1');
        assert.equal(String(body.length), all(got, 'content-length')[0]);
      });
    }

    test('to HEAD have the head of the response to GET, and no body', async (t) => {
      const proxy = await serve(t, responding(`${JSON_TYPE}etag: "v1"\r\n`));
      const got = await exchangeOnce(proxy, version, { ...get('gzip'), method: 'HEAD' });
      assert.deepEqual(
        [all(got, 'content-encoding'), all(got, 'etag'), got.body],
        [['gzip'], ['W/"v1"'], ''],
      );
      assert.deepEqual(all(got, 'content-length'), []);
      assert.ok(got.endedWithHead);
    });

    test('that are not modified have the weak ETag of the compressed one', async (t) => {
      const script: Script = async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send('HTTP/1.1 304 Not Modified\r\netag: "v1"\r\n\r\n');
      };
      const compressed = await exchangeOnce(await serve(t, script), version, get('gzip'));
      assert.deepEqual([compressed.status, all(compressed, 'etag')], [304, ['W/"v1"']]);
      assert.deepEqual(all(compressed, 'vary'), ['Accept-Encoding']);
      assert.deepEqual(all(compressed, 'content-encoding'), []);
      const plain = await exchangeOnce(await serve(t, script), version, get(null));
      assert.deepEqual(all(plain, 'etag'), ['"v1"']);
    });

    test('of the gateway itself are compressed too, and empty ones', async (t) => {
      const direct: Filter = {
        kind: 'direct-response',
        status: 404,
        headers: [],
        body: { text: TEXT, contentType: 'application/json' },
      };
      const proxy = await serve(t, responding(JSON_TYPE), {}, { filters: [direct] });
      const got = await exchangeOnce(proxy, version, get('br'));
      assert.deepEqual([got.status, all(got, 'content-encoding'), decoded(got)], [404, ['br'], TEXT]);
      const script: Script = async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}transfer-encoding: chunked\r\n\r\n0\r\n\r\n`);
      };
      assert.equal(decoded(await exchangeOnce(await serve(t, script), version, get('zstd'))), '');
    });

    test('keep their trailers', async (t) => {
      const script: Script = async (connection) => {
        await connection.readThrough('\r\n\r\n');
        connection.send(
          `HTTP/1.1 200 OK\r\n${JSON_TYPE}trailer: x-sum\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-sum: 7\r\n\r\n`,
        );
      };
      const proxy = await serve(t, script);
      const client = await proxy.connect();
      client.send(
        `GET / HTTP/1.1\r\nhost: ${HOST}\r\naccept-encoding: gzip\r\nte: trailers\r\nconnection: te\r\n\r\n`,
      );
      assert.match(await client.readThrough('x-sum: 7\r\n'), /content-encoding: gzip/);
      client.destroy();
    });
  });
}

suite('streams', () => {
  /** `first` is to arrive before the backend says more. */
  async function arrivesAtOnce(
    t: TestContext,
    type: string,
    first: string,
    change: Partial<CompressionSettings>,
  ) {
    const more = Promise.withResolvers<undefined>();
    const script: Script = async (connection) => {
      await connection.readThrough('\r\n\r\n');
      const size = first.length.toString(16);
      connection.send(
        `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n${size}\r\n${first}\r\n`,
      );
      await more.promise;
      connection.send('4\r\nlast\r\n0\r\n\r\n');
    };
    const proxy = await serve(t, script, change);
    const client = await proxy.connect();
    client.send(`GET / HTTP/1.1\r\nhost: ${HOST}\r\naccept-encoding: *\r\n\r\n`);
    await client.readThrough('\r\n\r\n');
    const { coding = 'gzip' } = change.encodings?.[0] ?? {};
    assert.equal(await firstText(client, coding), first);
    more.resolve(undefined);
    await client.waitFor(/\r\n0\r\n\r\n$/);
    client.destroy();
  }

  for (const coding of ['zstd', 'br', 'gzip'] as const) {
    test(`are flushed when the backend pauses, with ${coding}`, async (t) => {
      await arrivesAtOnce(t, 'text/plain', 'first', { encodings: [{ coding, level: 3 }] });
    });
  }

  test('of events are flushed event by event where the policy names them', async (t) => {
    const encodings = [{ coding: 'gzip', level: 1 }] as const;
    await arrivesAtOnce(t, 'text/event-stream', 'data: 1\n\n', { encodings, types: ['text/event-stream'] });
  });

  test('that break off are not ended: the client sees that the rest is missing', async (t) => {
    const script: Script = async (connection) => {
      await connection.readThrough('\r\n\r\n');
      connection.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}content-length: 100000\r\n\r\n${TEXT.slice(0, 5_000)}`);
      connection.destroy();
    };
    const proxy = await serve(t, script);
    const client = await proxy.connect();
    client.send(`GET / HTTP/1.1\r\nhost: ${HOST}\r\naccept-encoding: gzip\r\n\r\n`);
    await client.waitForEnd();
    assert.doesNotMatch(client.received, /\r\n0\r\n\r\n$/);
    assert.equal(proxy.records[0]?.reason, 'upstream_reset');
  });

  test('whose client leaves give their compressor back, and cancel the backend', async (t) => {
    const isClosed = Promise.withResolvers<undefined>();
    const script: Script = async (connection) => {
      await connection.readThrough('\r\n\r\n');
      connection.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n`);
      await connection.waitForEnd();
      isClosed.resolve(undefined);
    };
    const proxy = await serve(t, script);
    const session = connect(`http://127.0.0.1:${String(proxy.port)}`);
    const stream = session.request({ ':path': '/', 'accept-encoding': 'gzip' });
    await once(stream, 'data');
    assert.equal(compressorsInUse(), 1);
    session.destroy();
    await isClosed.promise;
    assert.equal(compressorsInUse(), 0);
  });

  const NOISE = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7919 * (at % 251)) & 0xff));

  test('that are long arrive whole over HTTP/1.1', async (t) => {
    const proxy = await serve(t, responding('content-type: text/plain\r\n', NOISE));
    const got = await exchangeOnce(proxy, 'HTTP/1.1', get('gzip'));
    assert.ok(gunzipSync(Buffer.from(got.body, 'latin1')).equals(NOISE));
  });

  test('that are long arrive whole over HTTP/2, however slowly they are read', async (t) => {
    const proxy = await serve(t, responding('content-type: text/plain\r\n', NOISE));
    const session = connect(`http://127.0.0.1:${String(proxy.port)}`);
    const stream = session.request({ ':path': '/', 'accept-encoding': 'gzip' });
    const chunks: Buffer[] = [];
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      stream.pause();
      setImmediate(() => stream.resume());
    });
    await once(stream, 'end');
    session.destroy();
    assert.ok(gunzipSync(Buffer.concat(chunks)).equals(NOISE));
  });
});

test('a WebSocket is no content: nothing of it is compressed', async (t) => {
  const script: Script = async (connection) => {
    await connection.readThrough('\r\n\r\n');
    connection.send(
      'HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\ncontent-type: text/plain\r\n\r\nhello',
    );
    await connection.waitForEnd();
  };
  const proxy = await serve(t, script, { minBytes: 0 });
  const client = await proxy.connect();
  client.send(
    `GET / HTTP/1.1\r\nhost: ${HOST}\r\naccept-encoding: gzip\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
  );
  const head = await client.readThrough('\r\n\r\n');
  assert.match(head, /^HTTP\/1\.1 101/);
  assert.doesNotMatch(head, /content-encoding|vary/i);
  await client.waitFor(/^hello$/);
  client.destroy();
});

test('over the limit of compressors, responses are sent as they are', async (t) => {
  const more = Promise.withResolvers<undefined>();
  const script: Script = async (connection) => {
    await connection.readThrough('\r\n\r\n');
    connection.send(`HTTP/1.1 200 OK\r\n${JSON_TYPE}transfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n`);
    await more.promise;
    connection.send('0\r\n\r\n');
  };
  const proxy = await serve(t, script, { encodings: [{ coding: 'gzip', level: 1 }] });
  const clients = await Promise.all(Array.from({ length: 130 }, () => proxy.connect()));
  const heads = await Promise.all(
    clients.map((client) => {
      client.send(`GET / HTTP/1.1\r\nhost: ${HOST}\r\naccept-encoding: gzip\r\n\r\n`);
      return client.readThrough('\r\n\r\n');
    }),
  );
  assert.equal(heads.filter((head) => /content-encoding: gzip/i.test(head)).length, 128);
  assert.equal(heads.filter((head) => /vary: accept-encoding/i.test(head)).length, 130);
  more.resolve(undefined);
  await Promise.all(clients.map((client) => client.waitFor(/0\r\n\r\n$/)));
  for (const client of clients) client.destroy();
});

/** The text that the first chunks of a body give before its end. */
async function firstText(client: Awaited<ReturnType<TestProxy['connect']>>, coding: Coding): Promise<string> {
  const decoder = { zstd: createZstdDecompress, br: createBrotliDecompress, gzip: createGunzip }[coding]();
  let text = '';
  decoder.on('data', (octets: Buffer) => {
    text += octets.toString();
  });
  while (text === '') {
    const size = Number.parseInt(await client.readThrough('\r\n'), 16);
    const octets = await client.readBytes(size);
    await client.readThrough('\r\n');
    await new Promise((resolve) => decoder.write(octets, resolve));
  }
  decoder.destroy();
  return text;
}
