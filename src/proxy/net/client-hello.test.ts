import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import {
  alpnExtension,
  helloMessage,
  realHello,
  records,
  serverNameExtension,
  uint16,
  vector16,
  type HelloExtension,
} from '../../../test/support/client-hello.ts';
import { ClientHelloReader, MAX_CLIENT_HELLO_BYTES, type ClientHelloResult } from './client-hello.ts';

function readWhole(bytes: Buffer): ClientHelloResult {
  return new ClientHelloReader().push(bytes, bytes.length);
}

/** Pushes `bytes` in the given sizes (the last one takes the rest) through one reused buffer, as sockets do. */
function readSplit(bytes: Buffer, sizes: readonly number[]): ClientHelloResult {
  const reader = new ClientHelloReader();
  const shared = Buffer.alloc(bytes.length + 1);
  let result: ClientHelloResult = { kind: 'incomplete' };
  let at = 0;
  for (let index = 0; at < bytes.length; index++) {
    const size = Math.max(1, Math.min(sizes[index] ?? bytes.length, bytes.length - at));
    shared.fill(0xee);
    bytes.copy(shared, 0, at, at + size);
    at += size;
    result = reader.push(shared, size);
    assert.deepEqual(reader.bytes, bytes.subarray(0, at));
  }
  return result;
}

function detail(bytes: Buffer): string {
  const result = readWhole(bytes);
  return result.kind === 'malformed' ? result.detail : assert.fail(`read as ${result.kind}`);
}

function withServerName(list: Buffer): Buffer {
  return records(helloMessage({ extensions: [{ type: 0, data: list }] }));
}

test('the hello of a real client, at every split in two', async () => {
  const bytes = await realHello({ servername: 'Shop.Example', ALPNProtocols: ['h2', 'http/1.1'] });
  const expected = { kind: 'hello', hello: { serverName: 'shop.example', alpn: ['h2', 'http/1.1'] } };
  for (let at = 1; at < bytes.length; at++) {
    assert.equal(readWhole(bytes.subarray(0, at)).kind, 'incomplete');
    assert.deepEqual(readSplit(bytes, [at]), expected);
  }
  assert.deepEqual(readSplit(bytes, new Array<number>(bytes.length).fill(1)), expected);
});

test('a real client without SNI, and one that speaks TLS 1.2 only', async () => {
  assert.deepEqual(readWhole(await realHello({})), { kind: 'hello', hello: { serverName: null, alpn: [] } });
  const old = await realHello({ servername: 'a.example', maxVersion: 'TLSv1.2' });
  assert.deepEqual(readWhole(old), { kind: 'hello', hello: { serverName: 'a.example', alpn: [] } });
});

test('a hello without any extension has no name', () => {
  const bytes = records(helloMessage({ extensions: null }));
  assert.deepEqual(readWhole(bytes), { kind: 'hello', hello: { serverName: null, alpn: [] } });
});

test('GREASE and encrypted ClientHello are stepped over: the outer name counts', () => {
  const extensions: HelloExtension[] = [
    { type: 0x0a0a, data: Buffer.alloc(0) },
    { type: 0xfe0d, data: Buffer.alloc(300, 1) },
    serverNameExtension('public.example'),
    { type: 0xfafa, data: Buffer.from([0]) },
  ];
  const result = readWhole(records(helloMessage({ extensions, suites: [0x4a4a, 0x1301] })));
  assert.equal(result.kind === 'hello' && result.hello.serverName, 'public.example');
});

test('a hello larger than one record, with the bytes that follow it kept', () => {
  const big = { type: 41, data: Buffer.alloc(40_000, 5) };
  const bytes = records(helloMessage({ extensions: [big, serverNameExtension('big.example')] }));
  assert.ok(bytes.length > 2 * 16_384);
  const reader = new ClientHelloReader();
  const more = Buffer.concat([bytes, Buffer.from('early data')]);
  const result = reader.push(more, more.length);
  assert.equal(result.kind === 'hello' && result.hello.serverName, 'big.example');
  assert.deepEqual(reader.bytes, more);
});

const NAME = fc.stringMatching(/^[a-z0-9_-]{1,20}(\.[a-z0-9_-]{1,20}){0,4}$/);
const HELLO = fc.record({
  name: fc.option(NAME),
  alpn: fc.option(fc.array(fc.stringMatching(/^[a-z0-9./]{1,12}$/), { minLength: 1, maxLength: 4 })),
  others: fc.uniqueArray(
    fc.record({ type: fc.integer({ min: 17, max: 65_535 }), size: fc.integer({ min: 0, max: 3_000 }) }),
    { maxLength: 6, selector: (other) => other.type },
  ),
  sessionId: fc.integer({ min: 0, max: 32 }),
  records: fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 30 }),
  segments: fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 40 }),
});

