/**
 * The JSON shape of a type, as text: members in order of their names, members of unions in order of their text, names of types
 * left out. Two types of the same text encode alike, so a changed text is a changed encoding.
 */
import ts from 'typescript';

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  strict: true,
  exactOptionalPropertyTypes: true,
  allowImportingTsExtensions: true,
  noEmit: true,
  types: [],
};

/** Classes that are encoded as text: secrets in their wrapper. */
const ENCODED_AS_TEXT: ReadonlySet<string> = new Set(['Redacted']);

/** Shapes of exported types of one file, by name. */
export function shapesOf(file: string, names: readonly string[]): ReadonlyMap<string, string> {
  const program = ts.createProgram([file], OPTIONS);
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is no module`);
  const exported = new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]));
  return new Map(
    names.map((name) => {
      const symbol = exported.get(name);
      if (symbol === undefined) throw new Error(`${file} exports no ${name}`);
      return [name, shapeOf(checker.getDeclaredTypeOfSymbol(symbol), checker, [])];
    }),
  );
}

/** `outer`: types that are being described; one within itself is named by how far out it is. */
function shapeOf(type: ts.Type, checker: ts.TypeChecker, outer: readonly ts.Type[]): string {
  if (isText(type)) return 'string';
  if (type.isUnion()) return unionOf(type.types, checker, outer);
  if (!(type.flags & ts.TypeFlags.Object) && !type.isIntersection()) return checker.typeToString(type);
  const depth = outer.indexOf(type);
  if (depth >= 0) return `^${String(outer.length - depth)}`;
  const within = [...outer, type];
  if (checker.isTupleType(type)) return `[${elementsOf(type, checker, within).join(', ')}]`;
  if (checker.isArrayType(type)) return `(${elementsOf(type, checker, within).join()})[]`;
  return membersOf(type, checker, within);
}

const elementsOf = (type: ts.Type, checker: ts.TypeChecker, within: readonly ts.Type[]): string[] =>
  checker.getTypeArguments(type as ts.TypeReference).map((element) => shapeOf(element, checker, within));

function membersOf(type: ts.Type, checker: ts.TypeChecker, within: readonly ts.Type[]): string {
  const members = checker.getPropertiesOfType(type).map((member) => {
    const isOptional = (member.flags & ts.SymbolFlags.Optional) !== 0;
    const shape = shapeOf(checker.getTypeOfSymbol(member), checker, within);
    return `${member.name}${isOptional ? '?' : ''}: ${shape}`;
  });
  const indexed = checker
    .getIndexInfosOfType(type)
    .map(
      ({ keyType, type: value }) => `[${checker.typeToString(keyType)}]: ${shapeOf(value, checker, within)}`,
    );
  return `{ ${[...members.sort(), ...indexed].join('; ')} }`;
}

/** Without `undefined`, which JSON leaves out. */
function unionOf(types: readonly ts.Type[], checker: ts.TypeChecker, outer: readonly ts.Type[]): string {
  const encoded = types.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined));
  return [...new Set(encoded.map((member) => shapeOf(member, checker, outer)))].sort().join(' | ');
}

/** Text, a branded text (`string & { … }`), or a class that is encoded as text. */
const isText = (type: ts.Type): boolean =>
  (type.isIntersection() && type.types.some(({ flags }) => flags & ts.TypeFlags.String)) ||
  ENCODED_AS_TEXT.has((type.symbol as ts.Symbol | undefined)?.name ?? '');
