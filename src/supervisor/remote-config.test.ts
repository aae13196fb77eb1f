/** The proxy's end: workers as one data plane, what is saved, and a restart without a controller. */
import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { duplexPair, type Duplex } from 'node:stream';
import { suite, test, type TestContext } from 'node:test';
import { BookDataPlane } from '../../test/support/controller-process.ts';
import { followConfig } from '../configsync/client.ts';
import type { PortReport } from '../configsync/protocol.ts';
import { createConfigServer, WORKER_LIMITS, type ConfigServer } from '../configsync/server.ts';
import type { EndpointSet } from '../ir/cluster.ts';
import { gatewayDataPlane } from '../ir/data-plane-id.ts';
import { DEFAULT_PROXY_SETTINGS, type GatewayConfig } from '../ir/gateway-config.ts';
import { certificateId, clusterId } from '../ir/ids.ts';
import { Redacted } from '../ir/redacted.ts';
import { SILENT_LOGGER } from '../telemetry/logger.ts';
import { mint } from '../../test/support/certificates.ts';
import { followController, WorkersAsOne } from './remote-config.ts';
import { SavedConfig } from './saved-config.ts';

const endpoints = (port: number): EndpointSet => ({
  cluster: clusterId('c'),
  endpoints: [{ address: '10.0.0.1', port, state: 'ready', zone: null }],
});

const config = (version: string, port = 80): GatewayConfig => ({
  version,
  dataPlane: gatewayDataPlane({ namespace: 'default', name: 'web' }),
  generation: 1,
  addresses: [],
  ports: [],
  rules: [],
  clusters: [],
  endpoints: [endpoints(port)],
  certificates: [
    { id: certificateId('tls'), certificatePem: 'pem', keyPem: new Redacted('key'), ocspResponse: null },
  ],
  settings: DEFAULT_PROXY_SETTINGS,
});

interface Bench {
  readonly folder: string;
  readonly server: ConfigServer;
  readonly workers: WorkersAsOne;
  readonly saved: SavedConfig;
  /** A worker that follows, as a process would over its pipe. */
  readonly addWorker: () => BookDataPlane;
  /** One whose data plane is never done; the supervisor's end of its stream. */
  readonly addHungWorker: () => Duplex;
  readonly until: (holds: () => boolean) => Promise<void>;
}

interface BenchOptions {
  readonly folder?: string;
  readonly ackMs?: number;
}

