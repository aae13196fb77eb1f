/** One object of a file: valid and completed for standalone use, or findings with their places. */
import { describeRef, type ObjectRef } from '../../gatewayapi/ref.ts';
import { formatPath, type Issue } from '../../gatewayapi/validation/schema.ts';
import { splitApiVersion } from '../../gatewayapi/validation/catalog.ts';
import { validateObject } from '../../gatewayapi/validation/validate-object.ts';
import type { JsonObject } from '../../gatewayapi/validation/schema.ts';
import type { InputFinding } from '../../gatewayapi/input-finding.ts';
import type { SourceObject } from './documents.ts';

export interface JudgedObject {
  /** null when the object does not say what it is. */
  readonly ref: ObjectRef | null;
  /** null when invalid or of a kind that is not ours. */
  readonly object: JsonObject | null;
  readonly findings: readonly InputFinding[];
  readonly source: SourceObject;
}

export const DEFAULT_NAMESPACE = 'default';

export function judgeObject(source: SourceObject): JudgedObject {
  const ref = refOf(source.value);
  const verdict = validateObject(source.value);
  switch (verdict.kind) {
    case 'unknown':
      return { ref, object: null, findings: [unknownKind(source, ref, verdict.suggestion)], source };
    case 'invalid':
      return {
        ref,
        object: null,
        findings: verdict.issues.map((issue) => issueFinding(source, ref, issue)),
        source,
      };
    case 'valid': {
      const { namespaced, group } = verdict.schemas;
      const object = foldStringData(withNamespace(verdict.object, namespaced));
      const completed =
        ref === null ? null : { ...ref, group, namespace: namespaced ? namespaceOf(object) : '' };
      const findings = verdict.remarks.map((issue) => issueFinding(source, completed, issue));
      return { ref: completed, object, findings, source };
    }
  }
}

function refOf(value: JsonObject): ObjectRef | null {
  const { apiVersion, kind, metadata } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return null;
  const { name } = (metadata ?? {}) as { readonly name?: unknown };
  if (typeof name !== 'string') return null;
  return { group: splitApiVersion(apiVersion).group, kind, namespace: namespaceOf(value), name };
}

function namespaceOf(value: JsonObject): string {
  const { namespace } = (value['metadata'] ?? {}) as { readonly namespace?: unknown };
  return typeof namespace === 'string' && namespace !== '' ? namespace : DEFAULT_NAMESPACE;
}

function withNamespace(object: JsonObject, namespaced: boolean): JsonObject {
  if (!namespaced) return object;
  const metadata = object['metadata'] as JsonObject;
  return { ...object, metadata: { ...metadata, namespace: namespaceOf(object) } };
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

const issueFinding = (source: SourceObject, object: ObjectRef | null, issue: Issue): InputFinding => ({
  severity: issue.code === 'cluster-only' ? 'info' : 'error',
  code: issue.code,
  object,
  path: formatPath(issue.path),
  message: issue.message,
  hint: issue.hint,
  location: source.locate(issue.path, issue.atKey === true),
});

function unknownKind(
  source: SourceObject,
  object: ObjectRef | null,
  suggestion: string | null,
): InputFinding {
  const { apiVersion, kind } = source.value;
  const name = object === null ? String(kind) : describeRef(object);
  return {
    severity: suggestion === null ? 'info' : 'error',
    code: 'unknown-kind',
    object,
    path: 'kind',
    message: `${name} (${String(apiVersion)}) is of a kind that Sluice does not read`,
    hint: suggestion === null ? null : `did you mean "${suggestion}"?`,
    location: source.locate(['kind'], false),
  };
}
