/** Both sides of the protocol over a pair of streams in memory. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { afterEach, test } from 'node:test';
import type { EndpointSet } from '../ir/cluster.ts';
import { emptyConfig } from '../../test/support/gateway-config.ts';
import { gatewayDataPlane } from '../ir/data-plane-id.ts';
import type { GatewayConfig } from '../ir/gateway-config.ts';
import { certificateId, clusterId } from '../ir/ids.ts';
import { Redacted } from '../ir/redacted.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { followConfig, type DataPlane } from './client.ts';
import { createConfigServer, type ConfigServer } from './server.ts';
import type { Ack, PortReport } from './protocol.ts';

const config = (name: string, version: string, endpoints: readonly EndpointSet[] = []): GatewayConfig =>
  emptyConfig(name, { version, endpoints });

const endpoints = (cluster: string, ...ports: number[]): EndpointSet => ({
  cluster: clusterId(cluster),
  endpoints: ports.map((port) => ({ address: '127.0.0.1', port, state: 'ready', zone: null })),
});

/** A data plane that records what it was given, holds `apply` back on demand and refuses the versions in `refuse`. */
class RecordingDataPlane implements DataPlane {
  readonly applied: (readonly GatewayConfig[])[] = [];
  readonly endpointSets: EndpointSet[] = [];
  readonly refuse = new Set<string>();
  held: Promise<void> = Promise.resolve();

  async apply(configs: readonly GatewayConfig[]): Promise<Pick<Ack, 'ports' | 'problems'>> {
    await this.held;
    const bad = configs.find(({ version }) => this.refuse.has(version));
    if (bad !== undefined) throw new Error(`cannot serve ${bad.version}`);
    this.applied.push(configs);
    return { ports: [], problems: [] };
  }

  applyEndpoints(sets: readonly EndpointSet[]): void {
    this.endpointSets.push(...sets);
  }

  get versions(): readonly string[] {
    return (this.applied.at(-1) ?? []).map(({ version }) => version).toSorted();
  }
}

interface Bench {
  readonly server: ConfigServer;
  readonly attach: (name: string, dataPlane: DataPlane) => Duplex;
  /** Resolves when the predicate is true, checked whenever a peer changes. */
  readonly until: (predicate: () => boolean) => Promise<void>;
}

let open: ConfigServer[] = [];
afterEach(() => {
  for (const server of open) server.close();
  open = [];
});

function bench(): Bench {
  const changes = new EventEmitter();
  const server = createConfigServer({ logger: SILENT_LOGGER, onPeerChange: () => changes.emit('change') });
  open.push(server);
  return {
    server,
    attach(name, dataPlane) {
      const [ours, theirs] = duplexPair();
      server.attach(ours);
      followConfig({ stream: theirs, dataPlane, name, logger: SILENT_LOGGER });
      return theirs;
    },
    async until(predicate) {
      while (!predicate()) await once(changes, 'change');
    },
  };
}

const allServe = (server: ConfigServer, revision: number): boolean =>
  server.peers.length > 0 && server.peers.every(({ acknowledged }) => acknowledged === revision);

test('an attaching proxy receives the whole configuration, including private keys, and acknowledges it', async () => {
  const { server, attach, until } = bench();
  const dataPlane = new RecordingDataPlane();
  const certificate = {
    id: certificateId('default/tls'),
    certificatePem: 'pem',
    keyPem: new Redacted('key'),
    ocspResponse: null,
  };
  server.publish([{ ...config('a', 'a1'), certificates: [certificate] }, config('b', 'b1')]);
  attach('one', dataPlane);
  await until(() => allServe(server, 1));
  assert.deepEqual(dataPlane.versions, ['a1', 'b1']);
  assert.equal(dataPlane.applied[0]?.[0]?.certificates[0]?.keyPem.reveal(), 'key');
});

test('a proxy learns how many proxies there are before its first update, and whenever that changes', async () => {
  const { server, attach, until } = bench();
  const events: string[] = [];
  const recording = (): DataPlane => ({
    apply: (configs) => {
      events.push(configs.map(({ version }) => version).join());
      return Promise.resolve({ ports: [], problems: [] });
    },
    applyEndpoints: () => undefined,
    shareAmong: (proxies) => events.push(String(proxies)),
  });
  server.shareAmong(3);
  server.publish([config('a', 'a1')]);
  attach('one', recording());
  await until(() => allServe(server, 1));
  assert.deepEqual(events, ['3', 'a1']);
  server.shareAmong(3);
  server.shareAmong(2);
  server.publish([config('a', 'a2')]);
  await until(() => allServe(server, 2));
  assert.deepEqual(events, ['3', 'a1', '2', 'a2']);
});

