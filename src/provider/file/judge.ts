/** One object of a file: valid and completed for standalone use, or findings with their places. */
import { inputFinding, type InputFinding, type SourceLocation } from '../../gatewayapi/input-finding.ts';
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { findKind, splitApiVersion } from '../../gatewayapi/validation/catalog.ts';
import {
  formatPath,
  isJsonObject,
  type Issue,
  type JsonObject,
  type Path,
} from '../../gatewayapi/validation/schema.ts';
import { validateObject } from '../../gatewayapi/validation/validate-object.ts';
import type { SourceObject } from './documents.ts';

export interface JudgedObject {
  /** null when the object does not say what it is. */
  readonly ref: ObjectRef | null;
  /** null when invalid or of a kind that is not ours. */
  readonly object: JsonObject | null;
  readonly findings: readonly InputFinding[];
  readonly locate: (path: Path, atKey: boolean) => SourceLocation;
}

const DEFAULT_NAMESPACE = 'default';

export function judgeObject(source: SourceObject): JudgedObject {
  const { value, locate } = source;
  const ref = refOf(value);
  const verdict = validateObject(value);
  if (verdict.kind === 'unknown') {
    return { ref: null, object: null, findings: [unknownKind(source, ref, verdict.suggestion)], locate };
  }
  const repeated = repeatedKeys(source, ref);
  const issues = verdict.kind === 'invalid' ? verdict.issues : verdict.remarks;
  const findings = [...repeated, ...issues.map((issue) => issueFinding(source, ref, issue))];
  if (verdict.kind === 'invalid' || repeated.length > 0 || ref === null)
    return { ref, object: null, findings, locate };
  return { ref, object: complete(verdict.object, verdict.schemas.namespaced), findings, locate };
}

function refOf({ apiVersion, kind, metadata }: JsonObject): ObjectRef | null {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isJsonObject(metadata)) return null;
  const { name } = metadata;
  if (typeof name !== 'string' || name === '') return null;
  const { group } = splitApiVersion(apiVersion);
  const isNamespaced = findKind(group, kind)?.namespaced ?? true;
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

const repeatedKeys = ({ repeatedKeys: keys }: SourceObject, object: ObjectRef | null): InputFinding[] =>
  keys.map(({ key, location }) =>
    inputFinding('repeated-key', {
      object,
      message: `the key "${key}" stands twice in one map`,
      hint: 'remove one of the two, or begin a new element with "- "',
      location,
    }),
  );

function unknownKind(
  source: SourceObject,
  object: ObjectRef | null,
  suggestion: string | null,
): InputFinding {
  const { apiVersion, kind } = source.value;
  const name = object === null ? String(kind) : describeRef(object);
  return inputFinding(suggestion === null ? 'unknown-kind' : 'misspelt-kind', {
    object,
    path: 'kind',
    message: `${name} (${String(apiVersion)}) is of a kind that Sluice does not read`,
    hint: suggestion === null ? null : `did you mean "${suggestion}"?`,
    location: source.locate(['kind'], false),
  });
}
