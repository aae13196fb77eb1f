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

/** An exported type. */
export interface TypeName {
  readonly file: string;
  readonly name: string;
}

export interface ShapesRequest {
  /** Where the types are exported. */
  readonly file: string;
  readonly names: readonly string[];
  /**
   * Types that get members without a change of what refers to them, because readers handle members that they do not know. Each member
   * has a shape of its own, under the name of the type and the member's `kind`.
   */
  readonly open?: readonly TypeName[];
}

/** Shapes of exported types, by name. */
export function shapesOf({ file, names, open = [] }: ShapesRequest): ReadonlyMap<string, string> {
  const program = ts.createProgram([file, ...open.map((type) => type.file)], OPTIONS);
  const openTypes = open.map(({ file: from, name }) => ({ name, type: exportedType(program, from, name) }));
  const shapes = new ShapeWriter(
    program.getTypeChecker(),
    new Map(openTypes.map(({ name, type }) => [type, name])),
  );
  return new Map([
    ...names.map((name) => [name, shapes.of(exportedType(program, file, name))] as const),
    ...openTypes.flatMap(({ name, type }) => shapes.membersOf(name, type)),
  ]);
}

function exportedType(program: ts.Program, file: string, name: string): ts.Type {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source === undefined ? undefined : checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`${file} is no module`);
  const symbol = checker.getExportsOfModule(module).find((exported) => exported.name === name);
  if (symbol === undefined) throw new Error(`${file} exports no ${name}`);
  return checker.getDeclaredTypeOfSymbol(symbol);
}

class ShapeWriter {
  readonly #checker: ts.TypeChecker;
  readonly #open: ReadonlyMap<ts.Type, string>;

  /** `open`: types that are described by their name alone. */
  constructor(checker: ts.TypeChecker, open: ReadonlyMap<ts.Type, string>) {
    this.#checker = checker;
    this.#open = open;
  }

  of(type: ts.Type): string {
    return this.#within(type, []);
  }

  /** Of an open type, each member under `NAME KIND`. */
  membersOf(name: string, type: ts.Type): readonly (readonly [string, string])[] {
    const members = (type.isUnion() ? type.types : [type]).map(
      (member) => [`${name} ${this.#kindOf(member)}`, this.#object(member, [])] as const,
    );
    if (new Map(members).size < members.length) throw new Error(`two members of ${name} are of one kind`);
    return members;
  }

  #kindOf(member: ts.Type): string {
    const kind = member.getProperty('kind');
    if (kind === undefined) throw new Error('a member of an open type has no `kind`');
    const type = this.#checker.getTypeOfSymbol(kind);
    return type.isStringLiteral() ? type.value : 'of any other kind';
  }

  /** `outer`: types that are being described; one within itself is named by how far out it is. */
  #within(type: ts.Type, outer: readonly ts.Type[]): string {
    const name = this.#open.get(type);
    if (name !== undefined) return `any ${name}`;
    if (isText(type)) return 'string';
    if (type.isUnion()) return this.#union(type.types, outer);
    if (!(type.flags & ts.TypeFlags.Object) && !type.isIntersection())
      return this.#checker.typeToString(type);
    return this.#object(type, outer);
  }

  #object(type: ts.Type, outer: readonly ts.Type[]): string {
    const depth = outer.indexOf(type);
    if (depth >= 0) return `^${String(outer.length - depth)}`;
    const within = [...outer, type];
    if (this.#checker.isTupleType(type)) return `[${this.#elements(type, within).join(', ')}]`;
    if (this.#checker.isArrayType(type)) return `(${this.#elements(type, within).join()})[]`;
    return this.#members(type, within);
  }

  #elements(type: ts.Type, within: readonly ts.Type[]): string[] {
    const elements = this.#checker.getTypeArguments(type as ts.TypeReference);
    return elements.map((element) => this.#within(element, within));
  }

  #members(type: ts.Type, within: readonly ts.Type[]): string {
    const checker = this.#checker;
    const members = checker.getPropertiesOfType(type).map((member) => {
      const isOptional = (member.flags & ts.SymbolFlags.Optional) !== 0;
      const shape = this.#within(checker.getTypeOfSymbol(member), within);
      return `${member.name}${isOptional ? '?' : ''}: ${shape}`;
    });
    const indexed = checker
      .getIndexInfosOfType(type)
      .map(
        ({ keyType, type: value }) => `[${checker.typeToString(keyType)}]: ${this.#within(value, within)}`,
      );
    return `{ ${[...members.sort(), ...indexed].join('; ')} }`;
  }

  /** Without `undefined`, which JSON leaves out. */
  #union(types: readonly ts.Type[], outer: readonly ts.Type[]): string {
    const encoded = types.filter(({ flags }) => !(flags & ts.TypeFlags.Undefined));
    return [...new Set(encoded.map((member) => this.#within(member, outer)))].sort().join(' | ');
  }
}

/** Text, a branded text (`string & { … }`), or a class that is encoded as text. */
const isText = (type: ts.Type): boolean =>
  (type.isIntersection() && type.types.some(({ flags }) => flags & ts.TypeFlags.String)) ||
  ENCODED_AS_TEXT.has((type.symbol as ts.Symbol | undefined)?.name ?? '');
