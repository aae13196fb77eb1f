/** The code map of ARCHITECTURE.md: what each layer is for and what it may import. */
import { LAYERS, type Layer } from '../lint/import-law.ts';
import { asCode, markdownTable, type Section } from './section.ts';

function describeImports({ layers, packages, builtins }: Layer): string {
  const node = builtins.length === 0 ? [] : [builtins.includes('*') ? '`node:*`' : 'some of `node:*`'];
  const folders = layers.map((folder) => folder.replace('src/', ''));
  const outside = [...packages.map(asCode), ...node];
  return [folders.length === 0 ? 'nothing' : folders.join(', '), outside.join(', ')]
    .filter((part) => part !== '')
    .join('; ');
}

export const IMPORT_LAW: Section = {
  page: 'ARCHITECTURE.md',
  name: 'code-map',
  render: () =>
    markdownTable(
      ['folder', 'what lives there', 'may import'],
      LAYERS.map((layer) => [asCode(layer.folder), layer.purpose, describeImports(layer)]),
    ),
};
