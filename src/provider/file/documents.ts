/** Text to Kubernetes objects with their positions: multi-document YAML and JSON, and the List kinds. */
import { isAlias, LineCounter, parseAllDocuments, visit, type Document } from 'yaml';
import { inputFinding, type InputFinding, type SourceLocation } from '../../gatewayapi/input-finding.ts';
import { isJsonObject, type JsonObject, type Path } from '../../gatewayapi/validation/schema.ts';
import { offsetOf } from './position.ts';
import { repeatedKeys } from './repeated-keys.ts';
import { splitDocuments, type Chunk } from './split.ts';
import { YAML_OPTIONS } from './yaml-dialect.ts';

/** One object as it is in a file. */
export interface SourceObject {
  readonly value: JsonObject;
  /** A map with a duplicate key: an API server rejects it. */
  readonly repeatedKeys: readonly {
    readonly key: string;
    readonly isTopLevel: boolean;
    readonly location: SourceLocation;
  }[];
  /** Position of a field: its name if `atKey`, otherwise its value; the nearest parent's position if it is absent. */
  readonly locate: (path: Path, atKey: boolean) => SourceLocation;
}

export interface ParsedText {
  readonly objects: readonly SourceObject[];
  readonly findings: readonly InputFinding[];
}

/** Everything in a text. Never throws: unreadable parts are findings. */
export function parseText(text: string, file: string): ParsedText {
  const parsed = splitDocuments(text).map((chunk) => parseChunk(chunk, file));
  return {
    objects: parsed.flatMap(({ objects }) => objects),
    findings: parsed.flatMap(({ findings }) => findings),
  };
}

/** One chunk of a text; usually one document. */
export function parseChunk(chunk: Chunk, file: string): ParsedText {
  const objects: SourceObject[] = [];
  const findings: InputFinding[] = [];
  const source = new ChunkSource(chunk, file);
  const documents = source.read();
  if (documents === null) return { objects, findings: [syntaxFinding(TOO_DEEP, source.at(0))] };
  for (const [index, document] of documents.entries()) {
    const [problem] = document.errors;
    if (problem !== undefined) {
      findings.push(syntaxFinding(problem, source.at(problem.pos[0])));
      continue;
    }
    const value = toValue(document, /&[^]*\*/.test(chunk.text));
    if (!value.ok) findings.push(syntaxFinding(value.problem, source.at(0)));
    else if (value.value !== null && value.value !== undefined) {
      const repeatedKeys = repeatedKeysOf(document, source);
      for (const { base, item } of itemsOf(value.value, [])) {
        const locate = (path: Path, atKey: boolean): SourceLocation =>
          source.locate(index, [...base, ...path], atKey);
        if (isJsonObject(item)) objects.push({ value: item, repeatedKeys, locate });
        else findings.push(notAnObject(locate([], false)));
      }
    }
  }
  return { objects, findings };
}

interface Problem {
  readonly code: string;
  readonly message: string;
}

const TOO_DEEP: Problem = { code: 'TOO_DEEP', message: 'nested too deeply' };
const MAX_ALIASES = 10_000;
/** The parser searches all anchors for each alias. */
const MAX_ANCHORS_AND_ALIASES = 1_000;
const TOO_MANY_ANCHORS: Problem = {
  code: 'TOO_MANY_ANCHORS',
  message: `more than ${String(MAX_ANCHORS_AND_ALIASES)} anchors and aliases in one document`,
};

/** A chunk's syntax tree is parsed again for a position, which is rare, instead of kept, which is costly. */
class ChunkSource {
  readonly #chunk: Chunk;
  readonly #file: string;
  #lines = new LineCounter();
  #documents: WeakRef<Document[]> | null = null;

  constructor(chunk: Chunk, file: string) {
    this.#chunk = chunk;
    this.#file = file;
  }

