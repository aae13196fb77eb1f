/** Controllers and proxies of different releases: they work together, or both report why not and the proxy keeps its configuration. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { suite, test } from 'node:test';
import { emptyConfig } from '../../test/support/gateway-config.ts';
import { CONFIG_FORMAT } from '../ir/codec.ts';
import { gatewayDataPlane } from '../ir/data-plane-id.ts';
import { SILENT_LOGGER, type Logger } from '../telemetry/logger.ts';
import { followConfig, type DataPlane } from './client.ts';
import { receiveReports } from './fleet-relay.ts';
import { Fleet } from './fleet.ts';
import { encodeFrame, FrameReader } from './frames.ts';
import { incompatibility, OUR_VERSIONS, type SpokenVersions } from './versions.ts';
import { createConfigServer, type ConfigServer } from './server.ts';

const WEB = gatewayDataPlane({ namespace: 'default', name: 'web' });
const protocols = (...versions: number[]): SpokenVersions => ({ protocols: versions, formats: [1] });
const formats = (...versions: number[]): SpokenVersions => ({ protocols: [4], formats: versions });
/** The hello of every release up to protocol 3. */
const HELLO_3 = { kind: 'hello', protocol: 3, name: 'old' };

const nextTurn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve));

interface Log extends Logger {
  readonly lines: string[];
}

function log(): Log {
  const lines: string[] = [];
  const note = (message: string, fields: object = {}): void => {
    lines.push(`${message} ${JSON.stringify(fields)}`);
  };
  return { ...SILENT_LOGGER, lines, warn: note, error: note };
}

interface Served {
  readonly server: ConfigServer;
  readonly versions: string[];
  readonly stream: Duplex;
  readonly atController: Log;
  readonly atProxy: Log;
}

/** A proxy that serves `saved` follows a controller that publishes `v1`, each of its own release. */
async function follow(controller: SpokenVersions, proxy: SpokenVersions): Promise<Served> {
  const [atController, atProxy] = [log(), log()];
  const server = createConfigServer({
    logger: atController,
    onPeerChange: () => undefined,
    versions: controller,
  });
  server.publish([emptyConfig('web', { version: 'v1' })]);
  const versions = ['saved'];
  const dataPlane: DataPlane = {
    apply(configs) {
      versions.push(...configs.map(({ version }) => version));
      return Promise.resolve({ ports: [], problems: [] });
    },
    applyEndpoints: () => undefined,
  };
  const [ours, stream] = duplexPair();
  server.attach(ours);
  const serving = [emptyConfig('web', { version: 'saved' })];
  followConfig({ stream, dataPlane, name: 'p', logger: atProxy, serving, versions: proxy });
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  return { server, versions, stream, atController, atProxy };
}