test('a port that is bound later is reported between updates', async () => {
  const { server, attach, until } = bench();
  let report: (ports: readonly PortReport[]) => void = () => undefined;
  const dataPlane: DataPlane = {
    apply: () => Promise.resolve({ ports: [port(null)], problems: [] }),
    applyEndpoints: () => undefined,
    onPortsChanged(listener) {
      report = listener;
    },
  };
  server.publish([config('a', 'a1')]);
  attach('one', dataPlane);
  await until(() => allServe(server, 1));
  assert.equal(server.peers[0]?.ports[0]?.error, 'taken');
  report([port(8080)]);
  await until(() => server.peers[0]?.ports[0]?.boundPort === 8080);
});

const port = (boundPort: number | null): PortReport => ({
  dataPlane: gatewayDataPlane({ namespace: 'default', name: 'a' }),
  transport: 'tcp',
  port: 80,
  address: '',
  boundPort,
  error: boundPort === null ? 'taken' : null,
});

test('an update names only what changed, and the proxy keeps the rest', async () => {
  const { server, attach, until } = bench();
  const dataPlane = new RecordingDataPlane();
  attach('one', dataPlane);
  server.publish([config('a', 'a1'), config('b', 'b1')]);
  await until(() => allServe(server, 1));
  const keptB = dataPlane.applied[0]?.find(({ version }) => version === 'b1');
  server.publish([config('a', 'a2'), config('b', 'b1')]);
  await until(() => allServe(server, 2));
  assert.deepEqual(dataPlane.versions, ['a2', 'b1']);
  assert.equal(
    dataPlane.applied[1]?.find(({ version }) => version === 'b1'),
    keptB,
    'the same object: nothing of it needs to be compiled again',
  );
  server.publish([config('a', 'a2')]);
  await until(() => allServe(server, 3));
  assert.deepEqual(dataPlane.versions, ['a2']);
});

test('an endpoint update carries only endpoints, and a later route change does not restore old endpoints', async () => {
  const { server, attach, until } = bench();
  const dataPlane = new RecordingDataPlane();
  attach('one', dataPlane);
  server.publish([config('a', 'a1', [endpoints('c', 1)]), config('b', 'b1', [endpoints('c', 1)])]);
  await until(() => allServe(server, 1));
  const moved = endpoints('c', 2, 3);
  server.publish([config('a', 'a2', [moved]), config('b', 'b2', [moved])]);
  await until(() => allServe(server, 2));
  assert.equal(dataPlane.applied.length, 1, 'no configuration was applied');
  assert.deepEqual(dataPlane.endpointSets, [moved]);

  server.publish([config('a', 'a3', [moved]), config('b', 'b2', [moved])]);
  await until(() => allServe(server, 3));
  for (const { endpoints: sets } of dataPlane.applied.at(-1) ?? []) assert.deepEqual(sets, [moved]);
});

test('objects of any allowed size pass the stream: many endpoints, long zone names', async () => {
  const { server, attach, until } = bench();
  const dataPlane = new RecordingDataPlane();
  attach('one', dataPlane);
  server.publish([config('a', 'a1', [endpoints('c', 1)])]);
  await until(() => allServe(server, 1));
  const long = 'z'.repeat(5_000);
  const large: EndpointSet = {
    cluster: clusterId('c'),
    endpoints: Array.from({ length: 70_000 }, (_, index) => ({
      address: `10.0.${String(index >> 8)}.${String(index & 255)}`,
      port: 80,
      state: 'ready',
      zone: long.slice(0, index === 0 ? 5_000 : 1),
      ...(index === 0 ? { hints: { zones: [long], nodes: [long] } } : {}),
    })),
  };
  server.publish([config('a', 'a2', [large])]);
  await until(() => allServe(server, 2));
  assert.deepEqual(dataPlane.endpointSets, [large]);
  server.publish([config('a', 'a3', [endpoints('c', 1)])]);
  await until(() => allServe(server, 3));
  assert.equal(dataPlane.applied.length, 1, 'on the same stream, without a new configuration');
});

test('changes are batched while a proxy is busy', async () => {
  const { server, attach, until } = bench();
  const dataPlane = new RecordingDataPlane();
  let release = (): void => undefined;
  dataPlane.held = new Promise((resolve) => {
    release = resolve;
  });
  attach('slow', dataPlane);
  server.publish([config('a', 'a1')]);
  await until(() => server.peers.length === 1);
  for (let version = 2; version <= 50; version++) {
    server.publish([config('a', `a${String(version)}`)]);
  }
  release();
  await until(() => allServe(server, 50));
  assert.deepEqual(dataPlane.versions, ['a50']);
  assert.ok(dataPlane.applied.length <= 3, `${String(dataPlane.applied.length)} updates`);
});