  /** null if the text is nested too deeply. */
  read(): readonly Document[] | null {
    const kept = this.#documents?.deref();
    if (kept !== undefined) return kept;
    this.#lines = new LineCounter();
    try {
      const parsed = parseAllDocuments(this.#chunk.text, { ...YAML_OPTIONS, lineCounter: this.#lines });
      const documents = [...parsed] as Document[];
      this.#documents = new WeakRef(documents);
      return documents;
    } catch (error) {
      if (error instanceof RangeError) return null;
      throw error;
    }
  }

  at(offset: number): SourceLocation {
    const { line, col } = this.#lines.linePos(offset);
    return { file: this.#file, line: Math.max(1, line) + this.#chunk.lineOffset, column: Math.max(1, col) };
  }

  locate(index: number, path: Path, atKey: boolean): SourceLocation {
    const document = this.read()?.[index];
    return this.at(document === undefined ? 0 : offsetOf(document, path, atKey));
  }
}

type Reading =
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problem: Problem };

/** Rejects aliases that expand to very large values, or to themselves. */
function toValue(document: Document, mayAlias: boolean): Reading {
  if (mayAlias && countAnchors(document) > MAX_ANCHORS_AND_ALIASES) {
    return { ok: false, problem: TOO_MANY_ANCHORS };
  }
  try {
    const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return mayAlias && holdsItself(value, [])
      ? { ok: false, problem: { code: 'ALIAS', message: 'an anchor that contains itself' } }
      : { ok: true, value };
  } catch (error) {
    if (error instanceof RangeError) return { ok: false, problem: TOO_DEEP };
    return {
      ok: false,
      problem: { code: 'BAD_ALIAS', message: error instanceof Error ? error.message : String(error) },
    };
  }
}

function countAnchors(document: Document): number {
  let count = 0;
  visit(document, {
    Node: (_key, node) => {
      if (isAlias(node) || node.anchor !== undefined) count += 1;
    },
  });
  return count;
}

/** Whether a value contains itself, by an anchor and its alias. */
function holdsItself(value: unknown, above: readonly unknown[]): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (above.includes(value)) return true;
  const within = [...above, value];
  return Object.values(value).some((child) => holdsItself(child, within));
}

const repeatedKeysOf = (document: Document, source: ChunkSource): SourceObject['repeatedKeys'] =>
  repeatedKeys(document).map(({ offset, ...rest }) => ({ ...rest, location: source.at(offset) }));

/** `List` and the lists of an API server have their objects in `items`. */
function* itemsOf(value: unknown, base: Path): Generator<{ readonly base: Path; readonly item: unknown }> {
  if (!isJsonObject(value) || !isList(value)) {
    yield { base, item: value };
    return;
  }
  const items = value['items'] as readonly unknown[];
  for (const [index, item] of items.entries()) yield* itemsOf(item, [...base, 'items', index]);
}

function isList({ kind, items, metadata }: JsonObject): boolean {
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items)) return false;
  return kind === 'List' || !isJsonObject(metadata) || metadata['name'] === undefined;
}

const HINTS: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'indent with spaces',
  BAD_INDENT: 'check the indentation of this line and of those above it',
  BLOCK_AS_IMPLICIT_KEY: 'put a value that contains ": " in quotes',
  BAD_SCALAR_START: 'put the value in quotes',
  MISSING_CHAR: 'check for a missing ":" or closing quote or bracket',
  BAD_DQ_ESCAPE: 'use single quotes, in which "\\" is an ordinary character',
  BAD_ALIAS: 'put a value that begins with "*" or "&" in quotes',
};

const syntaxFinding = ({ code, message }: Problem, location: SourceLocation): InputFinding =>
  inputFinding('syntax', {
    message: `not valid YAML or JSON: ${message}`,
    hint: HINTS[code] ?? null,
    location,
  });

const notAnObject = (location: SourceLocation): InputFinding =>
  inputFinding('not-an-object', {
    message: 'a Kubernetes object was expected here',
    hint: 'a document is a map with apiVersion, kind and metadata',
    location,
  });