suite('versions of the configuration protocol', () => {
  test('both ends need a protocol and a format in common', () => {
    assert.equal(incompatibility({ controller: protocols(4, 5, 6), proxy: protocols(5, 4, 3) }), null);
    assert.equal(incompatibility({ controller: formats(2, 3), proxy: formats(1, 2, 3) }), null);
    const [one, other] = [
      { protocols: [4], formats: [2] },
      { protocols: [4, 5], formats: [3] },
    ];
    assert.match(incompatibility({ controller: one, proxy: other }) ?? '', /format/u);
  });

  test('without a version in common, the message names both versions and the end to upgrade', () => {
    const why = (controller: SpokenVersions, proxy: SpokenVersions): string =>
      incompatibility({ controller, proxy }) ?? '';
    assert.equal(
      why(protocols(6, 5), protocols(4)),
      'The controller speaks versions 5, 6 of the configuration protocol, the proxy version 4: upgrade the proxy.',
    );
    assert.equal(
      why(protocols(4), protocols(5)),
      'The controller speaks version 4 of the configuration protocol, the proxy version 5: upgrade the controller.',
    );
    assert.equal(
      why(formats(4), formats(3)),
      'The controller speaks version 4 of the configuration format, the proxy version 3: upgrade the proxy.',
    );
  });

  test('releases with a version in common work together', async () => {
    for (const [controller, proxy] of [
      [protocols(5, 4), protocols(4)],
      [protocols(4), protocols(5, 4)],
    ] as const) {
      const { server, versions, atProxy } = await follow(controller, proxy);
      assert.deepEqual(versions, ['saved', 'v1']);
      assert.equal(server.peers[0]?.acknowledged, 1);
      assert.deepEqual(atProxy.lines, []);
      server.close();
    }
  });

  test('an incompatible proxy keeps its configuration, and both ends report what to upgrade', async () => {
    for (const [controller, proxy, upgrade] of [
      [protocols(5), protocols(4), 'upgrade the proxy'],
      [protocols(5), protocols(6), 'upgrade the controller'],
      [formats(5), formats(4), 'upgrade the proxy'],
    ] as const) {
      const { server, versions, stream, atController, atProxy } = await follow(controller, proxy);
      server.publish([emptyConfig('web', { version: 'v2' })]);
      await nextTurn();
      assert.deepEqual(versions, ['saved']);
      assert.equal(stream.destroyed, false, 'it would only connect again');
      for (const { lines } of [atController, atProxy]) {
        assert.equal(lines.length, 1);
        assert.match(lines.join(), new RegExp(upgrade, 'u'));
      }
      assert.match(atProxy.lines.join(), /serving the last one/u);
      assert.match(server.peers[0]?.incompatible ?? '', new RegExp(upgrade, 'u'));
      assert.equal(server.peers[0]?.acknowledged, 0);
      server.close();
    }
  });

  test('a proxy of protocol 3 gets no message that it cannot read, and other proxies are unaffected', async () => {
    const fleet = new Fleet({ logger: SILENT_LOGGER, onPeerChange: () => undefined, maxStreams: () => 4 });
    fleet.publish([emptyConfig('web', { version: 'v1' })]);
    const [ours, old] = duplexPair();
    fleet.attachTo(WEB, 'uid', ours);
    let received = 0;
    old.on('data', (chunk: Buffer) => (received += chunk.length));
    old.write(encodeFrame(HELLO_3));
    // Its ports may still change.
    old.write(encodeFrame({ kind: 'ports', ports: [] }));
    await nextTurn();
    fleet.publish([emptyConfig('web', { version: 'v2' })]);
    await nextTurn();
    assert.deepEqual([received, old.destroyed], [0, false]);
    const [proxy] = fleet.proxiesOf(WEB);
    assert.equal(proxy?.serving, null);
    assert.match(proxy.incompatible ?? '', /proxy version 3: upgrade the proxy/u);
    const [theirs, stream] = duplexPair();
    fleet.attachTo(WEB, 'uid', theirs);
    const dataPlane = {
      apply: () => Promise.resolve({ ports: [], problems: [] }),
      applyEndpoints: () => undefined,
    };
    followConfig({ stream, dataPlane, name: 'new', logger: SILENT_LOGGER });
    while (fleet.proxiesOf(WEB).find(({ name }) => name === 'new')?.serving?.version !== 'v2')
      await nextTurn();
    fleet.close();
  });

  test('a controller of protocol 3 ends the stream: the proxy reports this and keeps its configuration', async () => {
    const [stream, controller] = duplexPair();
    const atProxy = log();
    const dataPlane = {
      apply: () => Promise.reject(new Error('not asked')),
      applyEndpoints: () => undefined,
    };
    followConfig({ stream, dataPlane, name: 'p', logger: atProxy });
    const [chunk] = (await once(controller, 'data')) as [Buffer];
    const [hello] = [...new FrameReader(2 ** 20).push(chunk)] as { protocol: number; name: string }[];
    assert.ok(hello !== undefined && hello.protocol > 3, 'which that controller refuses');
    controller.destroy();
    stream.destroy();
    await once(stream, 'close');
    assert.match(atProxy.lines.join(), /without a hello.*serving the last configuration/u);
  });

  test('an update before the hello, and a second hello, end the stream', async () => {
    const update = { kind: 'update', revision: 1, whole: true, configs: [], patches: [], removed: [] };
    const hello = { kind: 'hello', ...OUR_VERSIONS };
    for (const messages of [[update], [hello, hello]]) {
      const [stream, controller] = duplexPair();
      const dataPlane = {
        apply: () => Promise.reject(new Error('not asked')),
        applyEndpoints: () => undefined,
      };
      followConfig({ stream, dataPlane, name: 'p', logger: SILENT_LOGGER });
      for (const message of messages) controller.write(encodeFrame(message));
      await assert.rejects(once(stream, 'close'), /an update before both ends agreed|sent hello twice/u);
    }
  });

  test('a leader reports once that it cannot read the reports of a replica of another release', async () => {
    const fleet = new Fleet({ logger: SILENT_LOGGER, onPeerChange: () => undefined, maxStreams: () => 4 });
    const atLeader = log();
    const [leader, replica] = duplexPair();
    receiveReports(leader, fleet, atLeader);
    const reports = [
      { kind: 'fleet', replica: 'r', gateways: [{ gateway: 'default/web', proxies: [] }] },
      { kind: 'fleet', protocol: 99, replica: 'r', whatever: true },
    ];
    for (const report of reports) replica.write(encodeFrame(report));
    await nextTurn();
    assert.equal(leader.destroyed, false);
    assert.equal(atLeader.lines.length, 1);
    assert.match(atLeader.lines.join(), /version 3 of the configuration protocol.*upgrade replica r/u);
    fleet.close();
    leader.destroy();
  });

  test('this release supports one format, the one that it encodes', () => {
    assert.deepEqual(OUR_VERSIONS.formats, [CONFIG_FORMAT]);
  });
});
