/** `sluice run`: serves a folder of Gateway API YAML. */
import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { USAGE_ERROR } from '../exit-codes.ts';
import { arePathsThere } from '../paths.ts';
import { nodeOption, zoneOption } from '../locality-options.ts';
import { parseSessionKey } from '../session-secret.ts';
import {
  parseBindAddress,
  parseCidrs,
  parseListenAddress,
  parseLogTarget,
  parsePath,
  parsePercent,
  parsePortMap,
  parseProcessId,
  parseSeconds,
  parseWorkers,
  type ListenAddress,
} from '../options.ts';

/** The options as parsed; `accessLog` is `off`, `stdout` or a path; `drain` is milliseconds. */
export interface RunOptions {
  readonly watch: boolean;
  readonly workers: number;
  readonly zone: string;
  readonly node: string;
  readonly bind: string;
  readonly map: ReadonlyMap<number, number>;
  readonly trustedCidrs: readonly string[];
  readonly tlsDir?: string;
  readonly allClasses?: true;
  readonly echo?: true;
  readonly status?: string;
  readonly accessLog: string;
  readonly accessLogSample: number;
  readonly admin: ListenAddress;
  readonly drain: number;
  readonly takeover?: number;
  readonly sessionKey?: Buffer;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error';
}

const EXAMPLES = `
Examples:
  sluice run gateway/ --map 80=8080,443=8443    unprivileged ports
  sluice run gateway/ --echo                    echo backends for Services without endpoints
  sluice run routes.yaml services.yaml --no-watch --workers 1
  kustomize build . | sluice run - --access-log stdout

SIGTERM or Ctrl-C stops the gateway once requests in flight are done; a second one stops it at once.
Exit code: 0 stopped by a signal and drained, 2 wrong usage, 128 + n stopped by a second signal n.`;

const LOG_LEVEL = new Option('--log-level <level>', 'lowest severity of log messages to print')
  .choices(['debug', 'info', 'warn', 'error'])
  .default('info');

const TAKEOVER = new Option(
  '--takeover <pid>',
  'take over from this running gateway: share its ports, then stop it',
).argParser(parseProcessId);

export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('serve manifests (Gateways, routes, Services) and apply edits as you save them')
    .argument('<path...>', 'files, folders (recursive), or - for standard input');
  addServingOptions(command);
  addOperationOptions(command);
  command.addHelpText('after', EXAMPLES).action(async (paths: string[], options: RunOptions) => {
    if (!arePathsThere('run', options.tlsDir === undefined ? paths : [...paths, options.tlsDir])) {
      process.exitCode = USAGE_ERROR;
      return;
    }
    const { runGateways } = await import('./run.ts');
    process.exitCode = await runGateways(paths, options);
  });
}

/** Options for what is served, and where. */
function addServingOptions(command: Command): void {
  command
    .addOption(new Option('--no-watch', 'read the files once and do not watch for edits'))
    .addOption(new Option('--watch', 'watch the files for edits (the default)').hideHelp())
    .addOption(
      new Option('--workers <n>', 'proxy processes')
        .argParser(parseWorkers)
        .default(availableParallelism(), 'one per core'),
    )
    .addOption(
      new Option('--bind <address>', 'address for Gateways without spec.addresses')
        .argParser(parseBindAddress)
        .default('', 'all addresses'),
    )
    .addOption(
      new Option('--map <port=port>', 'bind another port for a listener port; may be repeated')
        .argParser(parsePortMap)
        .default(new Map<number, number>(), 'none'),
    )
    .addOption(
      new Option('--trusted-cidrs <cidrs>', 'trust forwarding and PROXY headers from these peers')
        .argParser(parseCidrs)
        .default([], 'none'),
    )
    .addOption(zoneOption())
    .addOption(nodeOption())
    .option(
      '--tls-dir <folder>',
      'folder of certificate and key files, which listeners can reference as Secrets',
      parsePath,
    )
    .addOption(
      new Option('--session-key <file>', 'secret of at least 32 bytes that signs session cookies and headers')
        .argParser(parseSessionKey)
        .default(undefined, 'new at each start'),
    )
    .option('--all-classes', 'include Gateways of other controllers')
    .option('--echo', 'start an echo backend for every Service without endpoints');
}

/** Options for reporting, the admin API and shutdown. */
function addOperationOptions(command: Command): void {
  command
    .option(
      '--status <file>',
      'write the statuses of all objects to this file (.yaml, .yml or .json)',
      parsePath,
    )
    .option('--access-log <target>', 'off, stdout, or a file to append JSON lines to', parseLogTarget, 'off')
    .option('--access-log-sample <percent>', 'percentage of requests to log', parsePercent, 100)
    .addOption(
      new Option('--admin <address>', 'address of the admin API, or off')
        .argParser(parseListenAddress)
        .default(parseListenAddress('127.0.0.1:15000'), '127.0.0.1:15000'),
    )
    .addOption(
      new Option('--drain <seconds>', 'time limit for requests in flight after SIGTERM')
        .argParser(parseSeconds)
        .default(30_000, '30'),
    )
    .addOption(TAKEOVER)
    .addOption(LOG_LEVEL);
}