test('a proxy refuses an unusable Gateway by name and keeps its previous configuration; other Gateways are updated', async () => {
  const { server, attach, until } = bench();
  const dataPlane = new RecordingDataPlane();
  dataPlane.refuse.add('a2');
  attach('one', dataPlane);
  server.publish([config('a', 'a1'), config('b', 'b1')]);
  await until(() => allServe(server, 1));
  server.publish([config('a', 'a2'), config('b', 'b2')]);
  await until(() => allServe(server, 2));
  assert.deepEqual(dataPlane.versions, ['a1', 'b2']);
  assert.deepEqual(server.peers[0]?.refused, [
    { dataPlane: 'gateway/default/a', message: 'cannot serve a2' },
  ]);
  assert.deepEqual(
    server.peers.flatMap(({ serving }) => [...serving].map(([key, { version }]) => `${key} ${version}`)),
    ['gateway/default/a a1', 'gateway/default/b b2'],
    'the server reports what is served, not what was sent',
  );

  server.publish([config('a', 'a3'), config('b', 'b2')]);
  await until(() => allServe(server, 3));
  assert.deepEqual(dataPlane.versions, ['a3', 'b2']);
  assert.deepEqual(
    server.peers.flatMap(({ refused }) => refused),
    [],
  );
});

test('a reconnecting proxy gets the whole state, without Gateways removed in the meantime', async () => {
  const { server, attach, until } = bench();
  const first = attach('one', new RecordingDataPlane());
  server.publish([config('a', 'a1'), config('b', 'b1')]);
  await until(() => allServe(server, 1));
  first.end();
  await until(() => server.peers.length === 0);
  server.publish([config('a', 'a1')]);
  const dataPlane = new RecordingDataPlane();
  attach('one', dataPlane);
  await until(() => allServe(server, 2));
  assert.deepEqual(dataPlane.versions, ['a1']);
});

test('a peer that violates the protocol is disconnected, and others are unaffected', async () => {
  const { server, attach, until } = bench();
  const dataPlane = new RecordingDataPlane();
  attach('good', dataPlane);
  const [ours, theirs] = duplexPair();
  server.attach(ours);
  const closed = new Promise((resolve) => ours.once('close', resolve));
  theirs.on('error', () => undefined).write('GET / HTTP/1.1\r\n\r\n');
  await closed;
  server.publish([config('a', 'a1')]);
  await until(() => allServe(server, 1));
  assert.deepEqual(
    server.peers.map(({ name }) => name),
    ['good'],
  );
});

test('publishing the same configuration twice sends it once', async () => {
  const { server, attach, until } = bench();
  const dataPlane = new RecordingDataPlane();
  attach('one', dataPlane);
  assert.equal(server.publish([]), true, 'the first counts even when it is empty');
  assert.equal(server.publish([]), false);
  assert.equal(server.publish([config('a', 'a1')]), true);
  assert.equal(server.publish([config('a', 'a1')]), false);
  await until(() => allServe(server, 2));
  assert.deepEqual(dataPlane.versions, ['a1']);
});

test('after a refusal a Gateway ignores endpoint updates, and recovers with the next version', async () => {
  const { server, attach, until } = bench();
  const dataPlane = new RecordingDataPlane();
  dataPlane.refuse.add('a2').add('a3');
  attach('one', dataPlane);
  server.publish([config('a', 'a1', [endpoints('c', 1)])]);
  await until(() => allServe(server, 1));
  server.publish([config('a', 'a2', [endpoints('c', 1)])]);
  await until(() => allServe(server, 2));
  server.publish([config('a', 'a3', [endpoints('c', 2)])]);
  await until(() => allServe(server, 3));
  assert.deepEqual(dataPlane.versions, ['a1']);
  assert.equal(server.peers[0]?.refused[0]?.message, 'cannot serve a3');
  server.publish([config('a', 'a4', [endpoints('c', 3)])]);
  await until(() => allServe(server, 4));
  assert.deepEqual(dataPlane.versions, ['a4']);
  assert.deepEqual(dataPlane.applied.at(-1)?.[0]?.endpoints, [endpoints('c', 3)]);
});

test('on a new stream, what is served stays the same object, and is served on where the new one is refused', async () => {
  const { server, until } = bench();
  const dataPlane = new RecordingDataPlane();
  dataPlane.refuse.add('b2');
  const held = [config('a', 'a1'), config('b', 'b1')];
  server.publish([config('a', 'a1'), config('b', 'b2')]);
  const [ours, theirs] = duplexPair();
  server.attach(ours);
  followConfig({ stream: theirs, dataPlane, name: 'one', logger: SILENT_LOGGER, serving: held });
  await until(() => allServe(server, 1));
  assert.deepEqual(dataPlane.versions, ['a1', 'b1']);
  assert.equal(dataPlane.applied.at(-1)?.[0], held[0]);
});
