/** Peers that send arbitrary data: only the offending peer is disconnected; the others are unaffected. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { emptyConfig } from '../../test/support/gateway-config.ts';
import { gatewayDataPlane } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { encodeAck, followConfig, type DataPlane } from './client.ts';
import { FleetReporter, receiveReports } from './fleet-relay.ts';
import { Fleet } from './fleet.ts';
import { encodeFrame, FrameReader } from './frames.ts';
import { fromProxy, MESSAGE_LENGTH } from './messages.ts';
import { newestOf, OUR_VERSIONS } from './versions.ts';
import type { Ack, FleetReport } from './protocol.ts';
import { createConfigServer, WORKER_LIMITS } from './server.ts';

const WEB = gatewayDataPlane({ namespace: 'default', name: 'web' });
const web = (version: string): GatewayConfig => emptyConfig('web', { version });
const PROTOCOL = newestOf(OUR_VERSIONS.protocols);
const HELLO = { kind: 'hello', protocol: PROTOCOL, ...OUR_VERSIONS, name: 'evil' };
const ACK = { kind: 'ack', revision: 1, ports: [], refused: [], problems: [] };

/** JSON that looks like a message often enough to get past the first checks. */
const member = fc.constantFrom(
  'kind',
  'revision',
  'ports',
  'refused',
  'problems',
  'dataPlane',
  'message',
  'error',
);
const json = fc.letrec<{ value: unknown; scalar: unknown }>((tie) => ({
  scalar: fc.oneof(
    fc.constantFrom('ack', 'hello', 'fleet', 'update', String(WEB), null, 1, -1, 0.5, 1e300),
    fc.jsonValue({ maxDepth: 1 }),
  ),
  value: fc.oneof(
    { maxDepth: 4 },
    tie('scalar'),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(member, tie('value'), { maxKeys: 6 }),
  ),
})).value;
/** A valid acknowledgment with some members replaced. */
const almostAck = fc.dictionary(fc.constantFrom('ports', 'refused', 'problems', 'revision'), json);

interface Bench {
  readonly fleet: Fleet;
  readonly attach: () => Duplex;
  readonly publish: (version: string) => void;
}

function bench(): Bench {
  const fleet = new Fleet({ logger: SILENT_LOGGER, onPeerChange: () => undefined, maxStreams: () => 4 });
  return {
    fleet,
    attach() {
      const [ours, theirs] = duplexPair();
      fleet.attachTo(WEB, 'uid', ours);
      // An in-memory pair does not report that its other end closed.
      ours.once('close', () => theirs.destroy());
      return theirs.on('error', () => undefined);
    },
    publish: (version) => void fleet.publish([web(version)]),
  };
}

/** The controller's whole view of its proxies. */
function look({ fleet }: Bench): void {
  for (const { ports, problems, refused } of fleet.proxiesOf(WEB)) {
    for (const { error } of ports) assert.equal(typeof (error ?? ''), 'string');
    for (const { message } of problems) assert.equal(typeof message, 'string');
    assert.equal(typeof (refused ?? ''), 'string');
  }
  fleet.report('replica');
}

const nextTurn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

const NO_CHANGES: DataPlane = {
  apply: () => Promise.resolve({ ports: [], problems: [] }),
  applyEndpoints: () => undefined,
};

