/** `sluice controller`: serves the Gateways of a Kubernetes cluster. */
import { hostname } from 'node:os';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { LOG_LEVELS, type LogLevel } from '../../telemetry/json-logger.ts';
import { parseListenAddress, parsePath, parsePort, type ListenAddress } from '../options.ts';

interface ControllerCommandOptions {
  readonly service: string;
  readonly configPort: number;
  readonly probePort: number;
  readonly admin: ListenAddress;
  readonly proxyImage: string;
  readonly namespaces: readonly string[];
  readonly kubeconfig?: string;
  readonly externalBackends?: true;
  readonly logLevel: LogLevel;
}

const NAMESPACE = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

/** `shop,payments`; repeated options add up. */
function parseNamespaces(text: string, before: readonly string[]): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !NAMESPACE.test(name));
  if (wrong !== undefined) {
    throw new InvalidArgumentError(
      `"${wrong}" is not a namespace name. Write namespace names separated by commas.`,
    );
  }
  return [...new Set([...before, ...names])];
}

export function registerController(program: Command): void {
  program
    .command('controller')
    .description('serve the Gateways of a Kubernetes cluster (the Helm chart runs this)')
    .requiredOption('--service <name>', 'DNS name by which proxies reach this controller')
    .requiredOption('--proxy-image <image>', 'container image of the proxies')
    .addOption(
      new Option('--namespaces <names>', 'serve only objects in these namespaces (comma-separated)')
        .argParser(parseNamespaces)
        .default([], 'all'),
    )
    .option('--config-port <port>', 'port of the configuration stream', parsePort, 15_010)
    .option('--probe-port <port>', 'port of /healthz, /readyz and /metrics', parsePort, 15_002)
    .addOption(
      new Option('--admin <address>', 'address of the admin API, which has no authentication, or off')
        .argParser(parseListenAddress)
        .default(parseListenAddress('127.0.0.1:15000'), '127.0.0.1:15000'),
    )
    .option('--external-backends', 'serve ExternalName Services and XBackends, which can point to any host')
    .option('--kubeconfig <file>', 'kubeconfig file, for a controller outside the cluster', parsePath)
    .addOption(
      new Option('--log-level <level>', 'lowest severity of log messages to print')
        .choices(LOG_LEVELS)
        .default('info'),
    )
    .action(async (options: ControllerCommandOptions) => {
      const { runController } = await import('./run-controller.ts');
      await runController({
        ...options,
        kubeconfig: options.kubeconfig ?? null,
        externalBackends: options.externalBackends === true,
        namespaces: options.namespaces.length === 0 ? null : options.namespaces,
        namespace: process.env['POD_NAMESPACE'] ?? 'sluice-system',
        identity: process.env['POD_NAME'] ?? hostname(),
        // Without it, replicas on one machine still find each other.
        address: process.env['POD_IP'] ?? '127.0.0.1',
      });
    });
}
