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
    .description('serve one Gateway, with configuration from the controller (which provisions it)')
    .requiredOption('--gateway <namespace/name>', 'the Gateway it serves')
    .requiredOption('--controller <host:port>', 'where its configuration comes from', parseRemoteAddress)
    .requiredOption(
      '--identity <folder>',
      'ca.crt, tls.crt and tls.key that prove which Gateway it belongs to, and session.key',
      parsePath,
    )
    .requiredOption('--state <folder>', 'where the last good configuration is kept', parsePath)
    .addOption(
      new Option('--probes <address:port>', '/healthz, /readyz and /metrics')
        .argParser(parseAddress)
        .default({ host: '0.0.0.0', port: 15_002 }, '0.0.0.0:15002'),
    )
    .addOption(
      new Option('--log-level <level>', 'least severe log message to print')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .addOption(
      new Option('--access-log <target>', 'where finished requests are logged')
        .choices(['off', 'stdout'])
        .default('stdout'),
    )
    .option('--access-log-sample <percent>', 'share of the requests to log', parsePercent, 100)
    .addOption(
      new Option('--drain <seconds>', 'how long requests in flight may take after SIGTERM')
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
        .default(new Map(), 'each its own'),
    )
    .addOption(zoneOption())
    .addOption(nodeOption())
    .action(async (options: ProxyCommandOptions) => {
      const { runProxy } = await import('./proxy.ts');
      process.exitCode = await runProxy(options);
    });
}
