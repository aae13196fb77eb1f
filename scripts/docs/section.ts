/**
 * A part of a page that is written from code. The page marks its place:
 *
 *     <!-- generated: NAME (npm run docs) -->
 *     <!-- end of NAME -->
 *
 * `npm run docs` replaces what is between the two; test/docs/generated.test.ts fails while it differs.
 */

export interface Section {
  /** Path of the page from the root of the repository. */
  readonly page: string;
  /** Unique within the page. */
  readonly name: string;
  /** Markdown. Need not be formatted: the whole page is. */
  readonly render: () => string | Promise<string>;
}

const MARKERS = /<!-- generated: (\S+) \(npm run docs\) -->\n([^]*?)<!-- end of (\S+) -->/g;

/**
 * The page with every section rendered again. Throws when the page marks a section that `sections` does not have, marks it
 * twice, or lacks one that `sections` has.
 */
export async function replaceSections(
  page: string,
  text: string,
  sections: readonly Section[],
): Promise<string> {
  const rendered = new Map<string, string>();
  for (const { name, render } of sections) rendered.set(name, await render());
  const replaced = text.replaceAll(MARKERS, (_, name: string, _old: string, end: string) => {
    const body = rendered.get(name);
    if (body === undefined || end !== name) throw new Error(`${page}: no section ${name} (ended by ${end})`);
    rendered.delete(name);
    return `<!-- generated: ${name} (npm run docs) -->\n\n${body.trim()}\n\n<!-- end of ${name} -->`;
  });
  const [absent] = rendered.keys();
  if (absent !== undefined) throw new Error(`${page} has no markers for the section ${absent}`);
  return replaced;
}

/** A Markdown table. A `|` within a cell is escaped. */
export function markdownTable(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(headings), line(headings.map(() => '---')), ...rows.map(line)].join('\n');
}

export const asCode = (text: string): string => `\`${text}\``;
