/**
 * Validates one object like an API server: version, metadata, unknown fields, structure, CEL rules. Returns the object with defaults,
 * converted to the version of its type.
 */
import { REGISTRY, type KindRegistry, type RegisteredKind } from '../kind-registry.ts';
import { splitApiVersion } from './api-version.ts';
import { checkMetadata } from './metadata.ts';
import { misplacedHint } from './misplaced.ts';
import { normalize } from './normalize.ts';
import { checkRules } from './rules.ts';
import type { Issue, IssueCode, JsonObject, Report, Schema } from './schema.ts';
import { checkStructure } from './structure.ts';
import { suggestKind, unservedVersion, untyped } from './type-meta.ts';

export type Verdict =
  /** Not a kind that Sluice reads, so neither valid nor invalid. `suggestion` is the probable intention, such as `kind: HTTPRoute`. */
  | { readonly kind: 'unknown'; readonly suggestion: string | null }
  | { readonly kind: 'invalid'; readonly issues: readonly Issue[] }
  /** `warnings` do not make the object invalid: see `HARMLESS`. */
  | {
      readonly kind: 'valid';
      readonly object: JsonObject;
      readonly definition: RegisteredKind;
      readonly warnings: readonly Issue[];
    };

export function validateObject(object: JsonObject, registry: KindRegistry = REGISTRY): Verdict {
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '' || kind === '') {
    return { kind: 'invalid', issues: untyped(object) };
  }
  const { group, version } = splitApiVersion(apiVersion);
  const definition = registry.find(group, kind);
  if (definition === null) return { kind: 'unknown', suggestion: suggestKind(registry, group, kind) };
  const schema = definition.versions.includes(version) ? definition.schemas[version] : undefined;
  if (schema === undefined) return { kind: 'invalid', issues: [unservedVersion(definition, version)] };
  return validateBody(object, definition, schema);
}

/**
 * The API server evaluates no rules on an object with one of these. It does if a field is unknown or a key is duplicate, but
 * the rules would then report the same fault again.
 */
const HIDES_RULES: ReadonlySet<IssueCode> = new Set<IssueCode>([
  'unknown-field',
  'wrong-type',
  'missing-field',
  'unsupported-value',
  'too-long',
  'too-many',
  'duplicate',
]);

const HARMLESS: ReadonlySet<IssueCode> = new Set<IssueCode>(['cluster-only', 'namespace-ignored']);

function validateBody(object: JsonObject, definition: RegisteredKind, schema: Schema): Verdict {
  const issues: Issue[] = [];
  const report: Report = (path, code, message, hint = null) => {
    issues.push(refine({ path, code, message, hint }, definition, schema));
  };
  const { metadata: given, ...rest } = object;
  const metadata = checkMetadata(definition, given, report);
  // The status of a manifest must have known fields, but its values belong to the controller and are not checked.
  const body = withoutStatus(normalize(schema, rest, [], report) as JsonObject);
  checkStructure(schema, body, [], report);
  if (!issues.some(({ code }) => HIDES_RULES.has(code))) checkRules(schema, body, [], report);
  if (issues.some(({ code }) => !HARMLESS.has(code))) return { kind: 'invalid', issues };
  return {
    kind: 'valid',
    definition,
    object: convert({ ...body, metadata }, definition, schema),
    warnings: issues,
  };
}

/** Adds to a message what follows from the field, or removes secrets. */
function refine(issue: Issue, { kind }: RegisteredKind, schema: Schema): Issue {
  const { path, code, hint } = issue;
  if (code === 'unknown-field') {
    const isSpelling = hint?.startsWith('did you mean') === true;
    return { ...issue, atKey: true, hint: (isSpelling ? null : misplacedHint(schema, path)) ?? hint };
  }
  const isSecret = kind === 'Secret' && (path[0] === 'data' || path[0] === 'stringData');
  return isSecret ? withoutValue(issue) : issue;
}

/** Findings are printed and logged, so they must not contain values of Secrets. */
function withoutValue(issue: Issue): Issue {
  const { code, message } = issue;
  if (code === 'wrong-type') {
    return { ...issue, message: message.replace(/, is .*$/s, ''), hint: 'put the value in quotes' };
  }
  if (code !== 'invalid-value') return issue;
  return { ...issue, message: 'must be base64', hint: 'plain text goes into "stringData:"' };
}

const withoutStatus = (object: JsonObject): JsonObject =>
  'status' in object
    ? Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'status'))
    : object;

/** Versions of one kind differ in what they allow, not in shape: conversion is another apiVersion and that version's defaults. */
function convert(
  object: JsonObject,
  { schema: target, apiVersion }: RegisteredKind,
  from: Schema,
): JsonObject {
  const { metadata, ...body } = object;
  const normalized = target === from ? body : (normalize(target, body, [], () => undefined) as JsonObject);
  return { ...normalized, metadata, apiVersion };
}
