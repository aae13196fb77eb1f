/**
 * Entry of a worker process: the data plane and nothing else. It follows the configuration of its supervisor, reports its
 * counters, and exits on request or when the supervisor is gone. Its memory is limited: it loads no YAML, no schema, no
 * translator and no log library (run/worker-imports.test.ts).
 */
import { Socket } from 'node:net';
import { followConfig } from '../configsync/client.ts';
import { TargetGuard } from '../proxy/upstream/target-guard.ts';
import { createProxy } from '../proxy/proxy.ts';
import type { PortClaim, PortResult } from '../proxy/port/port-options.ts';
import type { LedgerConnection } from '../proxy/limits/connection.ts';
import type { LedgerMessage } from '../proxy/limits/limit.ts';
import { tickEventClock } from '../proxy/net/event-clock.ts';
import { createLineWriter } from '../telemetry/line-writer.ts';
import type { LogFields, Logger } from '../telemetry/logger.ts';
import { createAccessLog } from '../access-log/access-log.ts';
import { WorkerCredentials } from './worker-credentials.ts';
import { collectGarbage } from './heap.ts';
import {
  CONFIG_DESCRIPTOR,
  SESSION_SECRET_VARIABLE,
  TICKET_SECRET_VARIABLE,
  toWorker,
  type FromWorker,
  type LogLevel,
  type WorkerSettings,
  type WorkerStats,
} from './worker-messages.ts';

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;
process.title = `sluice: worker ${String(settings.index)}`;

const tell = (message: FromWorker, done?: () => void): void => {
  if (process.connected) process.send?.(message, undefined, undefined, done);
  else done?.();
};

const credentials = new WorkerCredentials((message) => {
  tell(message);
  return process.connected;
});

/** Log lines go to the supervisor, which has the log's format, its level and its destination. */
function supervisorLogger(isDebug: boolean): Logger {
  const log =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      tell({ kind: 'log', level, message, fields });
    };
  const debug = isDebug ? log('debug') : (): void => undefined;
  return { debug, info: log('info'), warn: log('warn'), error: log('error') };
}

const claims = new Map<number, (refusal: string | null) => void>();
let claimsMade = 0;

/** Without a response a port is not bound, and claimed again later. */
const CLAIM_TIMEOUT_MS = 30_000;

/** Without a supervisor, every claim is granted. */
function claim(wanted: PortClaim): Promise<string | null> {
  if (!process.connected) return Promise.resolve(null);
  return new Promise((resolve) => {
    const id = ++claimsMade;
    const timer = setTimeout(() => {
      claims.delete(id);
      resolve('the supervisor does not respond');
    }, CLAIM_TIMEOUT_MS);
    claims.set(id, (refusal) => {
      clearTimeout(timer);
      resolve(refusal);
    });
    tell({ kind: 'claim', id, claim: wanted });
  });
}

let receiveLeases: (message: LedgerMessage) => void = () => undefined;

/** Reports that a supervisor does not get are of no use to another. */
const ledger: LedgerConnection = {
  workers: settings.workers,
  send: (reports) => {
    tell({ kind: 'leases', reports });
  },
  listen(receive) {
    receiveLeases = receive;
  },
};

/** Removed from the environment, so that child processes do not inherit it. */
function takeSecret(variable: string): Buffer | undefined {
  const secret = process.env[variable];
  Reflect.deleteProperty(process.env, variable);
  return secret === undefined ? undefined : Buffer.from(secret, 'hex');
}

const ticketSecret = takeSecret(TICKET_SECRET_VARIABLE);
const sessionSecret = takeSecret(SESSION_SECRET_VARIABLE);

const logger = supervisorLogger(settings.debug);
const lines = settings.accessLog === null ? null : createLineWriter(settings.accessLog);
/** Of the configuration stream, once it is open. */
let reportPorts: (ports: readonly PortResult[]) => void = () => undefined;

const proxy = createProxy(
  { logger, observers: lines === null ? [] : [createAccessLog(lines, settings.accessLogSamplePercent)] },
  {
    bindAddress: settings.bindAddress,
    portMap: new Map(settings.portMap),
    reusePort: settings.reusePort,
    ...(settings.claimsPorts ? { claim } : {}),
    onPortsChanged: (ports) => {
      reportPorts(ports);
    },
    locality: { zone: settings.zone, node: settings.node },
    targets: new TargetGuard(settings.targets),
    ledger,
    credentials,
    ...(ticketSecret === undefined ? {} : { ticketSecret }),
    ...(sessionSecret === undefined ? {} : { sessionSecret }),
  },
);

function stats(): WorkerStats {
  const { user, system } = process.cpuUsage();
  return {
    proxy: proxy.stats(),
    residentBytes: process.memoryUsage.rss(),
    cpuSeconds: (user + system) / 1e6,
    accessLogDropped: lines?.dropped ?? 0,
  };
}

/** After an internal error, exchanges of other clients get this long to finish. */
const FAILED_DRAIN_MS = 10_000;

let isDraining = false;

async function drain(deadlineMs: number): Promise<void> {
  if (isDraining) return;
  isDraining = true;
  await proxy.drain(deadlineMs);
  const last = stats();
  await proxy.stop();
  await lines?.close();
  // Anything still open, like the configuration stream, is not needed now.
  tell({ kind: 'drained', stats: last }, () => process.exit(0));
}

process.on('message', (sent) => {
  const message = toWorker(sent);
  switch (message.kind) {
    case 'ping':
      tell({ kind: 'pong', id: message.id });
      return;
    case 'stats':
      tell({ kind: 'stats', id: message.id, stats: stats() });
      return;
    case 'drain':
      void drain(message.deadlineMs);
      return;
    case 'leases':
      tickEventClock();
      receiveLeases(message);
      return;
    case 'claimed':
      claims.get(message.id)?.(message.refusal);
      claims.delete(message.id);
      return;
    case 'key-set':
    case 'key-set-fetched':
    case 'password-checked':
      credentials.told(message);
  }
});
// One request that hits a bug must not affect the others: a successor takes over, and they finish here.
process.on('uncaughtException', (error) => {
  logger.error('internal error in a worker', { error: error.stack ?? error.message });
  if (!isDraining) tell({ kind: 'failed', error: error.message });
  void drain(FAILED_DRAIN_MS);
});
// The supervisor is gone: drain and exit.
process.on('disconnect', () => {
  for (const resolve of claims.values()) resolve(null);
  credentials.abandoned();
  void drain(settings.drainMs);
});
process.on('SIGTERM', () => void drain(settings.drainMs));
// A terminal sends these to the whole group; the supervisor handles them.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);

/** A supervisor accepts larger messages than a controller (WORKER_LIMITS): a worker of `sluice run` serves every Gateway. */
const WORKER_ACK_BYTES = 16 * 1024 * 1024;

let isConfigured = false;

followConfig({
  stream: new Socket({ fd: CONFIG_DESCRIPTOR, readable: true, writable: true }),
  dataPlane: {
    apply(configs) {
      // Before the first configuration nothing is served, so a pause delays no request.
      if (!isConfigured) collectGarbage();
      isConfigured = true;
      return proxy.apply(configs);
    },
    applyEndpoints: (sets) => {
      for (const set of sets) proxy.applyEndpoints(set);
    },
    onPortsChanged(listener) {
      reportPorts = listener;
    },
  },
  name: `worker ${String(settings.index)}`,
  logger,
  ackBytes: WORKER_ACK_BYTES,
});
