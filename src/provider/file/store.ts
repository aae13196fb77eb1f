/**
 * What the files say, kept from one scan to the next: an object that no longer validates stays in force as it last did, until it is
 * mended or removed. A change of an object raises its generation, as in a cluster.
 */
import { namespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
import { canonicalJson } from '../../lib/canonical-json.ts';
import type { InputFinding, SourceLocation } from '../../gatewayapi/input-finding.ts';
import { assembleSnapshot } from './assemble.ts';
import { parseText, type SourceObject } from './documents.ts';
import { judgeObject, type JudgedObject } from './judge.ts';

/** All that the files say at one moment. */
export interface LoadedResources {
  readonly snapshot: ResourceSnapshot;
  readonly findings: readonly InputFinding[];
  /** Where a field of an object stands; the nearest parent's place when the field is absent; null when unknown. */
  locate(object: ObjectRef, path: string): SourceLocation | null;
}

interface ServedObject {
  readonly ref: ObjectRef;
  readonly object: JsonObject;
  readonly source: SourceObject;
}

interface FileContent {
  /** By identity, in the file's order. */
  readonly served: ReadonlyMap<string, ServedObject>;
  readonly findings: readonly InputFinding[];
}

/** An object as it was read and as it is handed out. */
interface Generation {
  readonly from: JsonObject;
  readonly text: string;
  readonly generation: number;
  readonly object: JsonObject;
}

const identity = ({ group, kind, namespace, name }: ObjectRef): string =>
  `${group}/${kind} ${namespacedName(namespace, name)}`;

export class ResourceStore {
  readonly #files = new Map<string, FileContent>();
  readonly #generations = new Map<string, Generation>();

  setFile(file: string, text: string): void {
    const before = this.#files.get(file);
    const { objects, findings } = parseText(text, file);
    const judged = objects.map(judgeObject);
    const hasSyntaxError = findings.some(({ code }) => code === 'syntax');
    const { served, duplicates } = serve(
      judged,
      before?.served ?? new Map<string, ServedObject>(),
      hasSyntaxError,
    );
    this.#files.set(file, {
      served,
      findings: [...findings, ...judged.flatMap((entry) => entry.findings), ...duplicates],
    });
  }

  removeFile(file: string): void {
    this.#files.delete(file);
  }

  /** The whole state. Where two files hold the same object, the first by file name counts. */
  state(extra: readonly InputFinding[] = []): LoadedResources {
    const findings: InputFinding[] = [...extra];
    const chosen = new Map<string, ServedObject>();
    for (const file of [...this.#files.keys()].toSorted()) {
      const content = this.#files.get(file);
      if (content === undefined) continue;
      findings.push(...content.findings);
      for (const [key, served] of content.served) {
        const first = chosen.get(key);
        if (first === undefined) chosen.set(key, served);
        else findings.push(duplicateFinding(served, first));
      }
    }
    const entries = [...chosen.entries()].map(
      ([key, { ref, object }]) => [ref, this.#withGeneration(key, object)] as const,
    );
    this.#forget(chosen);
    return {
      snapshot: assembleSnapshot(entries),
      findings,
      locate: (ref, path) => chosen.get(identity(ref))?.source.locate(parsePath(path), false) ?? null,
    };
  }

  /** The same object again as long as its content is the same, so that comparing snapshots is cheap. */
  #withGeneration(key: string, object: JsonObject): JsonObject {
    const before = this.#generations.get(key);
    if (before?.from === object) return before.object;
    const metadata = object['metadata'] as JsonObject;
    const text = canonicalJson(object);
    if (before?.text === text) {
      this.#generations.set(key, { ...before, from: object });
      return before.object;
    }
    const generation = (before?.generation ?? 0) + 1;
    const numbered =
      typeof metadata['generation'] === 'number'
        ? object
        : { ...object, metadata: { ...metadata, generation } };
    this.#generations.set(key, { from: object, text, generation, object: numbered });
    return numbered;
  }

  #forget(chosen: ReadonlyMap<string, unknown>): void {
    for (const key of this.#generations.keys()) if (!chosen.has(key)) this.#generations.delete(key);
  }
}

/** What a file has in force: its valid objects, and the last good version of those that are there but wrong. */
function serve(
  judged: readonly JudgedObject[],
  before: ReadonlyMap<string, ServedObject>,
  hasSyntaxError: boolean,
): { readonly served: Map<string, ServedObject>; readonly duplicates: readonly InputFinding[] } {
  // A file that cannot be read whole may hold any of what it held: nothing goes until it can.
  const served = new Map(hasSyntaxError ? before : []);
  const fresh = new Map<string, ServedObject>();
  const duplicates: InputFinding[] = [];
  for (const { ref, object, source } of judged) {
    if (ref === null) continue;
    const key = identity(ref);
    const last = before.get(key);
    const first = fresh.get(key);
    if (object !== null && first !== undefined)
      duplicates.push(duplicateFinding({ ref, object, source }, first));
    else if (object !== null) {
      fresh.set(key, { ref, object, source });
      served.set(key, { ref, object, source });
    } else if (last !== undefined) served.set(key, last);
  }
  return { served, duplicates };
}

function duplicateFinding({ ref, source }: ServedObject, first: ServedObject): InputFinding {
  const { file, line } = first.source.locate([], false);
  return {
    severity: 'error',
    code: 'duplicate-object',
    object: ref,
    path: '',
    message: `${ref.kind} ${ref.namespace}/${ref.name} stands in ${file}:${String(line)} already; that one is in force`,
    hint: 'remove one of the two',
    location: source.locate([], false),
  };
}

/** `spec.rules[0].name` as segments. */
export function parsePath(path: string): (string | number)[] {
  const segments: (string | number)[] = [];
  for (const [, name, index, quoted] of path.matchAll(/([^.[\]]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]/g)) {
    if (name !== undefined) segments.push(name);
    else if (index !== undefined) segments.push(Number(index));
    else if (quoted !== undefined) segments.push(JSON.parse(`"${quoted}"`) as string);
  }
  return segments;
}
