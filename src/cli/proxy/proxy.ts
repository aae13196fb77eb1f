/** Wires `sluice proxy`: workers that serve one Gateway, with configuration from the controller. */
import { constants, hostname } from 'node:os';
import { join } from 'node:path';
import { describeFileError } from '../../lib/file-error.ts';
import { health, startAdminServer, text, type AdminHandler } from '../../admin/server.ts';
import { createConfigServer, type ConfigServer } from '../../configsync/server.ts';
import { createJsonLogger } from '../../telemetry/json-logger.ts';
import { createLineWriter } from '../../telemetry/line-writer.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { exposeMetrics } from '../../telemetry/metric-registry.ts';
import { whyNothingIsBound } from '../../supervisor/nothing-bound.ts';
import { readSessionSecret } from '../session-secret.ts';
import { logRejections } from '../../supervisor/rejections.ts';
import { keepYoungSpaceSmall } from '../../supervisor/heap.ts';
import { proxyMetrics } from '../../admin/proxy-metrics.ts';
import { listenForSignals } from '../../supervisor/signals.ts';
import { workerMetrics } from '../../supervisor/supervisor-metrics.ts';
import { CredentialRelay } from '../../supervisor/credential-relay.ts';
import { createWorkerPool, type WorkerPool } from '../../supervisor/worker-pool.ts';
import type { ProxyCommandOptions } from './command.ts';
import { followController, WorkersAsOne } from '../../supervisor/remote-config.ts';
import { SavedConfig } from '../../supervisor/saved-config.ts';

const STANDARD_ERROR = 2;
/** Load balancers need time to notice that this proxy is leaving; it continues to serve meanwhile. */
const LEAVE_MS = 5_000;

/** Serves until a signal ends it; resolves with the exit code. */
export async function runProxy(options: ProxyCommandOptions): Promise<number> {
  keepYoungSpaceSmall();
  const logger = createJsonLogger(createLineWriter(STANDARD_ERROR), options.logLevel);
  logRejections(logger);
  const credentials = new CredentialRelay(logger);
  const server = createConfigServer({
    logger,
    onPublish: (configs) => {
      pool.configure(configs);
      credentials.follow(configs);
    },
    onPeerChange: () => {
      workers.onPeerChange();
    },
  });
  const saved = new SavedConfig(options.state, logger);
  const workers = new WorkersAsOne(server, saved, (proxies) => {
    pool.shareAmong(proxies);
  });
  const pool = createPool(options, { server, credentials }, logger);
  const state = { isLeaving: false };
  const probes = await startAdminServer({
    ...options.probes,
    handlers: probeHandlers(server, pool, state),
    logger,
  });
  const following = new AbortController();
  workers.restore();
  pool.start();
  const { controller, identity } = options;
  const remote = { controller, identityFolder: identity, name: hostname(), dataPlane: workers, logger };
  followController(remote, following.signal);
  const exitCode = await untilDrained(pool, options.drain, {
    onLeaving() {
      state.isLeaving = true;
    },
    onDrain() {
      following.abort();
    },
  });
  saved.close();
  server.close();
  await credentials.close();
  await probes.close();
  return exitCode;
}

function createPool(
  options: ProxyCommandOptions,
  { server, credentials }: { readonly server: ConfigServer; readonly credentials: CredentialRelay },
  logger: Logger,
): WorkerPool {
  return createWorkerPool({
    count: options.workers,
    settings: {
      bindAddress: '',
      portMap: [...options.map],
      reusePort: true,
      // No other process uses the ports of a pod.
      claimsPorts: false,
      accessLog: options.accessLog === 'stdout' ? 1 : null,
      accessLogSamplePercent: options.accessLogSample,
      zone: options.zone,
      node: options.node,
      targets: { place: 'cluster', ownPorts: [options.probes.port] },
      drainMs: options.drain,
      debug: options.logLevel === 'debug',
    },
    attach: (stream) => server.attach(stream),
    claim: () => Promise.resolve(null),
    credentials,
    sessionSecret: sessionSecretOf(options.identity, logger),
    isConfigured: () => true,
    logger,
  });
}

/** Of the Gateway: the same for all of its proxies. Controllers of earlier versions provide none. */
function sessionSecretOf(identityFolder: string, logger: Logger): Buffer | undefined {
  try {
    return readSessionSecret(join(identityFolder, 'session.key'));
  } catch (error) {
    logger.warn("no session key: sessions of clients are this proxy's alone", {
      error: describeFileError(error),
    });
    return undefined;
  }
}

function probeHandlers(
  server: ConfigServer,
  pool: WorkerPool,
  state: { readonly isLeaving: boolean },
): Readonly<Record<string, AdminHandler>> {
  const isConfigured = (): boolean =>
    server.revision > 0 && server.peers.some(({ acknowledged }) => acknowledged > 0);
  return {
    '/healthz': () => health(pool.unhealthy()),
    '/readyz': () => {
      if (state.isLeaving) return text('draining', 503);
      if (!isConfigured()) return text('waiting for configuration', 503);
      const unbound = whyNothingIsBound(server.peers);
      return unbound === null ? text('ready') : text(unbound, 503);
    },
    '/metrics': async () => {
      const stats = await pool.stats();
      const families = [...proxyMetrics(stats.proxies), ...workerMetrics(stats)];
      const { contentType, text: body } = await exposeMetrics(families);
      return { status: 200, contentType, body };
    },
  };
}

interface Ending {
  /** After a signal, the proxy is no longer ready. */
  onLeaving(): void;
  /** No new requests arrive any more. */
  onDrain(): void;
}

function untilDrained(pool: WorkerPool, drainMs: number, ending: Ending): Promise<number> {
  return new Promise((resolve) => {
    let exitCode = 0;
    listenForSignals({
      onFirst() {
        ending.onLeaving();
        setTimeout(() => {
          ending.onDrain();
          void pool.drain(drainMs).then(() => {
            resolve(exitCode);
          });
        }, LEAVE_MS);
      },
      onSecond(signal) {
        exitCode = 128 + constants.signals[signal];
        pool.kill();
      },
    });
  });
}
