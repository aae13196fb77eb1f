/** Constants that modules keep to themselves, for pages that show their values. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const SOURCES = join(import.meta.dirname, '..', '..', 'src');

/** The number of `const NAME = 1_024;` in a file below src/. Throws when there is no such constant. */
export function readConstant(file: string, name: string): number {
  const source = readFileSync(join(SOURCES, file), 'utf8');
  const [, value] = new RegExp(`const ${name} = ([\\d_]+);`).exec(source) ?? [];
  if (value === undefined) throw new Error(`src/${file} has no constant ${name}`);
  return Number(value.replaceAll('_', ''));
}
