/** Log lines as JSON by pino, for the control process. Workers send theirs there, so that they need not load it. */
import { destination as openDestination, pino } from 'pino';
import type { LogLevel } from './json-logger.ts';
import type { Logger } from './logger.ts';

export interface PinoLogger {
  readonly logger: Logger;
  /** Writes what is left. */
  readonly close: () => void;
}

/** Bytes that may wait for a reader that has stopped reading; more are dropped. */
const LIMIT_BYTES = 8 * 1024 * 1024;

/** `target`: a descriptor, or a path. Time is RFC 3339, the level a word, the text in `message`: as `createJsonLogger` writes them. */
export function createPinoLogger(target: number | string, level: LogLevel): PinoLogger {
  const destination = openDestination({ dest: target, sync: false, maxLength: LIMIT_BYTES });
  // A log that cannot be written must not end what it tells about.
  destination.on('error', () => undefined);
  const log = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    logger: {
      debug: (message, fields = {}) => {
        log.debug(fields, message);
      },
      info: (message, fields = {}) => {
        log.info(fields, message);
      },
      warn: (message, fields = {}) => {
        log.warn(fields, message);
      },
      error: (message, fields = {}) => {
        log.error(fields, message);
      },
    },
    close: () => {
      destination.flushSync();
    },
  };
}