function bench(t: TestContext, { folder: given, ackMs = 60_000 }: BenchOptions = {}): Bench {
  const folder = given ?? mkdtempSync(join(tmpdir(), 'sluice-state-'));
  const changes = new EventEmitter();
  const server = createConfigServer({
    logger: SILENT_LOGGER,
    limits: { ...WORKER_LIMITS, ackMs },
    onPeerChange() {
      workers.onPeerChange();
      changes.emit('change');
    },
  });
  const saved = new SavedConfig(folder, SILENT_LOGGER);
  const workers = new WorkersAsOne(server, saved);
  t.after(() => {
    saved.close();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    server,
    workers,
    saved,
    addWorker() {
      const [ours, theirs] = duplexPair();
      const plane = new BookDataPlane();
      server.attach(ours);
      followConfig({ stream: theirs, dataPlane: plane, name: 'worker', logger: SILENT_LOGGER });
      return plane;
    },
    addHungWorker() {
      const [ours, theirs] = duplexPair();
      const plane = new BookDataPlane();
      plane.apply = () => new Promise(() => undefined);
      server.attach(ours);
      followConfig({ stream: theirs, dataPlane: plane, name: 'hung', logger: SILENT_LOGGER });
      return ours;
    },
    async until(holds) {
      while (!holds()) await once(changes, 'change');
    },
  };
}

suite('proxy configuration', () => {
  test('is active once every worker has it; publishing it twice changes nothing for them', async (t) => {
    const { workers, addWorker, server } = bench(t);
    const planes = [addWorker(), addWorker()];
    await workers.apply([config('v1')]);
    for (const plane of planes) assert.equal(plane.configs[0]?.version, 'v1');
    const { revision } = server;
    await workers.apply([config('v1')]);
    assert.equal(server.revision, revision);
    assert.deepEqual(
      planes.map(({ applied }) => applied),
      [1, 1],
    );
  });

  test('a port that a worker binds later is reported without an update', async (t) => {
    const { workers, addWorker, server, until } = bench(t);
    const plane = addWorker();
    await workers.apply([config('v1')]);
    const reports: (readonly PortReport[])[] = [];
    workers.onPortsChanged((ports) => reports.push(ports));
    const { dataPlane } = config('v1');
    const port = {
      dataPlane,
      transport: 'tcp',
      port: 80,
      address: '',
      boundPort: 8080,
      error: null,
    } as const;
    plane.reportPorts([port]);
    await until(() => server.peers[0]?.ports.length === 1);
    assert.deepEqual(reports, [[port]]);
  });

  test('a worker that never takes an update is cut off, and the others get the next ones', async (t) => {
    const { workers, addWorker, addHungWorker } = bench(t, { ackMs: 50 });
    const plane = addWorker();
    const hung = addHungWorker();
    // Its deadline keeps no process alive; in production its socket does.
    const alive = setInterval(() => undefined, 1_000);
    await workers.apply([config('v1')]);
    assert.equal(hung.destroyed, true);
    await workers.apply([config('v2')]);
    clearInterval(alive);
    assert.equal(plane.configs[0]?.version, 'v2');
  });

  test('endpoints go to the workers as endpoints', async (t) => {
    const { workers, addWorker } = bench(t);
    const plane = addWorker();
    await workers.apply([config('v1', 80)]);
    workers.applyEndpoints([endpoints(81)], [config('v2', 81)]);
    await plane.until(({ endpointSets }) => endpointSets.length > 0);
    assert.deepEqual(plane.endpointSets, [endpoints(81)]);
    assert.equal(plane.applied, 1);
  });

  test('what a worker refuses is refused, and not saved', async (t) => {
    const { workers, addWorker, saved, folder } = bench(t);
    const plane = addWorker();
    plane.refuse = ({ version }) => (version === 'bad' ? 'cannot serve bad' : null);
    await workers.apply([config('good')]);
    await assert.rejects(workers.apply([config('bad')]), /cannot serve bad/);
    saved.close();
    assert.match(readFileSync(join(folder, 'config.json'), 'utf8'), /good/);
    assert.doesNotMatch(readFileSync(join(folder, 'config.json'), 'utf8'), /\\"bad/);
    assert.equal(plane.configs[0]?.version, 'good');
  });

  test('a restart serves the last good configuration, keys included, from a file that only its user can read', async (t) => {
    const first = bench(t);
    first.addWorker();
    await first.workers.apply([config('v1', 80)]);
    first.workers.applyEndpoints([endpoints(99)], [config('v2', 99)]);
    first.saved.close();
    const file = join(first.folder, 'config.json');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const second = bench(t, { folder: first.folder });
    second.workers.restore();
    const plane = second.addWorker();
    await plane.until(({ configs }) => configs.length > 0);
    assert.equal(plane.configs[0]?.version, 'v2');
    assert.deepEqual(plane.configs[0].endpoints, [endpoints(99)]);
    assert.equal(plane.configs[0].certificates[0]?.keyPem.reveal(), 'key');
  });

  test('a file that is not readable is no reason not to start', (t) => {
    const { workers, folder, server } = bench(t);
    writeFileSync(join(folder, 'config.json'), '[half');
    workers.restore();
    assert.equal(server.revision, 0);
  });

  test('a worker that is replaced gets the present configuration', async (t) => {
    const { workers, addWorker, until, server } = bench(t);
    addWorker();
    await workers.apply([config('v1')]);
    const late = addWorker();
    await until(
      () => server.peers.length === 2 && server.peers.every(({ acknowledged }) => acknowledged > 0),
    );
    assert.equal(late.configs[0]?.version, 'v1');
  });

  test('a controller that takes the connection and says nothing is tried again', async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-identity-'));
    const { certificatePem, keyPem } = await mint(['unused.example']);
    const files = { 'ca.crt': certificatePem, 'tls.crt': certificatePem, 'tls.key': keyPem };
    for (const [file, pem] of Object.entries(files)) writeFileSync(join(folder, file), pem);
    // Without reading, it would not see an end either.
    const mute = createServer((socket) => socket.on('error', () => undefined).resume());
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    const following = new AbortController();
    t.after(() => {
      following.abort();
      mute.close();
      rmSync(folder, { recursive: true });
    });
    const { port } = mute.address() as AddressInfo;
    const controller = { host: '127.0.0.1', port };
    const dataPlane = new BookDataPlane();
    const options = { controller, identityFolder: folder, name: 'p', dataPlane, logger: SILENT_LOGGER };
    followController({ ...options, dialTimeoutMs: 50 }, following.signal);
    for (let connections = 0; connections < 3; connections += 1) await once(mute, 'connection');
  });

  test('any number of configurations is saved, whatever their text holds', (t) => {
    const { saved } = bench(t);
    const odd = {
      ...config('"quoted" \\ \u{1F600}'),
      dataPlane: gatewayDataPlane({ namespace: 'other', name: 'web' }),
    };
    for (const configs of [[], [config('v1')], [config('v1'), odd]]) {
      saved.write(configs);
      saved.close();
      assert.deepEqual(saved.read(), configs);
    }
  });

  test('it is written beside and moved into place', async (t) => {
    const { workers, addWorker, saved, folder } = bench(t);
    addWorker();
    await workers.apply([config('v1')]);
    saved.close();
    assert.ok(existsSync(join(folder, 'config.json')));
    assert.ok(!existsSync(join(folder, 'config.json.last')));
  });
});