suite('hostile peers', () => {
  test('any JSON after hello: the controller accepts it or disconnects the proxy, and keeps running', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(json, almostAck), async (message) => {
        const made = bench();
        made.publish('v1');
        const stream = made.attach();
        stream.write(encodeFrame(HELLO));
        const frame = typeof message === 'object' && message !== null ? { ...ACK, ...message } : message;
        stream.write(encodeFrame(frame as object));
        await nextTurn();
        look(made);
        made.publish('v2');
        look(made);
        made.fleet.close();
      }),
      { numRuns: 500 },
    );
  });

  test('any bytes: the controller disconnects the proxy or waits, and keeps running', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 40 })), fc.boolean(), async (chunks, greets) => {
        const made = bench();
        made.publish('v1');
        const stream = made.attach();
        if (greets) stream.write(encodeFrame(HELLO));
        for (const chunk of chunks) if (stream.writable) stream.write(chunk);
        await nextTurn();
        look(made);
        made.fleet.close();
      }),
    );
  });

  test('any JSON from a replica: the leader accepts it or disconnects the replica, and keeps running', async () => {
    const report: FleetReport = { kind: 'fleet', protocol: PROTOCOL, replica: 'r', dataPlanes: [] };
    await fc.assert(
      fc.asyncProperty(json, json, async (dataPlanes, proxies) => {
        for (const sent of [dataPlanes, [{ dataPlane: WEB, proxies }]]) {
          const made = bench();
          made.publish('v1');
          const [theirs, ours] = duplexPair();
          receiveReports(theirs, made.fleet, SILENT_LOGGER);
          ours.on('error', () => undefined).write(encodeFrame({ ...report, dataPlanes: sent }));
          await nextTurn();
          look(made);
        }
      }),
    );
  });

  test('any JSON from a controller: the proxy accepts it or closes the stream, and keeps its configuration', async () => {
    const update = { kind: 'update', revision: 1, whole: false, configs: [], patches: [], removed: [] };
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.constantFrom('configs', 'patches', 'removed'), json),
        async (sent) => {
          const [theirs, ours] = duplexPair();
          followConfig({ stream: ours, dataPlane: NO_CHANGES, name: 'p', logger: SILENT_LOGGER });
          theirs.on('error', () => undefined).resume();
          theirs.write(encodeFrame({ kind: 'hello', ...OUR_VERSIONS }));
          theirs.write(encodeFrame({ ...update, ...sent }));
          await nextTurn();
          theirs.destroy();
        },
      ),
    );
  });

  test('an invalid acknowledgment changes neither the known state nor other proxies', async () => {
    const made = bench();
    made.publish('v1');
    const good = made.attach();
    followConfig({ stream: good, dataPlane: NO_CHANGES, name: 'good', logger: SILENT_LOGGER });
    const evil = made.attach();
    evil.write(encodeFrame(HELLO));
    evil.write(encodeFrame({ ...ACK, ports: {} }));
    await once(evil.resume(), 'close');
    made.publish('v2');
    while (made.fleet.proxiesOf(WEB)[0]?.serving?.version !== 'v2') await nextTurn();
    assert.deepEqual(
      made.fleet.proxiesOf(WEB).map(({ name }) => name),
      ['good'],
    );
  });

  test('a proxy says hello once, and acknowledges each update once', async () => {
    for (const twice of [HELLO, ACK]) {
      const made = bench();
      made.publish('v1');
      const stream = made.attach();
      for (const message of [HELLO, ACK, twice]) stream.write(encodeFrame(message));
      await once(stream.resume(), 'close');
    }
  });

  test('a proxy limits how often it reports changed ports', async () => {
    const made = bench();
    made.publish('v1');
    const stream = made.attach();
    for (const message of [HELLO, ACK]) stream.write(encodeFrame(message));
    for (let sent = 0; sent <= 100; sent += 1) stream.write(encodeFrame({ kind: 'ports', ports: [] }));
    await once(stream.resume(), 'close');
    const early = made.attach();
    early.write(encodeFrame({ kind: 'ports', ports: [] }));
    await once(early.resume(), 'close');
  });

  test('a proxy truncates its acknowledgment to the limit of the controller, and drops failures last', () => {
    const ports = Array.from({ length: 20_000 }, (_, port) => ({
      dataPlane: WEB,
      transport: 'tcp' as const,
      port,
      address: '',
      boundPort: port === 15_000 ? null : port,
      error: port === 15_000 ? 'x'.repeat(5_000) : null,
    }));
    const refused = [{ dataPlane: WEB, message: 'y'.repeat(5_000) }];
    const ack: Ack = { kind: 'ack', revision: 1, ports, refused, problems: [] };
    const frame = encodeAck(ack, 1024 * 1024);
    assert.ok(frame.length <= 1024 * 1024);
    const [cut] = [...new FrameReader(2 ** 30).push(frame)].map(fromProxy);
    assert.ok(cut?.kind === 'ack');
    assert.equal(cut.ports[0]?.error?.length, MESSAGE_LENGTH);
    assert.equal(cut.refused.length, 1);
    assert.ok(cut.ports.length > 2_000);
  });
});

