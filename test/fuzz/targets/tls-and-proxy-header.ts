/** What comes before a connection's protocol: the ClientHello and the PROXY header. */
import assert from 'node:assert/strict';
import { ClientHelloReader } from '../../../src/proxy/net/client-hello.ts';
import { readProxyHeader, type ProxyHeaderResult } from '../../../src/proxy/net/proxy-protocol.ts';
import {
  alpnExtension,
  helloMessage,
  records,
  serverNameExtension,
  uint16,
  vector16,
  type HelloExtension,
} from '../../support/client-hello.ts';
import type { Random } from '../../support/random.ts';
import type { FuzzTarget } from '../target.ts';

const GREASE: HelloExtension = { type: 0x0a0a, data: Buffer.alloc(0) };

function extension(random: Random): HelloExtension {
  const noise = Buffer.alloc(random.below(20), random.below(256));
  return random.pick<HelloExtension>([
    serverNameExtension(random.pick(['a.example', 'A.EXAMPLE.', '', 'a..b', '*.example', 'x'.repeat(300)])),
    alpnExtension(random.pick([['h2', 'http/1.1'], ['http/1.1'], [''], ['x'.repeat(255)]])),
    { type: random.pick([0, 16, 43, 51, 0xfe0d, 65_535]), data: noise },
    { type: 0, data: vector16(noise) },
    GREASE,
  ]);
}

const hello = (random: Random): Buffer =>
  records(
    helloMessage({
      sessionId: Buffer.alloc(random.pick([0, 32, 33]), 1),
      suites: random.chance(0.95) ? [0x0a0a, 0x1301, 0xc02f] : [],
      extensions: random.chance(0.05)
        ? null
        : Array.from({ length: random.below(6) }, () => extension(random)),
    }),
    Array.from({ length: random.below(4) }, () => 1 + random.below(200)),
  );

export const clientHello: FuzzTarget = {
  name: 'client-hello',
  corpus: [
    records(helloMessage({ extensions: null })),
    records(helloMessage({ extensions: [GREASE, serverNameExtension('a.example'), alpnExtension(['h2'])] })),
    records(helloMessage({ extensions: [serverNameExtension('a.example')] }), [1, 2, 3, 40]),
    records(
      helloMessage({ extensions: [{ type: 51, data: Buffer.alloc(1_200, 3) }, serverNameExtension('b')] }),
    ),
  ],
  dictionary: [
    Buffer.of(22, 3, 1),
    Buffer.of(22, 3, 1, 0, 0),
    Buffer.of(21, 3, 1, 0, 2, 1, 0),
    Buffer.of(0, 0),
    Buffer.of(0xff, 0xff),
    uint16(16_385),
    serverNameExtension('b.example').data,
    Buffer.from('GET / HTTP/1.1\r\n'),
  ],
  generate: hello,
  outcomeOf(reads) {
    const reader = new ClientHelloReader();
    let result = JSON.stringify({ kind: 'incomplete' });
    let bytes = 0;
    for (const read of reads) {
      const next = JSON.stringify(reader.push(Buffer.from(read), read.length));
      bytes += read.length;
      if (!result.includes('incomplete')) assert.equal(next, result, 'changed its mind');
      result = next;
      assert.equal(reader.bytes.length, bytes, 'lost bytes that are to be passed on');
    }
    return result;
  },
};

const V2 = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');

function version2(command: number, family: number, payload: Buffer, length = payload.length): Buffer {
  return Buffer.concat([V2, Buffer.of(command, family), uint16(length), payload]);
}

const ADDRESSES = [
  '192.0.2.1',
  '2001:db8::1',
  '256.1.1.1',
  '::ffff:192.0.2.1',
  '1.2.3',
  '',
  '01.2.3.4',
  ':::',
];
const PORTS = ['443', '0', '65535', '65536', '-1', '01', ''];

function proxyHeaderText(random: Random): Buffer {
  if (random.chance(0.5)) {
    const words = [
      'PROXY',
      random.pick(['TCP4', 'TCP6', 'UNKNOWN', 'UDP4', '']),
      random.pick(ADDRESSES),
      random.pick(ADDRESSES),
      random.pick(PORTS),
      random.pick(PORTS),
    ];
    return Buffer.from(`${words.join(random.chance(0.95) ? ' ' : '  ')}\r\nrest`);
  }
  const payload = Buffer.alloc(random.pick([0, 11, 12, 13, 15, 36, 39, 216, 240]), random.below(256));
  const length = random.chance(0.8) ? payload.length : random.pick([0, 12, 16_369, 65_535]);
  return version2(
    random.pick([0x20, 0x21, 0x22, 0x11]),
    random.pick([0, 0x11, 0x21, 0x31, 0x12, 0x41]),
    payload,
    length,
  );
}

const isSettled = ({ kind }: ProxyHeaderResult): boolean => kind !== 'incomplete';

export const proxyHeader: FuzzTarget = {
  name: 'proxy-header',
  corpus: [
    Buffer.from('PROXY TCP4 192.0.2.1 192.0.2.2 1234 443\r\nGET / HTTP/1.1\r\n\r\n'),
    Buffer.from('PROXY TCP6 2001:db8::1 ::1 65535 0\r\n'),
    Buffer.from('PROXY UNKNOWN anything at all\r\n'),
    version2(0x21, 0x11, Buffer.of(192, 0, 2, 1, 192, 0, 2, 2, 4, 210, 1, 187)),
    version2(0x21, 0x21, Buffer.concat([Buffer.alloc(36, 1), Buffer.of(4, 0, 1, 9)])),
    version2(0x20, 0, Buffer.alloc(0)),
  ],
  dictionary: [
    V2,
    Buffer.from('PROXY '),
    Buffer.from('\r\n'),
    Buffer.from(' TCP6 '),
    Buffer.of(0x21, 0x11, 0, 12),
  ],
  generate: proxyHeaderText,
  outcomeOf(reads) {
    let received: Buffer = Buffer.alloc(0);
    let result: ProxyHeaderResult = { kind: 'incomplete' };
    for (const read of reads) {
      received = Buffer.concat([received, read]);
      const next = readProxyHeader(received);
      if (isSettled(result)) assert.deepEqual(next, result, 'changed its mind');
      result = next;
    }
    if (result.kind === 'header') assert.ok(result.length <= received.length);
    return JSON.stringify(result);
  },
};
