/** Tables of TypeScript interfaces, with their comments as text. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { asCode, markdownTable } from './section.ts';

const SOURCES = join(import.meta.dirname, '..', '..', 'src');

/** The interfaces of files below src/. */
export const readInterfaces = (files: readonly string[]): readonly ts.InterfaceDeclaration[] =>
  files.flatMap((file) =>
    ts
      .createSourceFile(file, readFileSync(join(SOURCES, file), 'utf8'), ts.ScriptTarget.Latest, true)
      .statements.filter(ts.isInterfaceDeclaration),
  );

/** A row for each member: name, type and comment. */
export const interfaceTable = (
  type: ts.InterfaceDeclaration,
  all: readonly ts.InterfaceDeclaration[],
): string =>
  markdownTable(
    ['field', 'type', 'meaning'],
    fieldsOf(type, all).map((field) => [asCode(field.name.getText()), shownType(field), commentOf(field)]),
  );

/** The type's own fields, after those of the interfaces that it extends. */
function fieldsOf(
  type: ts.InterfaceDeclaration,
  all: readonly ts.InterfaceDeclaration[],
): readonly ts.PropertySignature[] {
  const bases = (type.heritageClauses ?? []).flatMap(({ types }) =>
    types.map((base) => base.expression.getText()),
  );
  const inherited = bases.flatMap((name) => {
    const base = all.find((one) => one.name.text === name);
    if (base === undefined) throw new Error(`${type.name.text} extends ${name}, whose file is not read`);
    return fieldsOf(base, all);
  });
  return [...inherited, ...type.members.filter(ts.isPropertySignature)];
}

/** In TypeScript, without `readonly`. */
const shownType = ({ type }: ts.PropertySignature): string =>
  asCode((type?.getText() ?? '').replaceAll('readonly ', '').replaceAll(/\s+/g, ' '));

export function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node);
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '').replaceAll(/\s+/g, ' ');
}
