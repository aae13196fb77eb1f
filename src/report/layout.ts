/** Layout of text: colors and the width of the terminal. */
import { colorsFor, type Colors } from './terminal.ts';

export interface Layout {
  readonly colors: Colors;
  /** Columns; infinite without a terminal, so that files and pipes get one line per item. */
  readonly width: number;
}

export const layoutFor = (stream: { readonly isTTY?: boolean; readonly columns?: number }): Layout => ({
  colors: colorsFor(stream),
  width: stream.isTTY === true ? (stream.columns ?? Infinity) : Infinity,
});

/** Escape sequences of colors take no room. */
const COLOR = /\u001b\[[0-9;]*m/gu;

export const widthOf = (text: string): number => text.replaceAll(COLOR, '').length;

/** Minimum width of text beside its indentation. */
const LEAST_WIDTH = 20;

/** Lines of at most `width` columns, broken between words; all but the first are indented. A longer word stays whole. */
export function wrap(text: string, width: number, indent: string): string[] {
  if (widthOf(text) <= width) return [text];
  const room = Math.max(LEAST_WIDTH, width);
  const [, lead = '', rest = ''] = /^(\s*)(.*)$/su.exec(text) ?? [];
  const lines: string[] = [];
  let line = lead;
  let isEmpty = true;
  for (const word of rest.split(' ')) {
    if (!isEmpty && widthOf(line) + 1 + widthOf(word) > room) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
