/** One object of a file: valid and completed for standalone use, or findings with their places. */
import { inputFinding, type InputFinding, type SourceLocation } from '../../gatewayapi/input-finding.ts';
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import type { KindRegistry } from '../../gatewayapi/kind-registry.ts';
import { splitApiVersion } from '../../gatewayapi/validation/api-version.ts';
import {
  formatPath,
  isJsonObject,
  type Issue,
  type JsonObject,
  type Path,
} from '../../gatewayapi/validation/schema.ts';
import { rejectedPolicy } from '../../gatewayapi/validation/rejected-policy.ts';
import { validateObject, type Verdict } from '../../gatewayapi/validation/validate-object.ts';
import type { SourceObject } from './documents.ts';
import { secretMadeOf } from './made-elsewhere.ts';
import { substitute } from './placeholders.ts';

export interface ReadObject {
  /** null if the object has no apiVersion or kind. */
  readonly ref: ObjectRef | null;
  /** null if invalid, or of a kind that Sluice does not read. */
  readonly object: JsonObject | null;
  /** What is left of an invalid policy, for as long as no version of it was valid; null for other objects. */
  readonly rejected: JsonObject | null;
  /** As in the text, unchecked: controllers write it, and the object is read without it. null if there is none. */
  readonly writtenStatus: JsonObject | null;
  readonly findings: readonly InputFinding[];
  /** `${NAME}` and the like that were replaced by a stand-in, or that kept the object from being read. */
  readonly placeholders: readonly string[];
  /** An object that exists in the cluster although no file contains it in readable form. */
  readonly expected: ObjectRef | null;
  readonly locate: (path: Path, atKey: boolean) => SourceLocation;
}

const DEFAULT_NAMESPACE = 'default';

export function readObject(source: SourceObject, registry: KindRegistry): ReadObject {
  const { value, locate } = source;
  if (isJsonObject(value['sops'])) return encryptedObject(source, registry);
  const { verdict, read, placeholders } = validateWithPlaceholders(value, registry);
  const ref = refOf(read, registry);
  if (verdict.kind === 'unknown') {
    const findings = [unknownKind(source, ref, verdict.suggestion)];
    const expected = secretMadeOf(value);
    return { ...UNREAD, ref: null, findings, placeholders, expected, locate };
  }
  const repeated = repeatedKeys(source, ref);
  const issues = verdict.kind === 'invalid' ? verdict.issues : verdict.warnings;
  const findings = [...repeated, ...issues.map((issue) => issueFinding(source, ref, issue))];
  if (verdict.kind === 'invalid' || repeated.length > 0 || ref === null) {
    const rejected = rejectedBy(ref, read, { findings, registry });
    const expected = placeholders.length > 0 ? ref : null;
    return { ...UNREAD, rejected, ref, findings, placeholders, expected, locate };
  }
  const object = complete(verdict.object, verdict.definition.namespaced);
  const writtenStatus = isJsonObject(value['status']) ? value['status'] : null;
  return { ref, object, rejected: null, writtenStatus, findings, placeholders, expected: null, locate };
}

const UNREAD = { object: null, rejected: null, writtenStatus: null } as const;

/** `findings`: what is wrong with it. */
function rejectedBy(
  ref: ObjectRef | null,
  value: JsonObject,
  { findings, registry }: { readonly findings: readonly InputFinding[]; readonly registry: KindRegistry },
): JsonObject | null {
  const kind = ref === null ? null : registry.find(ref.group, ref.kind);
  if (ref === null || kind === null) return null;
  const violations = findings.map(({ path, message }) => ({ path, message }));
  const metadata = { name: ref.name, namespace: ref.namespace };
  return rejectedPolicy({ ...value, metadata }, kind, violations);
}

/** SOPS stores its keys in an extra field; only the cluster can decrypt the values. */
function encryptedObject({ value, locate }: SourceObject, registry: KindRegistry): ReadObject {
  const ref = refOf(value, registry);
  const finding = inputFinding('encrypted', {
    object: ref,
    message: 'encrypted with SOPS: not read, and assumed to exist',
    location: locate([], false),
  });
  return { ...UNREAD, ref, placeholders: [], findings: [finding], expected: ref, locate };
}

interface PlaceholderVerdict {
  readonly verdict: Verdict;
  /** The object as it was validated: with stand-ins. */
  readonly read: JsonObject;
  readonly placeholders: readonly string[];
}

