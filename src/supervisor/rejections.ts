/**
 * An unhandled rejection of a background task is a bug in Sluice. Node would end the process: a controller
 * would leave every Gateway without configuration, a supervisor its workers. It is logged instead, and everything else continues.
 * A worker is replaced after an internal error (worker.ts).
 */
import type { EventEmitter } from 'node:events';
import type { Logger } from '../telemetry/logger.ts';

/** `source` emits `unhandledRejection` as `process` does. */
export function logRejections(logger: Logger, source: Pick<EventEmitter, 'on'> = process): void {
  source.on('unhandledRejection', (reason: unknown) => {
    logger.error('a background task failed', {
      error: reason instanceof Error ? (reason.stack ?? reason.message) : String(reason),
    });
  });
}
