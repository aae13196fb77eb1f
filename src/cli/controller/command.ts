/** `sluice controller`: serves the Gateways of a Kubernetes cluster. */
import { hostname } from 'node:os';
import { Option, type Command } from 'commander';
import { LOG_LEVELS, type LogLevel } from '../../telemetry/json-logger.ts';
import { parsePort } from '../run/options.ts';

interface ControllerCommandOptions {
  readonly service: string;
  readonly configPort: number;
  readonly probePort: number;
  readonly proxyImage: string;
  readonly kubeconfig?: string;
  readonly logLevel: LogLevel;
}

export function registerController(program: Command): void {
  program
    .command('controller')
    .description('serve the Gateways of a Kubernetes cluster (the Helm chart runs this)')
    .requiredOption('--service <name>', 'DNS name under which proxies reach this controller')
    .requiredOption('--proxy-image <image>', 'container image of the proxies')
    .option('--config-port <port>', 'port of the configuration stream', parsePort, 15_010)
    .option('--probe-port <port>', 'port of /healthz and /readyz', parsePort, 15_002)
    .option('--kubeconfig <file>', 'outside of a cluster: how to reach one')
    .addOption(new Option('--log-level <level>', 'least level to log').choices(LOG_LEVELS).default('info'))
    .action(async ({ kubeconfig, ...options }: ControllerCommandOptions) => {
      const { runController } = await import('./controller.ts');
      await runController({
        ...options,
        kubeconfig: kubeconfig ?? null,
        namespace: process.env['POD_NAMESPACE'] ?? 'sluice-system',
        identity: process.env['POD_NAME'] ?? hostname(),
      });
    });
}