/** The issues of an object after stand-ins have replaced its placeholders. */
function validateWithPlaceholders(value: JsonObject, registry: KindRegistry): PlaceholderVerdict {
  const verdict = validateObject(value, registry);
  const substitution = verdict.kind === 'invalid' ? substitute(value, verdict.issues) : null;
  if (substitution === null) return { verdict, read: value, placeholders: [] };
  const { object: read, placeholders } = substitution;
  const second = validateObject(read, registry);
  if (second.kind !== 'invalid') return { verdict: second, read, placeholders };
  // There is no stand-in for a number or the content of a Secret; that is reported once, not for each field.
  const issues = second.issues.filter((issue) => substitute(value, [issue]) === null);
  return { verdict: { kind: 'invalid', issues }, read, placeholders };
}

function refOf({ apiVersion, kind, metadata }: JsonObject, registry: KindRegistry): ObjectRef | null {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isJsonObject(metadata)) return null;
  const { name } = metadata;
  if (typeof name !== 'string' || name === '') return null;
  const { group } = splitApiVersion(apiVersion);
  const isNamespaced = registry.find(group, kind)?.namespaced ?? true;
  return { group, kind, namespace: isNamespaced ? namespaceOf(metadata) : '', name };
}

function namespaceOf({ namespace }: JsonObject): string {
  return typeof namespace === 'string' && namespace !== '' ? namespace : DEFAULT_NAMESPACE;
}

/** What an API server would have filled in besides the defaults of the schema. */
function complete(object: JsonObject, isNamespaced: boolean): JsonObject {
  const metadata = withoutManagedFields(object['metadata'] as JsonObject);
  if (object['kind'] === 'Namespace') return { ...object, metadata: withNameLabel(metadata) };
  if (!isNamespaced) return { ...object, metadata };
  return foldStringData({ ...object, metadata: { ...metadata, namespace: namespaceOf(metadata) } });
}

/** Bookkeeping of the API server, and large. */
const withoutManagedFields = (metadata: JsonObject): JsonObject =>
  'managedFields' in metadata
    ? Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'managedFields'))
    : metadata;

/** Every namespace carries its name as a label, for selectors. */
export function withNameLabel(metadata: JsonObject): JsonObject {
  const labels = {
    ...(metadata['labels'] as JsonObject | undefined),
    'kubernetes.io/metadata.name': metadata['name'],
  };
  return { ...metadata, labels };
}

/** `stringData` wins over `data` of the same key and is not kept (Secret of the Kubernetes API). */
function foldStringData(object: JsonObject): JsonObject {
  const { stringData, ...rest } = object;
  if (object['kind'] !== 'Secret' || stringData === undefined) return object;
  const encoded = Object.entries(stringData as Readonly<Record<string, string>>).map(([key, text]) => [
    key,
    Buffer.from(text, 'utf8').toString('base64'),
  ]);
  return { ...rest, data: { ...(object['data'] as object | undefined), ...Object.fromEntries(encoded) } };
}

const issueFinding = (source: SourceObject, object: ObjectRef | null, issue: Issue): InputFinding =>
  inputFinding(issue.code, {
    object,
    path: formatPath(issue.path),
    message: issue.message,
    hint: issue.hint,
    location: source.locate(issue.path, issue.atKey === true),
  });

function repeatedKeys(
  { repeatedKeys: keys }: SourceObject,
  object: ObjectRef | null,
): readonly InputFinding[] {
  const second = keys.find(({ key, isTopLevel }) => isTopLevel && (key === 'apiVersion' || key === 'kind'));
  if (second !== undefined) return [joinedObjects(object, second.location)];
  return keys.map(({ key, location }) =>
    inputFinding('repeated-key', {
      object,
      message: `the key "${key}" occurs twice in one map`,
      hint: 'remove one of the two, or begin a new element with "- "',
      location,
    }),
  );
}

/** Two manifests were joined without the line that separates them. */
const joinedObjects = (object: ObjectRef | null, location: SourceLocation): InputFinding =>
  inputFinding('repeated-key', {
    object,
    message: 'a second object begins here, in the same document',
    hint: 'put a line "---" between the two',
    location,
  });

function unknownKind(
  source: SourceObject,
  object: ObjectRef | null,
  suggestion: string | null,
): InputFinding {
  const { apiVersion, kind } = source.value;
  const name = object === null ? String(kind) : describeRef(object);
  const type = { group: splitApiVersion(String(apiVersion)).group, kind: String(kind) };
  return inputFinding(suggestion === null ? 'unknown-kind' : 'misspelled-kind', {
    object,
    kind: type,
    path: 'kind',
    message: `${name} (${String(apiVersion)}) is of a kind that Sluice does not read`,
    hint: suggestion === null ? null : `did you mean "${suggestion}"?`,
    location: source.locate(['kind'], false),
  });
}
