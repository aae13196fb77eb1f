/** Log lines as JSON: for workers, whose memory is limited, and without a terminal. */
import type { LineWriter } from './line-writer.ts';
import type { LogFields, Logger } from './logger.ts';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** `base` is part of every line. Fields of a line win over `base`, never over time, level and message. */
export function createJsonLogger(writer: LineWriter, level: LogLevel, base: LogFields = {}): Logger {
  const lowest = LOG_LEVELS.indexOf(level);
  const log =
    (name: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(name) < lowest) return;
      writer.write(
        JSON.stringify({ ...base, ...fields, time: new Date().toISOString(), level: name, message }),
      );
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}
