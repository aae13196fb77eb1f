/**
 * What an API server would say of one object: version, metadata, structure, defaults, CEL rules. The object comes back defaulted and
 * brought to the version that its type names.
 */
import { suggest } from '../../lib/suggest.ts';
import { allKinds, findKind, joinApiVersion, splitApiVersion, type KindSchemas } from './catalog.ts';
import { applyDefaults } from './defaults.ts';
import { checkMetadata } from './metadata.ts';
import { checkRules } from './rules.ts';
import type { Issue, Schema } from './schema.ts';
import { checkStructure } from './structure.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

export type Verdict =
  /** Not one of ours: neither right nor wrong. */
  | { readonly kind: 'unknown'; readonly suggestion: string | null }
  | { readonly kind: 'invalid'; readonly issues: readonly Issue[] }
  | { readonly kind: 'valid'; readonly object: JsonObject; readonly schemas: KindSchemas };

export function validateObject(object: JsonObject): Verdict {
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string')
    return { kind: 'invalid', issues: [untyped(object)] };
  const { group, version } = splitApiVersion(apiVersion);
  const schemas = findKind(group, kind);
  if (schemas === null) return { kind: 'unknown', suggestion: suggestKind(group, kind) };
  const schema = schemas.versions[version];
  if (schema === undefined) return { kind: 'invalid', issues: [unservedVersion(schemas, version)] };
  const issues = [
    ...checkMetadata(kind, schemas.namespaced, object['metadata']),
    ...checkBody(schema, object),
  ];
  if (issues.length > 0) return { kind: 'invalid', issues };
  const defaulted = applyDefaults(schema, withoutNulls(object)) as JsonObject;
  const violated = checkRules(schema, defaulted, []);
  if (violated.length > 0) return { kind: 'invalid', issues: violated };
  const apiVersionOut = joinApiVersion(group, schemas.storageVersion);
  return { kind: 'valid', schemas, object: { ...defaulted, apiVersion: apiVersionOut } };
}

/** Metadata is checked apart; status is the controller's, not the user's: a manifest that carries one is read without it. */
const checkBody = (schema: Schema, object: JsonObject): Issue[] =>
  checkStructure(schema, without(object, ['status', 'metadata']), []).map(withIndentationHint);

const without = (object: JsonObject, names: readonly string[]): JsonObject =>
  Object.fromEntries(Object.entries(object).filter(([name]) => !names.includes(name)));

function withIndentationHint(issue: Issue): Issue {
  const [first] = issue.path;
  const isMeta = first === 'name' || first === 'namespace' || first === 'labels' || first === 'annotations';
  if (issue.code !== 'unknown-field' || issue.path.length !== 1 || !isMeta) return issue;
  return { ...issue, hint: `indent "${first}:" so that it stands below "metadata:"` };
}

/** The API server drops `metadata.creationTimestamp: null`, which tools write. */
function withoutNulls(object: JsonObject): JsonObject {
  const metadata = object['metadata'] as JsonObject;
  const kept = Object.entries(metadata).filter(([, value]) => value !== null);
  return { ...without(object, ['status']), metadata: Object.fromEntries(kept) };
}

function untyped(object: JsonObject): Issue {
  const missing = typeof object['apiVersion'] === 'string' ? 'kind' : 'apiVersion';
  return {
    path: [],
    severity: 'error',
    code: 'missing-field',
    message: `required field "${missing}" is missing: this is no Kubernetes object`,
    hint:
      missing === 'kind'
        ? 'add "kind:", such as "kind: HTTPRoute"'
        : 'add "apiVersion: gateway.networking.k8s.io/v1"',
  };
}

function unservedVersion(schemas: KindSchemas, version: string): Issue {
  const served = Object.keys(schemas.versions).map((name) => joinApiVersion(schemas.group, name));
  return {
    path: ['apiVersion'],
    severity: 'error',
    code: 'unsupported-value',
    message: `version ${version} of ${schemas.kind} is not served; served are ${served.join(', ')}`,
    hint: `write "apiVersion: ${joinApiVersion(schemas.group, schemas.storageVersion)}"`,
  };
}

/** For kinds of our groups, and for our kinds in a wrong group: what was probably meant. */
function suggestKind(group: string, kind: string): string | null {
  const same = allKinds().find((entry) => entry.kind === kind);
  if (same !== undefined && (group.includes('gateway') || group === '')) {
    return `apiVersion: ${joinApiVersion(same.group, same.storageVersion)}`;
  }
  const candidates = allKinds().filter((entry) => entry.group === group);
  if (candidates.length === 0 || group === '') return null;
  const near = suggest(
    kind,
    candidates.map((entry) => entry.kind),
  );
  return near === null ? null : `kind: ${near}`;
}
