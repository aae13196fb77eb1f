/** `sluice proxy`: the data plane of one Gateway in Kubernetes. The controller provisions it. */
import { availableParallelism } from 'node:os';
import { Option, type Command } from 'commander';
import { LOG_LEVELS, type LogLevel } from '../../telemetry/json-logger.ts';
import {
  parseAddress,
  parsePath,
  parsePercent,
  parsePortMap,
  parseRemoteAddress,
  parseSeconds,
  parseWorkers,
  type HostPort,
} from '../options.ts';
import { nodeOption, zoneOption } from '../locality-options.ts';

export interface ProxyCommandOptions {
  readonly gateway: string;
  readonly controller: HostPort;
  readonly identity: string;
  readonly state: string;
  readonly probes: HostPort;
  readonly logLevel: LogLevel;
  readonly accessLog: 'off' | 'stdout';
  readonly accessLogSample: number;
  readonly drain: number;
  readonly workers: number;
  readonly zone: string;
  readonly node: string;
  readonly map: ReadonlyMap<number, number>;
}

export function registerProxy(program: Command): void {
  program
    .command('proxy')
    .description('serve one Gateway with configuration from the controller (which provisions this proxy)')
    .requiredOption('--gateway <namespace/name>', 'Gateway to serve')
    .requiredOption('--controller <host:port>', 'address of the controller', parseRemoteAddress)
    .requiredOption(
      '--identity <folder>',
      'folder of ca.crt, tls.crt and tls.key (the identity of the Gateway) and session.key',
      parsePath,
    )
    .requiredOption('--state <folder>', 'folder for the last good configuration', parsePath)
    .addOption(
      new Option('--probes <address:port>', '/healthz, /readyz and /metrics')
        .argParser(parseAddress)
        .default({ host: '0.0.0.0', port: 15_002 }, '0.0.0.0:15002'),
    )
    .addOption(
      new Option('--log-level <level>', 'lowest severity of log messages to print')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addOption(
      new Option('--access-log <target>', 'where to log completed requests')
        .choices(['off', 'stdout'])
        .default('stdout'),
    )
    .option('--access-log-sample <percent>', 'percentage of requests to log', parsePercent, 100)
    .addOption(
      new Option('--drain <seconds>', 'time limit for requests in flight after SIGTERM')
        .argParser(parseSeconds)
        .default(50_000, '50'),
    )
    .addOption(
      new Option('--workers <count>', 'worker processes')
        .argParser(parseWorkers)
        .default(availableParallelism(), 'one per core'),
    )
    .addOption(
      new Option('--map <port=bound>', 'port to bind for a listener port')
        .argParser(parsePortMap)
        .default(new Map(), 'the same port'),
    )
    .addOption(zoneOption())
    .addOption(nodeOption())
    .action(async (options: ProxyCommandOptions) => {
      const { runProxy } = await import('./proxy.ts');
      process.exitCode = await runProxy(options);
    });
}
