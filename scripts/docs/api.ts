/** docs/reference/api.md: the lists of the admin API, and the types of src/admin/api/resources.ts with their comments. */
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { COLLECTIONS, type Collection } from '../../src/admin/api/collections.ts';
import { asCode, markdownTable, type Section } from './section.ts';

const PAGE = 'docs/reference/api.md';
const TYPES = new URL('../../src/admin/api/resources.ts', import.meta.url);

const linkTo = (type: string): string => `[${type}](#${type.toLowerCase()})`;

export const API_LISTS: Section = {
  page: PAGE,
  name: 'api-lists',
  render: () =>
    markdownTable(
      ['path', 'items', 'filters', 'what it lists'],
      Object.entries<Collection>(COLLECTIONS).map(([name, { type, filters, text }]) => [
        asCode(`/api/v1/${name}`),
        linkTo(type),
        Object.keys(filters).map(asCode).join(', '),
        text,
      ]),
    ),
};

export const API_TYPES: Section = {
  page: PAGE,
  name: 'api-types',
  render: () => {
    const source = ts.createSourceFile(
      'resources.ts',
      readFileSync(TYPES, 'utf8'),
      ts.ScriptTarget.Latest,
      true,
    );
    const types = source.statements.filter(ts.isInterfaceDeclaration);
    return types.map((type) => describeType(type, types)).join('\n\n');
  },
};

function describeType(type: ts.InterfaceDeclaration, all: readonly ts.InterfaceDeclaration[]): string {
  const rows = fieldsOf(type, all).map((field) => [
    asCode(field.name.getText()),
    shownType(field),
    commentOf(field),
  ]);
  return `### ${type.name.text}\n\n${commentOf(type)}\n\n${markdownTable(['field', 'type', 'meaning'], rows)}`;
}

/** Its own, after those of the interfaces that it extends. */
function fieldsOf(
  type: ts.InterfaceDeclaration,
  all: readonly ts.InterfaceDeclaration[],
): readonly ts.PropertySignature[] {
  const bases = (type.heritageClauses ?? []).flatMap(({ types }) =>
    types.map((base) => base.expression.getText()),
  );
  const inherited = bases.flatMap((name) => {
    const base = all.find((one) => one.name.text === name);
    if (base === undefined)
      throw new Error(`${type.name.text} extends ${name}, which resources.ts does not have`);
    return fieldsOf(base, all);
  });
  return [...inherited, ...type.members.filter(ts.isPropertySignature)];
}

/** In TypeScript, without what says that nothing changes an answer. */
const shownType = ({ type }: ts.PropertySignature): string =>
  asCode((type?.getText() ?? '').replaceAll('readonly ', '').replaceAll(/\s+/g, ' '));

function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node);
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '').replaceAll(/\s+/g, ' ');
}
