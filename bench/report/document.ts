/** Puts a report into docs/performance.md, between the marks of its suite. */
import { readFileSync, writeFileSync } from 'node:fs';
import { format, resolveConfig } from 'prettier';

/** The document with the text between `<!-- bench:NAME -->` and `<!-- /bench:NAME -->` replaced. */
export function replaceSection(text: string, name: string, section: string): string {
  const [open, close] = [`<!-- bench:${name} -->`, `<!-- /bench:${name} -->`];
  const start = text.indexOf(open);
  const end = text.indexOf(close);
  if (start < 0 || end < start) throw new Error(`the document has no ${open} … ${close}`);
  return `${text.slice(0, start + open.length)}\n\n${section}\n\n${text.slice(end)}`;
}

export async function writeSection(path: string, name: string, section: string): Promise<void> {
  const text = replaceSection(readFileSync(path, 'utf8'), name, section);
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), parser: 'markdown' }));
}