suite('limits of a stream', () => {
  const limits = { ...WORKER_LIMITS, firstBytes: 100, bytes: 1_000, firstMs: 20, frameMs: 20, ackMs: 20 };
  const open = (): { stream: Duplex; errors: string[] } => {
    const errors: string[] = [];
    const warn = (_: string, fields: { readonly error?: unknown } = {}): void => {
      errors.push(String(fields.error));
    };
    const server = createConfigServer({
      logger: { ...SILENT_LOGGER, warn },
      onPeerChange: () => undefined,
      limits,
    });
    server.publish([web('v1')]);
    const [ours, stream] = duplexPair();
    server.attach(ours);
    ours.once('close', () => stream.destroy());
    return { stream: stream.on('error', () => undefined).resume(), errors };
  };
  // The deadline timers are unreferenced; in production the socket keeps the process alive.
  const alive = async (event: Promise<unknown>): Promise<void> => {
    const timer = setInterval(() => undefined, 1_000);
    await event;
    clearInterval(timer);
  };

  test('messages are limited in size, the first one to a small size', async () => {
    const early = open();
    early.stream.write(encodeFrame({ ...HELLO, name: 'x'.repeat(100) }));
    await once(early.stream, 'close');
    assert.match(early.errors.join(), /the limit is 100/);
    const late = open();
    late.stream.write(encodeFrame(HELLO));
    late.stream.write(encodeFrame({ ...ACK, more: 'x'.repeat(1_000) }));
    await once(late.stream, 'close');
    assert.match(late.errors.join(), /the limit is 1000/);
  });

  test('hello, the rest of a message, and an acknowledgment each have a deadline', async () => {
    const silent = open();
    await alive(once(silent.stream, 'close'));
    assert.match(silent.errors.join(), /no first message after 20 ms/);
    const slow = open();
    slow.stream.write(encodeFrame(HELLO));
    slow.stream.write(encodeFrame(ACK).subarray(0, 3));
    await alive(once(slow.stream, 'close'));
    assert.match(slow.errors.join(), /a message is incomplete after 20 ms|not acknowledged/);
    const mute = open();
    mute.stream.write(encodeFrame(HELLO));
    await alive(once(mute.stream, 'close'));
    assert.match(mute.errors.join(), /revision 1 is not acknowledged after 20 ms/);
  });

  test('a message in tiny chunks uses memory for its bytes, not for its announced length or its chunks', () => {
    const reader = new FrameReader(2 ** 30);
    const announced = Buffer.alloc(4);
    announced.writeUInt32BE(2 ** 29);
    assert.deepEqual([...reader.push(announced)], []);
    const before = process.memoryUsage().arrayBuffers;
    for (let sent = 0; sent < 100_000; sent += 1) assert.deepEqual([...reader.push(Buffer.from([0x20]))], []);
    assert.ok(process.memoryUsage().arrayBuffers - before < 10_000_000);
  });

  test('the streams of a Gateway are limited; its existing streams and other Gateways are unaffected', async () => {
    const made = bench();
    const streams = Array.from({ length: 5 }, () => made.attach());
    const last = streams.at(-1);
    assert.ok(last);
    await once(last.resume(), 'close');
    assert.equal(streams.filter(({ destroyed }) => !destroyed).length, 4);
    const [ours, other] = duplexPair();
    made.fleet.attachTo(gatewayDataPlane({ namespace: 'default', name: 'other' }), 'uid', ours);
    await nextTurn();
    assert.equal(other.destroyed, false);
    streams[0]?.destroy();
    await nextTurn();
    await nextTurn();
    const next = made.attach();
    await nextTurn();
    await nextTurn();
    assert.equal(next.destroyed, false);
  });

  test('when a Gateway is re-created, the streams of its predecessor end before it is published', async () => {
    const made = bench();
    made.publish('old');
    const old = made.attach();
    old.write(encodeFrame(HELLO));
    await once(old, 'data');
    made.fleet.closeForeign(() => 'uid-2');
    made.publish('new');
    let after = '';
    old.on('data', (chunk: Buffer) => {
      after += chunk.toString('latin1');
    });
    await once(old, 'close');
    assert.doesNotMatch(after, /new/);
  });

  test('a report that cannot be encoded ends the stream to the leader, not the controller', async () => {
    const made = bench();
    const [ours, theirs] = duplexPair();
    const fleet = Object.assign(Object.create(made.fleet) as Fleet, {
      report: () => {
        throw new Error('a planted defect');
      },
    });
    new FleetReporter(ours, fleet, 'r').changed();
    theirs.resume();
    await assert.rejects(once(ours, 'close'), /a planted defect/);
  });
});
