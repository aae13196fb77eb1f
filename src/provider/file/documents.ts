/** Text to Kubernetes objects with their positions: multi-document YAML and JSON, and the List kinds. */
import {
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  parseAllDocuments,
  type Document,
  type Node,
} from 'yaml';
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
import type { PathSegment } from '../../gatewayapi/validation/schema.ts';
import type { InputFinding, SourceLocation } from '../../gatewayapi/input-finding.ts';

/** One object as it stands in a file. */
export interface SourceObject {
  readonly value: JsonObject;
  /** Where a field stands: its name when `atKey`, else its value; the nearest parent's place when it is absent. */
  locate(path: readonly PathSegment[], atKey: boolean): SourceLocation;
}

export interface ParsedText {
  readonly objects: readonly SourceObject[];
  readonly findings: readonly InputFinding[];
}

export function parseText(text: string, file: string): ParsedText {
  const lines = new LineCounter();
  const objects: SourceObject[] = [];
  const findings: InputFinding[] = [];
  const at = (offset: number): SourceLocation => {
    const { line, col } = lines.linePos(offset);
    return { file, line, column: col };
  };
  for (const document of parseAllDocuments(text, { lineCounter: lines, prettyErrors: false })) {
    if (!('contents' in document)) continue;
    const [problem] = document.errors;
    if (problem !== undefined) {
      findings.push(syntaxFinding(problem.message, at(problem.pos[0])));
      continue;
    }
    const value: unknown = document.toJS({ maxAliasCount: 10_000 });
    if (value === null || value === undefined) continue;
    collect(
      value,
      [],
      (object, base) => {
        objects.push({
          value: object,
          locate: (path, atKey) => at(offsetOf(document, [...base, ...path], atKey)),
        });
      },
      (path) => {
        findings.push(notAnObject(at(offsetOf(document, path, false))));
      },
    );
  }
  return { objects, findings };
}

type Visit = (object: JsonObject, base: readonly PathSegment[]) => void;

/** `List` and every `…List` kind hold their objects in `items`. */
function collect(
  value: unknown,
  base: readonly PathSegment[],
  visit: Visit,
  refuse: (base: readonly PathSegment[]) => void,
): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    refuse(base);
    return;
  }
  const object = value as JsonObject;
  const items = object['items'];
  if (typeof object['kind'] === 'string' && object['kind'].endsWith('List') && Array.isArray(items)) {
    for (const [index, item] of items.entries()) collect(item, [...base, 'items', index], visit, refuse);
    return;
  }
  visit(object, base);
}

/** The offset of the deepest node of `path` that is there. */
function offsetOf(document: Document, path: readonly PathSegment[], atKey: boolean): number {
  let node: unknown = document.contents;
  let offset = rangeStart(node) ?? 0;
  for (const [depth, segment] of path.entries()) {
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(segment));
      if (pair === undefined) return offset;
      const isLast = depth === path.length - 1;
      offset =
        (isLast && atKey ? rangeStart(pair.key) : rangeStart(pair.value)) ?? rangeStart(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node) && typeof segment === 'number') {
      node = node.items[segment];
      offset = rangeStart(node) ?? offset;
    } else return offset;
  }
  return offset;
}

function rangeStart(node: unknown): number | null {
  if (isPair(node) || !isNode(node)) return null;
  return (node as Node).range?.[0] ?? null;
}

const syntaxFinding = (message: string, location: SourceLocation): InputFinding => ({
  severity: 'error',
  code: 'syntax',
  object: null,
  path: '',
  message: `not valid YAML or JSON: ${message}`,
  hint: /tab/i.test(message) ? 'indent with spaces' : null,
  location,
});

const notAnObject = (location: SourceLocation): InputFinding => ({
  severity: 'error',
  code: 'not-an-object',
  object: null,
  path: '',
  message: 'a Kubernetes object was expected here',
  hint: 'a document is a map with apiVersion, kind and metadata',
  location,
});
