/**
 * What an API server would say of one object: version, metadata, unknown fields, structure, CEL rules. The object comes back defaulted
 * and brought to the version that its type names.
 */
import { suggest } from '../../lib/suggest.ts';
import { allKinds, findKind, joinApiVersion, splitApiVersion, type KindSchemas } from './catalog.ts';
import { checkMetadata } from './metadata.ts';
import { misplacedHint } from './misplaced.ts';
import { normalize } from './normalize.ts';
import { checkRules } from './rules.ts';
import type { Issue, IssueCode, JsonObject, Report, Schema } from './schema.ts';
import { checkStructure } from './structure.ts';

export type Verdict =
  /** Not one of ours: neither right nor wrong. `suggestion` is what was probably meant, such as `kind: HTTPRoute`. */
  | { readonly kind: 'unknown'; readonly suggestion: string | null }
  | { readonly kind: 'invalid'; readonly issues: readonly Issue[] }
  /** `remarks` are what a cluster would refuse (`cluster-only`). */
  | {
      readonly kind: 'valid';
      readonly object: JsonObject;
      readonly schemas: KindSchemas;
      readonly remarks: readonly Issue[];
    };

export function validateObject(object: JsonObject): Verdict {
  const { apiVersion, kind } = object;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || apiVersion === '' || kind === '') {
    return { kind: 'invalid', issues: untyped(object) };
  }
  const { group, version } = splitApiVersion(apiVersion);
  const schemas = findKind(group, kind);
  if (schemas === null) return { kind: 'unknown', suggestion: suggestKind(group, kind) };
  const schema = schemas.versions[version];
  if (schema === undefined) return { kind: 'invalid', issues: [unservedVersion(schemas, version)] };
  return validateBody(object, schemas, schema);
}

/**
 * The API server evaluates no rules on an object that has one of these. It does where a field is unknown or a key stands twice, but what
 * the rules then say is the same fault again.
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

function validateBody(object: JsonObject, schemas: KindSchemas, schema: Schema): Verdict {
  const issues: Issue[] = [];
  const report: Report = (path, code, message, hint = null) => {
    const atKey = code === 'unknown-field';
    const better =
      atKey && (hint === null || !hint.startsWith('did you mean')) ? misplacedHint(schema, path) : null;
    issues.push({ path, code, message, hint: better ?? hint, ...(atKey ? { atKey } : {}) });
  };
  const { metadata: given, ...rest } = object;
  const metadata = checkMetadata(schemas, given, report);
  // A manifest's status has known fields or it is refused, but its values are the controller's: they are not looked at.
  const body = withoutStatus(normalize(schema, rest, [], report) as JsonObject);
  checkStructure(schema, body, [], report);
  if (!issues.some(({ code }) => HIDES_RULES.has(code))) checkRules(schema, body, [], report);
  if (issues.some(({ code }) => code !== 'cluster-only')) return { kind: 'invalid', issues };
  return {
    kind: 'valid',
    schemas,
    object: convert({ ...body, metadata }, schemas, schema),
    remarks: issues,
  };
}

const withoutStatus = (object: JsonObject): JsonObject =>
  'status' in object
    ? Object.fromEntries(Object.entries(object).filter(([name]) => name !== 'status'))
    : object;

/** Versions of one kind differ in what they allow, not in shape: conversion is another apiVersion and that version's defaults. */
function convert(object: JsonObject, schemas: KindSchemas, from: Schema): JsonObject {
  const { group, storageVersion, versions } = schemas;
  const target = versions[storageVersion] ?? from;
  const { metadata, ...body } = object;
  const normalized = target === from ? body : (normalize(target, body, [], () => undefined) as JsonObject);
  return { ...normalized, metadata, apiVersion: joinApiVersion(group, storageVersion) };
}

function untyped(object: JsonObject): Issue[] {
  const hints = {
    apiVersion: 'add "apiVersion:", such as gateway.networking.k8s.io/v1',
    kind: 'add "kind:", such as HTTPRoute',
  };
  return (['apiVersion', 'kind'] as const).flatMap((name): Issue[] => {
    const value = object[name];
    if (value === undefined || value === null || value === '') {
      return [
        {
          path: [name],
          code: 'missing-field',
          message: `required field "${name}" is missing`,
          hint: hints[name],
        },
      ];
    }
    if (typeof value === 'string') return [];
    return [
      {
        path: [name],
        code: 'wrong-type',
        message: `must be a string, is ${JSON.stringify(value)}`,
        hint: null,
      },
    ];
  });
}

function unservedVersion(schemas: KindSchemas, version: string): Issue {
  const served = Object.keys(schemas.versions).map((name) => joinApiVersion(schemas.group, name));
  return {
    path: ['apiVersion'],
    code: 'unsupported-value',
    message: `version ${version} of ${schemas.kind} is not served: served are ${served.join(', ')}`,
    hint: `write "apiVersion: ${joinApiVersion(schemas.group, schemas.storageVersion)}"`,
  };
}

/** For kinds of our groups, and for our kinds in a wrong group: what was probably meant. */
function suggestKind(group: string, kind: string): string | null {
  const kinds = allKinds();
  const same = kinds.find((entry) => entry.kind === kind);
  if (same !== undefined) {
    return isOurs(group) ? `apiVersion: ${joinApiVersion(same.group, same.storageVersion)}` : null;
  }
  if (!isOurs(group)) return null;
  // Experimental kinds lose their X when they become stable.
  const stable = kinds.find((entry) => `X${entry.kind}` === kind);
  if (stable !== undefined)
    return `apiVersion: ${joinApiVersion(stable.group, stable.storageVersion)}, kind: ${stable.kind}`;
  const near = suggest(
    kind,
    kinds.filter((entry) => entry.group === group).map((entry) => entry.kind),
  );
  return near === null ? null : `kind: ${near}`;
}

/** A group that nobody else uses, or that looks like a misspelt one of these. */
const isOurs = (group: string): boolean =>
  group.includes('gateway') ||
  allKinds().some((entry) => entry.group === group) ||
  group === 'networking.k8s.io';
