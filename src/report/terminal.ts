/** Colors, only on a terminal and unless NO_COLOR is set (no-color.org). */
import { createColors } from 'picocolors';
import { visibleText } from '../lib/visible-text.ts';

export type Colors = ReturnType<typeof createColors>;

export function colorsFor(stream: { readonly isTTY?: boolean }): Colors {
  const noColor = process.env['NO_COLOR'];
  return createColors(stream.isTTY === true && (noColor === undefined || noColor === ''));
}

export const print = (text: string): void => {
  process.stdout.write(`${visibleText(text)}\n`);
};

export const printError = (text: string): void => {
  process.stderr.write(`${visibleText(text)}\n`);
};