test('any hello is read the same over any split of records and segments', () => {
  fc.assert(
    fc.property(HELLO, (shape) => {
      const extensions: HelloExtension[] = shape.others.map(({ type, size }) => ({
        type,
        data: Buffer.alloc(size, type),
      }));
      if (shape.name !== null) extensions.push(serverNameExtension(shape.name));
      if (shape.alpn !== null) extensions.unshift(alpnExtension(shape.alpn));
      const message = helloMessage({ extensions, sessionId: Buffer.alloc(shape.sessionId) });
      const bytes = records(message, shape.records);
      assert.deepEqual(readSplit(bytes, shape.segments), {
        kind: 'hello',
        hello: { serverName: shape.name, alpn: shape.alpn ?? [] },
      });
    }),
    { numRuns: 300 },
  );
});

test('any bytes: no exception, and the same answer over any split', () => {
  const valid = records(helloMessage({ extensions: [serverNameExtension('a.example')] }));
  const flips = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 4 });
  const mutated = flips.map((edits) => {
    const bytes = Buffer.from(valid);
    for (const [at, value] of edits) bytes.writeUInt8(value, at);
    return bytes;
  });
  const noise = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes));
  const segments = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 20 });
  fc.assert(
    fc.property(fc.oneof(mutated, noise), segments, (bytes, sizes) => {
      if (bytes.length > 0) assert.deepEqual(readSplit(bytes, sizes), readWhole(bytes));
    }),
    { numRuns: 1_000 },
  );
});

test('another protocol is known by its first bytes', () => {
  assert.equal(readWhole(Buffer.from('G')).kind, 'not-tls');
  assert.equal(readWhole(Buffer.from('GET / HTTP/1.1\r\n')).kind, 'not-tls');
  assert.equal(readWhole(Buffer.from([22, 2])).kind, 'not-tls');
  // A hello in the form of SSL 2.
  assert.equal(readWhole(Buffer.from([0x80, 0x2e, 1, 3, 1])).kind, 'not-tls');
});

test('what is no ClientHello is refused with what is wrong', () => {
  const valid = records(helloMessage({ extensions: [serverNameExtension('a.example')] }));
  const other = Buffer.from(valid);
  other.writeUInt8(2, 5);
  assert.match(detail(other), /not a ClientHello/);
  assert.match(detail(Buffer.from([22, 3, 1, 0, 0])), /empty handshake record/);
  assert.match(detail(Buffer.from([22, 3, 1, 0x40, 1])), /longer than 16,384/);
  const alert = Buffer.from([21, 3, 1, 0, 2, 2, 40]);
  const split = records(helloMessage(), [10, 10]);
  assert.match(detail(Buffer.concat([split.subarray(0, 15), alert])), /another type interrupts/);
  assert.match(detail(records(helloMessage({ suites: [] }))), /cipher suites/);
  assert.match(detail(records(helloMessage({ sessionId: Buffer.alloc(33) }))), /truncated/);
  const twice = [serverNameExtension('a.example'), serverNameExtension('b.example')];
  assert.match(detail(records(helloMessage({ extensions: twice }))), /repeated extension/);
});

test('server names that no name can be are refused', () => {
  for (const name of [
    '',
    'a..b',
    '.a',
    'a b',
    'a\0.example',
    'a.example\r\n',
    '*.example',
    'é',
    'a'.repeat(256),
  ]) {
    const bytes = records(helloMessage({ extensions: [serverNameExtension(name)] }));
    assert.match(detail(bytes), /bad server name/, JSON.stringify(name));
  }
  const entry = (type: number, name: string): Buffer =>
    Buffer.concat([Buffer.from([type]), vector16(Buffer.from(name))]);
  assert.match(detail(withServerName(vector16(entry(1, 'a.example')))), /bad server name/);
  const two = Buffer.concat([entry(0, 'a.example'), entry(0, 'b.example')]);
  assert.match(detail(withServerName(vector16(two))), /bad server name/);
  assert.match(detail(withServerName(uint16(0))), /bad server name/);
  const dotted = readWhole(records(helloMessage({ extensions: [serverNameExtension('A.Example.')] })));
  assert.equal(dotted.kind === 'hello' && dotted.hello.serverName, 'a.example');
});

test('a hello that announces too much, or comes in crumbs, is given up', () => {
  const huge = Buffer.from([22, 3, 1, 0, 4, 1, 0, 0, 0]);
  huge.writeUIntBE(MAX_CLIENT_HELLO_BYTES + 1, 6, 3);
  assert.equal(readWhole(huge).kind, 'too-large');
  const large = helloMessage({ extensions: [{ type: 41, data: Buffer.alloc(60_000) }] });
  assert.equal(readWhole(records(large)).kind, 'hello');
  assert.equal(readWhole(records(large, new Array<number>(60_000).fill(1))).kind, 'too-large');
});
