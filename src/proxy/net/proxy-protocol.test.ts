import assert from 'node:assert/strict';
import test from 'node:test';
import fc from 'fast-check';
import { formatIp } from '../../lib/ip-address.ts';
import {
  MAX_PROXY_HEADER_BYTES,
  readProxyHeader,
  writeProxyHeader,
  type ProxiedPeers,
  type ProxyHeaderResult,
} from './proxy-protocol.ts';

const SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

function v1(line: string): ProxyHeaderResult {
  return readProxyHeader(Buffer.from(`${line}\r\n`, 'latin1'));
}

function v2(command: number, transport: number, payload: readonly number[]): Buffer {
  const head = [command, transport, payload.length >> 8, payload.length & 0xff];
  return Buffer.concat([SIGNATURE, Buffer.from([...head, ...payload])]);
}

function detail(result: ProxyHeaderResult): string {
  return result.kind === 'malformed' ? result.detail : assert.fail(`read as ${result.kind}`);
}

const BYTE = fc.nat(255);
const ipv4 = fc.array(BYTE, { minLength: 4, maxLength: 4 }).map(formatIp);
// The first group is not 0, so that no address is an IPv4-mapped one, which comes back as IPv4.
const ipv6 = fc.array(BYTE, { minLength: 15, maxLength: 15 }).map((bytes) => formatIp([32, ...bytes]));
const port = fc.nat(65_535);
const peersOf = (address: fc.Arbitrary<string>): fc.Arbitrary<ProxiedPeers> => {
  const side = fc.record({ address, port }, { noNullPrototype: true });
  return fc.record({ source: side, destination: side }, { noNullPrototype: true });
};

test('what is written is read back, whatever follows it and however it is split', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('v1', 'v2'),
      fc.oneof(peersOf(ipv4), peersOf(ipv6)),
      fc.uint8Array({ maxLength: 20 }),
      (version, peers, rest) => {
        const header = writeProxyHeader(version, peers);
        const bytes = Buffer.concat([header, rest]);
        assert.deepEqual(readProxyHeader(bytes), { kind: 'header', length: header.length, peers });
        for (let length = 0; length < header.length; length++) {
          assert.equal(readProxyHeader(bytes.subarray(0, length)).kind, 'incomplete');
        }
      },
    ),
  );
});

test('peers of two families are written as one', () => {
  const peers: ProxiedPeers = {
    source: { address: '10.0.0.1', port: 1 },
    destination: { address: '2001:db8::1', port: 2 },
  };
  assert.equal(writeProxyHeader('v1', peers).toString(), 'PROXY TCP6 ::ffff:10.0.0.1 2001:db8::1 1 2\r\n');
  for (const version of ['v1', 'v2'] as const) {
    const read = readProxyHeader(writeProxyHeader(version, peers));
    assert.deepEqual(read.kind === 'header' && read.peers, peers);
  }
});

test('a connection of the gateway itself is LOCAL or UNKNOWN', () => {
  assert.equal(writeProxyHeader('v1', null).toString(), 'PROXY UNKNOWN\r\n');
  const local = writeProxyHeader('v2', null);
  assert.deepEqual(local, v2(0x20, 0, []));
  assert.deepEqual(readProxyHeader(local), { kind: 'header', length: 16, peers: null });
});

test('version 1: headers without a client', () => {
  for (const line of ['PROXY UNKNOWN', 'PROXY UNKNOWN ffff:f...f:ffff any thing 1']) {
    assert.deepEqual(v1(line), { kind: 'header', length: line.length + 2, peers: null });
  }
});

