/** The process of `sluice controller`: until a signal ends it. */
import { loadApiServer } from '../../kubeapi/kube-config.ts';
import { createJsonLogger, type LogLevel } from '../../telemetry/json-logger.ts';
import { createLineWriter } from '../../telemetry/line-writer.ts';
import { USAGE_ERROR } from '../exit-codes.ts';
import { logRejections } from '../../supervisor/rejections.ts';
import { printError } from '../../report/terminal.ts';
import { sluiceVersion } from '../version.ts';
import { startController, type ControllerOptions } from './controller.ts';

export interface RunControllerOptions extends Omit<
  ControllerOptions,
  'apiServer' | 'logger' | 'probeHost' | 'version'
> {
  readonly kubeconfig: string | null;
  readonly logLevel: LogLevel;
}

const STANDARD_ERROR = 2;

export async function runController(options: RunControllerOptions): Promise<void> {
  const { kubeconfig, logLevel, ...rest } = options;
  const logger = createJsonLogger(createLineWriter(STANDARD_ERROR), logLevel);
  logRejections(logger);
  const loaded = loadApiServer(process.env, kubeconfig);
  if (!loaded.ok) {
    printError(`sluice controller: ${loaded.failure}`);
    process.exitCode = USAGE_ERROR;
    return;
  }
  const apiServer = loaded.value;
  const ended = untilSignal();
  const starting = startController({
    ...rest,
    apiServer,
    logger,
    probeHost: '0.0.0.0',
    version: sluiceVersion(),
  });
  const controller = await Promise.race([starting, ended.then(() => null)]);
  // Stopped before the cluster was read: nothing to release yet.
  if (controller === null) process.exit(0);
  await ended;
  await controller.stop();
}

const untilSignal = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        resolve();
      });
    }
  });
