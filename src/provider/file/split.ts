/** Cuts a text into its documents without parsing them, so that those that did not change need not be parsed again. */

export interface Chunk {
  readonly text: string;
  /** Lines of the file that stand before it. */
  readonly lineOffset: number;
}

/**
 * Documents of YAML begin with `---` at the start of a line, wherever that stands (YAML 1.2 section 9.1.2 forbids it inside of scalars);
 * JSON values follow each other.
 */
export function splitDocuments(text: string): readonly Chunk[] {
  const starts = /^\s*[{[]/.test(text) ? jsonStarts(text) : yamlStarts(text);
  const chunks: Chunk[] = [];
  let lineOffset = 0;
  for (const [index, start] of starts.entries()) {
    const chunk = text.slice(start, starts[index + 1]);
    chunks.push({ text: chunk, lineOffset });
    lineOffset += countLines(chunk);
  }
  return chunks;
}

function yamlStarts(text: string): readonly number[] {
  const starts = [0];
  for (const { index } of text.matchAll(/^---(?=\s|$)/gm)) if (index > 0) starts.push(index);
  return starts;
}

/** Where a value at the top level begins, but for the first, which takes what stands before it. */
function jsonStarts(text: string): readonly number[] {
  const starts = [0];
  let depth = 0;
  let hasValue = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === '{' || character === '[') {
      if (depth === 0 && hasValue) starts.push(at);
      hasValue = true;
      depth += 1;
    } else if (character === '}' || character === ']') depth -= 1;
    else if (character === '\n' && depth <= 0 && text.startsWith('\n---', at)) starts.push(at + 1);
  }
  return starts;
}

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
