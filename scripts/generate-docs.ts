/** `npm run docs`: writes the generated sections of the documentation, such as the tables of the reference. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatePages } from './docs/pages.ts';
import { SECTIONS } from './docs/sections.ts';

const root = join(import.meta.dirname, '..');

for (const { path, current, generated } of await generatePages(root, SECTIONS)) {
  if (generated === current) continue;
  writeFileSync(join(root, path), generated);
  console.log(path);
}
