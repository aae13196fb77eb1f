/**
 * Commands that a README shows with their output, and whether a real run gave that output.
 *
 * In a `console` block a line that begins with `$ ` is a command (lines that begin with `> ` continue it); what follows
 * is its output. In shown output `…` matches any text within a line, and a line of `…` alone matches any lines.
 */
import { codeBlocks } from './markdown.ts';

export interface ShownCommand {
  readonly command: string;
  readonly output: string;
}

function readBlock(code: string): ShownCommand[] {
  const shown: { command: string; output: string[] }[] = [];
  for (const line of code.trimEnd().split('\n')) {
    const last = shown.at(-1);
    if (line.startsWith('$ ')) shown.push({ command: line.slice(2), output: [] });
    else if (last === undefined) throw new Error(`a console block begins with a command, not with: ${line}`);
    else if (line.startsWith('> ') && last.output.length === 0) last.command += `\n${line.slice(2)}`;
    else last.output.push(line);
  }
  return shown.map(({ command, output }) => ({ command, output: output.join('\n') }));
}

export const shownCommands = (markdown: string): ShownCommand[] =>
  codeBlocks(markdown)
    .filter(({ language }) => language === 'console')
    .flatMap(({ code }) => readBlock(code));

const quote = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/gu, '\\$&');

/** The source of a pattern for lines as they are shown. */
export const linesPattern = (shown: string): string =>
  shown
    .trimEnd()
    .split('\n')
    .map((line) => (line.trim() === '…' ? '(?:.*\\n)*?.*' : line.split('…').map(quote).join('.*')))
    .join('\\n');

/** The shown output as a pattern for a whole real one, trailing white space aside. */
export const outputPattern = (shown: string): RegExp => new RegExp(`^${linesPattern(shown)}\\s*$`, 'u');
