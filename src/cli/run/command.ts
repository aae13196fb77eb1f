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
  sluice run gateway/ --map 80=8080,443=8443    ports without privileges
  sluice run gateway/ --echo                    an echo backend behind Services without endpoints
  sluice run routes.yaml services.yaml --no-watch --workers 1
  kustomize build . | sluice run - --access-log stdout

Ends with SIGTERM or Ctrl-C once requests in flight are done; a second one ends at once.
Exit code: 0 ended by a signal and drained, 2 wrong usage, 128 + n ended by a second signal n.`;

const LOG_LEVEL = new Option('--log-level <level>', 'least severe log message to print')
  .choices(['debug', 'info', 'warn', 'error'])
  .default('info');

const TAKEOVER = new Option(
  '--takeover <pid>',
  'replace this running gateway: share its ports, then end it',
).argParser(parseProcessId);

export function registerRun(program: Command): void {
  const command = program
    .command('run')
    .description('serve manifests: Gateways, routes, Services; an edit is live when you save')
    .argument('<path...>', 'files, folders (with all below), or - for standard input');
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

/** What is served, and where. */
function addServingOptions(command: Command): void {
  command
    .addOption(new Option('--no-watch', 'read the files once; without it, edits are followed'))
    .addOption(new Option('--watch', 'follow edits of the files (the default)').hideHelp())
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
      new Option('--map <port=port>', 'bind another port than the listener names; may be repeated')
        .argParser(parsePortMap)
        .default(new Map<number, number>(), 'none'),
    )
    .addOption(
      new Option('--trusted-cidrs <cidrs>', 'peers whose forwarding and PROXY headers are trusted')
        .argParser(parseCidrs)
        .default([], 'none'),
    )
    .addOption(zoneOption())
    .addOption(nodeOption())
    .option(
      '--tls-dir <folder>',
      'certificates and keys in files, as Secrets that listeners can name',
      parsePath,
    )
    .addOption(
      new Option('--session-key <file>', 'secret of at least 32 bytes that keys session cookies and headers')
        .argParser(parseSessionKey)
        .default(undefined, 'new at each start'),
    )
    .option('--all-classes', 'serve Gateways of other controllers too')
    .option('--echo', 'put an echo backend behind every Service that has no endpoints');
}

/** How the process reports, is asked and ends. */
function addOperationOptions(command: Command): void {
  command
    .option(
      '--status <file>',
      'keep the statuses of all objects in this file (.yaml, .yml or .json)',
      parsePath,
    )
    .option('--access-log <target>', 'off, stdout, or a file to append JSON lines to', parseLogTarget, 'off')
    .option('--access-log-sample <percent>', 'share of the requests to log', parsePercent, 100)
    .addOption(
      new Option('--admin <address>', 'address of the admin API, or off')
        .argParser(parseListenAddress)
        .default(parseListenAddress('127.0.0.1:15000'), '127.0.0.1:15000'),
    )
    .addOption(
      new Option('--drain <seconds>', 'how long requests in flight may take after SIGTERM')
        .argParser(parseSeconds)
        .default(30_000, '30'),
    )
    .addOption(TAKEOVER)
    .addOption(LOG_LEVEL);
}
