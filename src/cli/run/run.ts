/** Wires `sluice run`: the supervisor, log, summary, status file, admin API and signals. */
import { constants } from 'node:os';
import { resolve, sep } from 'node:path';
import { startAdminServer, type AdminServer } from '../../admin/server.ts';
import type { StatusReport } from '../../admin/status-report.ts';
import { createFileProvider, type LocatingProvider } from '../../provider/file/file-provider.ts';
import { withTlsFolder } from '../../provider/file/tls-folder.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { Provider } from '../../provider/provider.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { TranslateOptions } from '../../translator/types.ts';
import { logRejections } from '../../supervisor/rejections.ts';
import { CLEAN, USAGE_ERROR } from '../exit-codes.ts';
import { findingLines } from '../../report/finding-lines.ts';
import { layoutFor } from '../../report/layout.ts';
import { namesOf } from '../paths.ts';
import { colorsFor, print, printError } from '../../report/terminal.ts';
import { translateOptions } from '../../controller/translate-options.ts';
import { sluiceVersion } from '../version.ts';
import { EventStream } from '../../admin/api/event-stream.ts';
import { adminHandlers } from '../../admin/admin-handlers.ts';
import type { RunOptions } from './command.ts';
import { withEcho, type EchoOptions } from '../../echo/echo-provider.ts';
import { mappedRedirectNotes } from './mapped-redirects.ts';
import { FailingBackends } from '../../admin/failing-backends.ts';
import { resolveFreePorts } from '../../supervisor/free-port.ts';
import { LiveSummary } from '../../report/run/live-summary.ts';
import type { HostPort } from '../options.ts';
import { listenForSignals } from '../../supervisor/signals.ts';
import { StatusFile } from '../../admin/status-file.ts';
import { Supervisor } from '../../supervisor/supervisor.ts';
import { isRunning, Takeover } from '../../supervisor/takeover.ts';
import { createTerminalLogger } from './terminal-logger.ts';
import type { WorkerSettings } from '../../supervisor/worker-messages.ts';

const STANDARD_ERROR = 2;
const FAILURE_POLL_MS = 5_000;

/** Serves until a signal ends it; resolves with the exit code. */
export async function runGateways(paths: readonly string[], options: RunOptions): Promise<number> {
  const problem = problemOf(paths, options);
  if (problem !== null) {
    printError(`sluice run: ${problem}`);
    return USAGE_ERROR;
  }
  const { logger, close: closeLog } = await createLogger(options);
  logRejections(logger);
  const files = createFileProvider({ paths, watch: options.watch, logger });
  const summary = createSummary(paths, options);
  let standInNotes: readonly string[] = [];
  const provider = createProvider(files, options, logger, (notes) => {
    standInNotes = notes;
  });
  const statusFile = createStatusFile(options, files, logger);
  const takeover = options.takeover === undefined ? null : new Takeover(options.takeover, logger);
  const { settings, adminPorts } = await workerSettings(options);
  const nothingToServe = Promise.withResolvers<StatusReport>();
  const supervisor = new Supervisor({
    provider,
    locate: (object, path) => files.locate(object, path),
    translateOptions: optionsOfTranslation(options),
    workers: options.workers,
    sessionSecret: options.sessionKey,
    workerSettings: settings,
    version: sluiceVersion(),
    logger,
    onInput: () => {
      summary.inputChanged();
    },
    onChange: (report, { result, snapshot }) => {
      if (!isWatching(paths, options) && isEmpty(snapshot)) {
        nothingToServe.resolve(report);
        return;
      }
      summary.setNotes([...standInNotes, ...mappedRedirectNotes(result.configs, settings.portMap)]);
      summary.update(report);
      statusFile?.update(result.statuses, snapshot);
      if (report.ready) takeover?.ready();
    },
  });
  const admin = await openAdmin({ supervisor, options, logger, takeover, adminPorts }, (address) => {
    summary.setAdmin(address);
  });
  const failures = watchFailures(supervisor, logger);
  const ended = untilSignals(supervisor, options.drain, logger);
  await supervisor.start();
  const refused = nothingToServe.promise.then(async ({ findings }) => {
    reportNothing(paths, findings);
    await supervisor.drain(0);
    return USAGE_ERROR;
  });
  const exitCode = await Promise.race([ended, refused]);
  summary.stop();
  clearInterval(failures);
  await statusFile?.close();
  await admin.close();
  closeLog();
  return exitCode;
}

