/** Pages with their generated sections rendered. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { format, resolveConfig } from 'prettier';
import { replaceSections, type Section } from './section.ts';

export interface Page {
  /** From the root of the repository. */
  readonly path: string;
  readonly current: string;
  /** As it should be. */
  readonly generated: string;
}

/** Every page that has sections, in the order in which `sections` name them. */
export async function generatePages(root: string, sections: readonly Section[]): Promise<Page[]> {
  const paths = [...new Set(sections.map(({ page }) => page))];
  return Promise.all(
    paths.map(async (path) => {
      const file = join(root, path);
      const current = readFileSync(file, 'utf8');
      const replaced = await replaceSections(
        path,
        current,
        sections.filter(({ page }) => page === path),
      );
      const options = await resolveConfig(file);
      return { path, current, generated: await format(replaced, { ...options, filepath: file }) };
    }),
  );
}
