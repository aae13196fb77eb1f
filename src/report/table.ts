/** Columns of text, with minimum width. */
import { widthOf, wrap } from './layout.ts';

export interface TableRow {
  readonly cells: readonly string[];
  /** Lines below the row: what is too long for a column. */
  readonly below?: readonly string[];
}

const INDENT = '    ';
const GAP = '  ';

/** Rows of equal length; the first may be a heading. The last column is not padded. */
export function formatTable(rows: readonly TableRow[], width = Infinity): string[] {
  const widths: number[] = [];
  for (const { cells } of rows) {
    for (const [column, cell] of cells.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    }
  }
  return rows.flatMap(({ cells, below = [] }) => [
    ...formatRow(cells, widths, width),
    ...below.flatMap((text) => wrap(INDENT + text, width, INDENT + GAP)),
  ]);
}

function formatRow(cells: readonly string[], widths: readonly number[], width: number): string[] {
  const line = cells
    .map((cell, column) =>
      column === cells.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)),
    )
    .join(GAP)
    .trimEnd();
  return widthOf(line) <= width ? [line] : foldedRow(cells, width);
}

/** A row that is wider than the terminal is wrapped, between cells if possible. */
function foldedRow(cells: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const cell of cells.filter((text) => text.trim() !== '')) {
    if (line !== '' && widthOf(line) + GAP.length + widthOf(cell) > width) {
      lines.push(line);
      line = INDENT + cell;
    } else line += line === '' ? cell : GAP + cell;
  }
  return [...lines, line].flatMap((text) => wrap(text, width, INDENT + GAP));
}