/** A port chosen by the system is known before the first worker starts. */
function noteAdminPort(ports: number[], address: string | null): void {
  if (address !== null) ports.push(Number(address.slice(address.lastIndexOf(':') + 1)));
}

const optionsOfTranslation = ({ allClasses, trustedCidrs }: RunOptions): TranslateOptions =>
  translateOptions({ allClasses: allClasses === true, trustedCidrs });

function createStatusFile(
  { status }: RunOptions,
  files: LocatingProvider,
  logger: Logger,
): StatusFile | null {
  if (status === undefined) return null;
  return new StatusFile(status, logger, (object) => files.writtenStatus(object));
}

function createProvider(
  files: Provider,
  { echo, tlsDir, watch }: RunOptions,
  logger: Logger,
  onNotes: EchoOptions['onNotes'],
): Provider {
  const withTls = tlsDir === undefined ? files : withTlsFolder(files, { folder: tlsDir, watch, logger });
  return echo === true ? withEcho(withTls, { logger, onNotes }) : withTls;
}

/** Asks the workers every few seconds which requests got no response from a backend. */
function watchFailures(supervisor: Supervisor, logger: Logger): NodeJS.Timeout {
  const failing = new FailingBackends();
  return setInterval(() => {
    void supervisor.requestStats().then((requests) => {
      for (const line of failing.linesFor(requests, performance.now())) logger.warn(line);
    });
  }, FAILURE_POLL_MS).unref();
}

/** Conflicts between options, as text. */
function problemOf(paths: readonly string[], { status, takeover }: RunOptions): string | null {
  if (takeover !== undefined && !isRunning(takeover)) {
    return `--takeover ${String(takeover)}: there is no such process; start without it`;
  }
  if (status === undefined) return null;
  const file = resolve(status);
  const around = paths.find(
    (path) => path !== '-' && (file === resolve(path) || file.startsWith(resolve(path) + sep)),
  );
  return around === undefined
    ? null
    : `--status ${status} is in ${around}, which Sluice reads as manifests; choose another path`;
}

interface OpenLog {
  readonly logger: Logger;
  readonly close: () => void;
}

/** Text for a terminal, JSON lines otherwise; on standard error in both cases. */
async function createLogger({ logLevel }: RunOptions): Promise<OpenLog> {
  if (process.stderr.isTTY) {
    const logger = createTerminalLogger(logLevel, colorsFor(process.stderr), printError);
    return { logger, close: () => undefined };
  }
  const { createPinoLogger } = await import('../../telemetry/pino-logger.ts');
  return createPinoLogger(STANDARD_ERROR, logLevel);
}

/** On standard output, unless the access log uses it. */
/** Standard input is read once. */
const isWatching = (paths: readonly string[], { watch }: RunOptions): boolean =>
  watch && paths.some((path) => path !== '-');

const isEmpty = (snapshot: ResourceSnapshot): boolean =>
  Object.values(snapshot as unknown as Readonly<Record<string, readonly object[]>>).every(
    (list) => list.length === 0,
  );

function reportNothing(paths: readonly string[], findings: StatusReport['findings']): void {
  const nothing = `sluice run: no Kubernetes object that Sluice reads was found in ${namesOf(paths, ', ')}`;
  printError([...findingLines(findings, layoutFor(process.stderr)), nothing].join('\n'));
}

function createSummary(paths: readonly string[], options: RunOptions): LiveSummary {
  const { accessLog, workers } = options;
  const toError = accessLog === 'stdout';
  return new LiveSummary({
    title: `sluice ${sluiceVersion()} serves ${namesOf(paths, ' ')} with ${String(workers)} ${workers === 1 ? 'worker' : 'workers'}`,
    footer: [isWatching(paths, options) ? 'Edits are live when you save. Ctrl-C ends.' : 'Ctrl-C ends.'],
    layout: () => layoutFor(toError ? process.stderr : process.stdout),
    print: toError ? printError : print,
  });
}

