/** The content of one file, validated; documents with unchanged text are reused from the last reading. */
import { inputFinding, type InputFinding, type SourceLocation } from '../../gatewayapi/input-finding.ts';
import type { KindRegistry } from '../../gatewayapi/kind-registry.ts';
import { countOf } from '../../lib/plural.ts';
import { parseChunk } from './documents.ts';
import {
  foreignFindings,
  kustomizationInputs,
  shapeOf,
  templateFinding,
  type ChunkShape,
} from './foreign.ts';
import { readObject, type ReadObject } from './read-object.ts';
import { splitDocuments, type Chunk } from './split.ts';

export interface FileContent {
  readonly objects: readonly ReadObject[];
  /** Those that belong to no object. */
  readonly findings: readonly InputFinding[];
  /** A part could not be read: it may contain anything that the file contained before. */
  readonly isBroken: boolean;
  /** Files that a kustomization in this file reads as patches and the like: they are not objects themselves. */
  readonly inputs: readonly string[];
  readonly documents: ReadonlyMap<string, ReadChunk>;
}

interface ReadChunk {
  readonly lineOffset: number;
  readonly shape: ChunkShape;
  readonly objects: readonly ReadObject[];
  readonly findings: readonly InputFinding[];
}

/** The origin of a text, and the kinds to read. */
interface Source {
  readonly file: string;
  readonly registry: KindRegistry;
}

export function readContent(text: string, source: Source, before: FileContent | null): FileContent {
  const { file } = source;
  const documents = new Map<string, ReadChunk>();
  const chunks = splitDocuments(text).map((chunk) => {
    const known = before?.documents.get(chunk.text);
    const result = known === undefined ? readChunk(chunk, source) : moveTo(known, chunk.lineOffset);
    documents.set(chunk.text, result);
    return result;
  });
  const shapes = chunks.map(({ shape }) => shape);
  const foreign = foreignFindings(file, shapes);
  const inputs = kustomizationInputs(file, shapes);
  if (foreign !== null) return { objects: [], findings: foreign, isBroken: false, inputs, documents };
  const content = {
    objects: chunks.flatMap(({ objects }) => objects),
    findings: chunks.flatMap(({ findings }) => findings),
  };
  const isBroken = content.findings.some(({ code }) => code === 'syntax');
  const first = firstInTemplate(chunks, text);
  if (first === null) return { ...mergePlaceholders(content), isBroken, inputs, documents };
  const objects = content.objects.filter(({ object }) => object !== null);
  return { objects, findings: [templateFinding(first)], isBroken: true, inputs, documents };
}

function readChunk(chunk: Chunk, { file, registry }: Source): ReadChunk {
  const parsed = parseChunk(chunk, file);
  return {
    lineOffset: chunk.lineOffset,
    shape: shapeOf(chunk, parsed, file),
    objects: parsed.objects.map((object) => readObject(object, registry)),
    findings: parsed.findings,
  };
}

/**
 * The first finding that is caused by `{{ … }}` of a template: a document with actions that does not parse, or an invalid value on a
 * line with one. Text with actions is legal in a string, such as a ConfigMap's.
 */
function firstInTemplate(chunks: readonly ReadChunk[], text: string): InputFinding | null {
  if (!text.includes('{{')) return null;
  const lines = text.split('\n');
  for (const { shape, findings, objects } of chunks) {
    if (shape.kind === 'broken' && shape.hasActions) return findings[0] ?? null;
    const invalid = objects.filter(({ object }) => object === null).flatMap((object) => object.findings);
    const found = invalid.find(
      ({ location }) => location !== null && lines[location.line - 1]?.includes('{{') === true,
    );
    if (found !== undefined) return found;
  }
  return null;
}

type Read = Pick<FileContent, 'objects' | 'findings'>;

/** Placeholders are reported once a file. */
function mergePlaceholders({ objects, findings }: Read): Read {
  const used = objects.filter(({ placeholders }) => placeholders.length > 0);
  const [first] = used;
  if (first === undefined) return { objects, findings };
  const names = [...new Set(used.flatMap(({ placeholders }) => placeholders))];
  const shown = names.slice(0, 3).join(', ') + (names.length > 3 ? ', …' : '');
  // An object with another fault is reported for that.
  const unread = used.filter(({ object, findings: faults }) => object === null && faults.length === 0).length;
  const code = unread === 0 ? 'placeholder' : 'placeholder-not-read';
  const message =
    unread === 0
      ? `placeholders are read as names: ${shown}`
      : `${countOf(unread, 'object')} not read: placeholders where no name fits: ${shown}`;
  const hint =
    'to check the real values, substitute them first: flux envsubst, or argocd-vault-plugin generate';
  const location = first.locate([], false);
  return { objects, findings: [...findings, inputFinding(code, { message, hint, location })] };
}

/** The same document some lines further up or down. */
function moveTo(known: ReadChunk, lineOffset: number): ReadChunk {
  const delta = lineOffset - known.lineOffset;
  if (delta === 0) return known;
  const move = (location: SourceLocation): SourceLocation => ({ ...location, line: location.line + delta });
  const moveFinding = (finding: InputFinding): InputFinding =>
    finding.location === null ? finding : { ...finding, location: move(finding.location) };
  return {
    lineOffset,
    shape: known.shape,
    objects: known.objects.map(({ locate, findings, ...rest }) => ({
      ...rest,
      findings: findings.map(moveFinding),
      locate: (path, atKey) => move(locate(path, atKey)),
    })),
    findings: known.findings.map(moveFinding),
  };
}
