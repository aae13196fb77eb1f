/** Cuts a text into its documents without parsing them, so that those that did not change need not be parsed again. */

export interface Chunk {
  readonly text: string;
  /** Lines of the file before it. */
  readonly lineOffset: number;
}

/**
 * Documents of YAML begin with `---` at the start of a line, wherever that is (YAML 1.2 section 9.1.2 forbids it inside of scalars,
 * and JSON has no such line); JSON values follow each other without a mark.
 */
export function splitDocuments(text: string): readonly Chunk[] {
  const chunks: Chunk[] = [];
  let lineOffset = 0;
  for (const document of cut(text, markers(text))) {
    for (const chunk of cut(document, jsonStarts(document))) {
      chunks.push({ text: chunk, lineOffset });
      lineOffset += countLines(chunk);
    }
  }
  return chunks;
}

/** The pieces of a text that begin at the given offsets; the first includes what comes before it. */
const cut = (text: string, starts: readonly number[]): string[] =>
  starts.map((start, index) => text.slice(index === 0 ? 0 : start, starts[index + 1]));

function markers(text: string): readonly number[] {
  const starts = [0];
  for (const { index } of text.matchAll(/^---(?=\s|$)/gm)) if (index > 0) starts.push(index);
  return starts;
}

/** Where the values of a JSON text begin; one offset for any other text. */
function jsonStarts(text: string): readonly number[] {
  if (!/^(---)?\s*[{[]/.test(text)) return [0];
  const starts: number[] = [];
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') {
      if (depth === 0) starts.push(at);
      depth += 1;
    } else if (character === '}' || character === ']') depth = Math.max(0, depth - 1);
  }
  return starts;
}

/** The offset of the quote that ends a text, or the end. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at;
}

function countLines(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
