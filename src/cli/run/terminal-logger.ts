/** Log lines for a terminal. */
import { LOG_LEVELS, type LogLevel } from '../../telemetry/json-logger.ts';
import type { LogFields, Logger } from '../../telemetry/logger.ts';
import type { Colors } from '../../report/terminal.ts';

const PAINT = { debug: 'dim', info: 'cyan', warn: 'yellow', error: 'red' } as const;

export function createTerminalLogger(level: LogLevel, colors: Colors, write: (line: string) => void): Logger {
  const lowest = LOG_LEVELS.indexOf(level);
  const log =
    (name: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (LOG_LEVELS.indexOf(name) < lowest) return;
      const details = Object.entries(fields)
        .filter(([, value]) => value !== undefined && value !== null)
        .map(([key, value]) => ` ${colors.dim(`${key}=`)}${String(value)}`);
      write(`${colors[PAINT[name]](name)} ${message}${details.join('')}`);
    };
  return { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') };
}