function accessLogTarget(text: string): WorkerSettings['accessLog'] {
  if (text === 'off') return null;
  return text === 'stdout' ? 1 : resolve(text);
}

interface WorkersOfRun {
  readonly settings: Omit<WorkerSettings, 'index' | 'workers'>;
  /** Part of the settings; the port of the admin API is added when it is open. */
  readonly adminPorts: number[];
}

async function workerSettings(options: RunOptions): Promise<WorkersOfRun> {
  const adminPorts = options.admin === 'off' ? [] : [options.admin.port];
  const settings = {
    bindAddress: options.bind,
    portMap: [...(await resolveFreePorts(options.map, options.bind))],
    reusePort: true,
    claimsPorts: options.takeover === undefined,
    accessLog: accessLogTarget(options.accessLog),
    accessLogSamplePercent: options.accessLogSample,
    zone: options.zone,
    node: options.node,
    targets: { place: 'local' as const, ownPorts: adminPorts },
    drainMs: options.drain,
    debug: options.logLevel === 'debug',
  };
  return { settings, adminPorts };
}

interface AdminParts {
  readonly supervisor: Supervisor;
  readonly options: RunOptions;
  readonly logger: Logger;
  readonly takeover: Takeover | null;
  /** Gets the port that is bound. */
  readonly adminPorts: number[];
}

/**
 * A failed admin API does not stop traffic; if a predecessor uses its address, it opens once that has exited. `onOpen` gets
 * the address, or null if there is none for now.
 */
async function openAdmin(
  { supervisor, options: { admin: address }, logger, takeover, adminPorts }: AdminParts,
  onOpen: (address: string | null) => void,
): Promise<{ close(): Promise<void> }> {
  const events = new EventStream(supervisor.view);
  const handlers = adminHandlers({
    unhealthy: () => supervisor.unhealthy(),
    notReady: () => supervisor.notReady(),
    view: supervisor.view,
    events,
    configs: () => supervisor.configs,
    listenerPort: (dialled) => supervisor.listenerPort(dialled),
    metrics: () => supervisor.metrics(),
  });
  let server: AdminServer | null = null;
  const open = async (): Promise<unknown> => {
    if (address === 'off') return null;
    try {
      server = await startAdminServer({ ...address, handlers, logger });
      return null;
    } catch (error) {
      return error;
    } finally {
      noteAdminPort(adminPorts, server?.address ?? null);
      onOpen(server?.address ?? null);
    }
  };
  const tell = (error: unknown): void => {
    if (error !== null && address !== 'off') logger.warn(noAdminApi(address, error));
  };
  const error = await open();
  if (error !== null && takeover !== null) void takeover.gone().then(open).then(tell);
  else tell(error);
  return {
    async close() {
      events.close();
      await server?.close();
    },
  };
}

function noAdminApi({ host, port }: HostPort, error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const why = code === 'EADDRINUSE' ? 'it is in use, perhaps by another sluice' : code;
  return `no admin API on ${host}:${String(port)}: ${why}; choose another with --admin 127.0.0.1:0, or --admin off`;
}

/** The first signal drains, the next ends; resolves with the exit code when all workers have ended. */
function untilSignals(supervisor: Supervisor, drainMs: number, logger: Logger): Promise<number> {
  return new Promise((resolveExit) => {
    let exitCode: number = CLEAN;
    listenForSignals({
      onFirst(signal) {
        const seconds = String(drainMs / 1000);
        logger.info(
          `draining after ${signal}: requests in flight have ${seconds} s, a second signal ends them`,
        );
        void supervisor.drain(drainMs).then(() => {
          resolveExit(exitCode);
        });
      },
      onSecond(signal) {
        exitCode = 128 + constants.signals[signal];
        supervisor.kill();
      },
    });
  });
}