test('version 1: strict', () => {
  const bad = ['PROXY ', 'PROXY TCP4', 'PROXY TCP5 1.1.1.1 2.2.2.2 1 2', 'PROXY  TCP4 1.1.1.1 2.2.2.2 1 2'];
  bad.push(
    'PROXY TCP4 1.1.1.1 2.2.2.2 1',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 3',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 2 ',
  );
  bad.push(
    'PROXY TCP4 1.1.1.1 2.2.2.2 01 2',
    'PROXY TCP4 1.1.1.1 2.2.2.2 1 65536',
    'PROXY TCP4 1.1.1 2.2.2.2 1 2',
  );
  bad.push('PROXY TCP4 1.1.1.1 2.2.2.2 -1 2', 'PROXY TCP4 1.1.1.1 2.2.2.2 +1 2', 'PROXY TCP4 ::1 ::1 1 2');
  bad.push(
    'PROXY TCP6 1.1.1.1 2.2.2.2 1 2',
    'PROXY TCP6 ::1 fe80::1%eth0 1 2',
    'PROXY tcp4 1.1.1.1 2.2.2.2 1 2',
  );
  for (const line of bad) assert.equal(v1(line).kind, 'malformed', line);
  assert.match(detail(readProxyHeader(Buffer.from(`PROXY UNKNOWN ${'x'.repeat(100)}`))), /within 107/);
  // A lone LF does not end the line; nothing of it may be taken for the header.
  assert.equal(readProxyHeader(Buffer.from('PROXY TCP4 1.1.1.1 2.2.2.2 1 2\n')).kind, 'incomplete');
});

test('version 2: TLVs are stepped over, truncated ones refused', () => {
  const addresses = [10, 0, 0, 1, 10, 0, 0, 2, 0, 80, 1, 187];
  const tlv = [0x02, 0, 3, 1, 2, 3, 0xea, 0, 0];
  const read = readProxyHeader(v2(0x21, 0x11, [...addresses, ...tlv]));
  assert.deepEqual(read, {
    kind: 'header',
    length: 16 + 12 + 9,
    peers: { source: { address: '10.0.0.1', port: 80 }, destination: { address: '10.0.0.2', port: 443 } },
  });
  for (const cut of [[0x02], [0x02, 0], [0x02, 0, 2, 1]]) {
    assert.match(detail(readProxyHeader(v2(0x21, 0x11, [...addresses, ...cut]))), /truncated TLV/);
  }
});

test('version 2: LOCAL, unspecified and Unix peers keep the address of the connection', () => {
  const unix = new Array<number>(216).fill(0);
  for (const bytes of [v2(0x20, 0x11, [1, 2]), v2(0x21, 0x00, []), v2(0x21, 0x31, unix)]) {
    assert.deepEqual(readProxyHeader(bytes), { kind: 'header', length: bytes.length, peers: null });
  }
});

test('version 2: strict', () => {
  assert.match(detail(readProxyHeader(v2(0x11, 0x11, []))), /version or command/);
  assert.match(detail(readProxyHeader(v2(0x22, 0x11, []))), /version or command/);
  assert.match(detail(readProxyHeader(v2(0x21, 0x41, []))), /family or protocol/);
  assert.match(detail(readProxyHeader(v2(0x21, 0x13, []))), /family or protocol/);
  assert.match(detail(readProxyHeader(v2(0x21, 0x11, [1, 2]))), /no room/);
  const long = v2(0x21, 0x11, []);
  long.writeUInt16BE(MAX_PROXY_HEADER_BYTES, 14);
  assert.match(detail(readProxyHeader(long)), /longer than/);
});

test('an IPv4-mapped client is the IPv4 one', () => {
  const mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 10, 0, 0, 9];
  const read = readProxyHeader(v2(0x21, 0x21, [...mapped, ...mapped, 0, 1, 0, 2]));
  assert.equal(read.kind === 'header' && read.peers?.source.address, '10.0.0.9');
});

test('other protocols are told apart by their first differing byte', () => {
  assert.equal(readProxyHeader(Buffer.from('')).kind, 'incomplete');
  assert.equal(readProxyHeader(Buffer.from('P')).kind, 'incomplete');
  assert.equal(readProxyHeader(Buffer.from('POST / HTTP/1.1\r\n')).kind, 'absent');
  assert.equal(readProxyHeader(Buffer.from('\r\n\r\nGET /')).kind, 'absent');
  assert.equal(readProxyHeader(Buffer.from('PROXYTCP4')).kind, 'absent');
});

test('any bytes: no exception, and no answer is taken back when more arrive', () => {
  const start = fc.constantFrom(Buffer.from('PROXY '), SIGNATURE, Buffer.alloc(0));
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 300 }), (head, rest) => {
      const bytes = Buffer.concat([head, rest]);
      const whole = readProxyHeader(bytes);
      for (let length = 0; length < bytes.length; length++) {
        const part = readProxyHeader(bytes.subarray(0, length));
        if (part.kind !== 'incomplete') assert.deepEqual(part, whole);
      }
    }),
    { numRuns: 500 },
  );
});
