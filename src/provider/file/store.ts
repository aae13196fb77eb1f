/**
 * The objects of the files, kept from one scan to the next: an object that is no longer valid keeps its last valid version until it is
 * fixed or removed. A change of an object raises its generation, as in a cluster.
 */
import { inputFinding, type InputFinding, type SourceLocation } from '../../gatewayapi/input-finding.ts';
import { namespacedName, type ObjectRef } from '../../gatewayapi/ref.ts';
import { REGISTRY, type KindRegistry } from '../../gatewayapi/kind-registry.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { parsePath, type JsonObject } from '../../gatewayapi/validation/schema.ts';
import { assembleSnapshot } from './assemble.ts';
import { readContent, type FileContent } from './file-content.ts';
import { Generations } from './generations.ts';
import type { ReadObject } from './read-object.ts';

/** The content of all files at one time. */
export interface LoadedResources {
  readonly snapshot: ResourceSnapshot;
  readonly findings: readonly InputFinding[];
  /** Objects in the files that are of a kind that Sluice reads, valid or not. */
  readonly objectCount: number;
  /** Whether an object that is not in the snapshot exists in the cluster: another object creates it, or it could not be read here. */
  isExpected(object: ObjectRef): boolean;
  /** Where a field of an object is; the nearest parent's place when the field is absent; null when unknown. */
  locate(object: ObjectRef, path: string): SourceLocation | null;
  /** The status that the text of an object has, unchecked; null when it has none. */
  writtenStatus(object: ObjectRef): JsonObject | null;
}

interface ServedObject {
  readonly ref: ObjectRef;
  readonly object: JsonObject;
  readonly writtenStatus: JsonObject | null;
  readonly locate: ReadObject['locate'];
}

/** An object in the files without a version there that can be served. */
interface WantedObject {
  readonly ref: ObjectRef;
  readonly location: SourceLocation | null;
  /** Absent when its file could not be read. */
  readonly read?: ReadObject;
}

interface StoredFile {
  readonly content: FileContent;
  /** Identities of the objects in the file when it was last readable as a whole. */
  readonly held: ReadonlyMap<string, ObjectRef>;
}

const identity = ({ group, kind, namespace, name }: ObjectRef): string =>
  `${group}/${kind} ${namespacedName(namespace, name)}`;

export class ResourceStore {
  readonly #registry: KindRegistry;
  readonly #files = new Map<string, StoredFile>();
  readonly #generations = new Generations();
  readonly #impliedNamespaces = new Map<string, JsonObject>();
  /** The objects after the last scan. */
  #served: ReadonlyMap<string, ServedObject> = new Map();

  constructor(registry: KindRegistry = REGISTRY) {
    this.#registry = registry;
  }

  setFile(file: string, text: string): void {
    const before = this.#files.get(file);
    const content = readContent(text, { file, registry: this.#registry }, before?.content ?? null);
    const held = new Map(content.isBroken ? before?.held : []);
    for (const { ref } of content.objects) if (ref !== null) held.set(identity(ref), ref);
    this.#files.set(file, { content, held });
  }

  removeFile(file: string): void {
    this.#files.delete(file);
  }

  /** Whether a file is known and has objects. */
  holdsObjects(file: string): boolean {
    return (this.#files.get(file)?.held.size ?? 0) > 0;
  }

  /** The whole state. If an object exists twice, the first one by file name and line is used. */
  state(extra: readonly InputFinding[] = []): LoadedResources {
    const findings: InputFinding[] = [...extra];
    const served = new Map<string, ServedObject>();
    const expected = new Set<string>();
    let objectCount = 0;
    const wanted = new Map<string, WantedObject>();
    const inputs = new Set([...this.#files.values()].flatMap(({ content }) => content.inputs));
    for (const file of [...this.#files.keys()].toSorted()) {
      const stored = this.#files.get(file);
      if (stored === undefined || inputs.has(file)) continue;
      findings.push(...stored.content.findings);
      for (const read of stored.content.objects) {
        findings.push(...read.findings);
        if (read.ref !== null) objectCount += 1;
        if (read.expected !== null) expected.add(identity(read.expected));
        take(read, served, wanted, findings);
      }
      const broken = stored.content.isBroken ? stored.content.findings[0] : undefined;
      if (broken === undefined) continue;
      for (const [key, ref] of stored.held)
        wanted.set(key, { ...wanted.get(key), ref, location: broken.location });
    }
    const rejected = this.#replaceInvalid(wanted, served, findings);
    this.#served = served;
    return {
      ...this.#load(rejected.size === 0 ? served : new Map([...served, ...rejected])),
      findings,
      objectCount,
      isExpected: (ref) => expected.has(identity(ref)),
    };
  }

  /** Invalid objects: those with a last valid version are served in it, and policies without one are returned as rejected. */
  #replaceInvalid(
    wanted: ReadonlyMap<string, WantedObject>,
    served: Map<string, ServedObject>,
    findings: InputFinding[],
  ): ReadonlyMap<string, ServedObject> {
    const rejected = new Map<string, ServedObject>();
    for (const [key, { ref, location, read }] of wanted) {
      if (served.has(key)) continue;
      const last = this.#served.get(key);
      if (last !== undefined) {
        served.set(key, last);
        findings.push(lastVersion(ref, location));
      } else if (read?.rejected) {
        rejected.set(key, { ref, object: read.rejected, writtenStatus: null, locate: read.locate });
      }
    }
    return rejected;
  }

  #load(
    served: ReadonlyMap<string, ServedObject>,
  ): Pick<LoadedResources, 'snapshot' | 'locate' | 'writtenStatus'> {
    const entries = [...served].map(
      ([key, { ref, object }]) => [ref, this.#generations.stamp(key, object)] as const,
    );
    this.#generations.keepOnly(served);
    return {
      snapshot: assembleSnapshot(entries, this.#impliedNamespaces, this.#registry),
      locate: (ref, path) => served.get(identity(ref))?.locate(parsePath(path), false) ?? null,
      writtenStatus: (ref) => served.get(identity(ref))?.writtenStatus ?? null,
    };
  }
}

/** A valid object is served unless it exists elsewhere already; of an invalid one, its last valid version. */
function take(
  read: ReadObject,
  served: Map<string, ServedObject>,
  wanted: Map<string, WantedObject>,
  findings: InputFinding[],
): void {
  const { ref, object, writtenStatus, locate } = read;
  if (ref === null) return;
  const key = identity(ref);
  const first = served.get(key);
  if (object === null) wanted.set(key, { ref, location: locate([], false), read });
  else if (first === undefined) served.set(key, { ref, object, writtenStatus, locate });
  else findings.push(duplicateFinding(ref, locate([], false), first.locate([], false)));
}

const lastVersion = (ref: ObjectRef, location: SourceLocation | null): InputFinding =>
  inputFinding('last-valid-version-served', {
    object: ref,
    message: 'the last valid version is still served',
    hint: 'fix it, or remove it to stop serving it',
    location,
  });

const duplicateFinding = (ref: ObjectRef, location: SourceLocation, first: SourceLocation): InputFinding =>
  inputFinding('duplicate-object', {
    object: ref,
    message: `already defined in ${first.file}:${String(first.line)}, which wins`,
    hint: 'remove one of the two',
    location,
  });
