/** Columns of text, as wide as they must be. */

/** Escape sequences of colours take no room. */
const COLOUR = /\u001b\[[0-9;]*m/gu;

const widthOf = (cell: string): number => cell.replaceAll(COLOUR, '').length;

/** Rows of equal length; the first may be a heading. The last column is not padded. */
export function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    }
  }
  return rows.map((row) =>
    row
      .map((cell, column) =>
        column === row.length - 1 ? cell : cell + ' '.repeat((widths[column] ?? 0) - widthOf(cell)),
      )
      .join('  ')
      .trimEnd(),
  );
}
