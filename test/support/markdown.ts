/** Reads Markdown as far as tests of documents need it. */

/** Cells of the body rows of the first table whose first column is headed `firstHeading`; empty when there is none. */
export function tableRows(text: string, firstHeading: string): string[][] {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => cellsOf(line)[0] === firstHeading);
  if (start < 0) return [];
  const body = lines.slice(start + 2);
  const end = body.findIndex((line) => !line.startsWith('|'));
  return body.slice(0, end < 0 ? body.length : end).map(cellsOf);
}

/** A `\|` is text, not the end of a cell. */
const cellsOf = (line: string): string[] =>
  line
    .split(/(?<!\\)\|/u)
    .slice(1, -1)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));

export interface CodeBlock {
  readonly language: string;
  readonly code: string;
}

/** Fenced code blocks in order. */
export const codeBlocks = (text: string): CodeBlock[] =>
  [...text.matchAll(/^```(\w*)\n(.*?)^```$/gmsu)].map(([, language = '', code = '']) => ({ language, code }));

/** Texts that are set as code within prose and tables, in order. */
export const inlineCode = (text: string): string[] =>
  [...text.replaceAll(/^```.*?^```$/gmsu, '').matchAll(/`([^`\n]+)`/gu)].map(([, code = '']) => code);
