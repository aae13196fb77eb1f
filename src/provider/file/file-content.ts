/** What one file holds, judged; documents whose text did not change are taken over from the last reading. */
import type { InputFinding, SourceLocation } from '../../gatewayapi/input-finding.ts';
import { parseChunk } from './documents.ts';
import { judgeObject, type JudgedObject } from './judge.ts';
import { splitDocuments, type Chunk } from './split.ts';

export interface FileContent {
  readonly objects: readonly JudgedObject[];
  /** Those that belong to no object. */
  readonly findings: readonly InputFinding[];
  /** A part could not be read: it may hold anything that the file held before. */
  readonly isBroken: boolean;
  readonly documents: ReadonlyMap<string, JudgedChunk>;
}

interface JudgedChunk {
  readonly lineOffset: number;
  readonly objects: readonly JudgedObject[];
  readonly findings: readonly InputFinding[];
}

export function readContent(text: string, file: string, before: FileContent | null): FileContent {
  const documents = new Map<string, JudgedChunk>();
  const judged = splitDocuments(text).map((chunk) => {
    const known = before?.documents.get(chunk.text);
    const result = known === undefined ? judgeChunk(chunk, file) : moveTo(known, chunk.lineOffset);
    documents.set(chunk.text, result);
    return result;
  });
  const findings = judged.flatMap((chunk) => chunk.findings);
  return {
    objects: judged.flatMap((chunk) => chunk.objects),
    findings,
    isBroken: findings.some(({ code }) => code === 'syntax'),
    documents,
  };
}

function judgeChunk(chunk: Chunk, file: string): JudgedChunk {
  const { objects, findings } = parseChunk(chunk, file);
  return { lineOffset: chunk.lineOffset, objects: objects.map(judgeObject), findings };
}

/** The same document some lines further up or down. */
function moveTo(known: JudgedChunk, lineOffset: number): JudgedChunk {
  const delta = lineOffset - known.lineOffset;
  if (delta === 0) return known;
  const move = (location: SourceLocation): SourceLocation => ({ ...location, line: location.line + delta });
  const moveFinding = (finding: InputFinding): InputFinding =>
    finding.location === null ? finding : { ...finding, location: move(finding.location) };
  return {
    lineOffset,
    objects: known.objects.map(({ locate, findings, ...rest }) => ({
      ...rest,
      findings: findings.map(moveFinding),
      locate: (path, atKey) => move(locate(path, atKey)),
    })),
    findings: known.findings.map(moveFinding),
  };
}
