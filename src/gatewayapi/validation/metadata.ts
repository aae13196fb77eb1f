/** `metadata` of any object, as the API server checks it (ObjectMeta of apimachinery). */
import { normalize } from './normalize.ts';
import { dns1123Label, dns1123Subdomain, labelValue, qualifiedName, type NameFormat } from './names.ts';
import { isJsonObject, type JsonObject, type Report, type Schema } from './schema.ts';
import { checkRules } from './rules.ts';
import { checkStructure } from './structure.ts';
import type { Kind } from '../kind.ts';

const text: Schema = { type: 'string' };
/** null in a map or list of texts is an empty text, as Go reads it. */
const element: Schema = { type: 'string', default: '' };
const texts: Schema = { type: 'object', additionalProperties: element };
const integer: Schema = { type: 'integer', format: 'int64' };
const flag: Schema = { type: 'boolean' };
const anything: Schema = { 'x-kubernetes-preserve-unknown-fields': true };
const mandatory: Schema = { type: 'string', minLength: 1 };
const time: Schema = { type: 'string', format: 'date-time' };

export const METADATA_SCHEMA: Schema = {
  type: 'object',
  properties: {
    name: text,
    generateName: text,
    namespace: text,
    selfLink: text,
    uid: text,
    resourceVersion: text,
    generation: { ...integer, minimum: 0 },
    creationTimestamp: time,
    deletionTimestamp: time,
    deletionGracePeriodSeconds: integer,
    labels: texts,
    annotations: texts,
    finalizers: { type: 'array', items: element },
    ownerReferences: {
      type: 'array',
      'x-kubernetes-validations': [
        {
          rule: 'self.filter(o, has(o.controller) && o.controller).all(o, self.filter(p, has(p.controller) && p.controller).all(p, p == o))',
          message: 'only one owner may have controller set to true',
        },
      ],
      items: {
        type: 'object',
        required: ['apiVersion', 'kind', 'name', 'uid'],
        properties: {
          apiVersion: {
            type: 'string',
            minLength: 1,
            'x-kubernetes-validations': [
              {
                rule: "self.matches('^([^/]*/)?[^/]+$')",
                message: 'must be a version, or a group, "/" and a version',
              },
            ],
          },
          kind: mandatory,
          name: mandatory,
          uid: mandatory,
          controller: flag,
          blockOwnerDeletion: flag,
        },
      },
    },
    managedFields: { type: 'array', items: { type: 'object', ...anything } },
  },
};

const MAX_ANNOTATION_BYTES = 256 * 1024;

/** Reports problems, and returns the metadata without nulls and unknown fields. */
export function checkMetadata(kind: Kind, metadata: unknown, report: Report): JsonObject {
  if (metadata === undefined || metadata === null) {
    report(
      ['metadata'],
      'missing-field',
      'required field "metadata" is missing',
      'add "metadata:" with a "name:" below it',
    );
    return {};
  }
  const normalized = normalize(METADATA_SCHEMA, metadata, ['metadata'], report);
  const faults: Parameters<Report>[] = [];
  checkStructure(METADATA_SCHEMA, normalized, ['metadata'], (...fault) => faults.push(fault));
  for (const fault of faults) report(...fault);
  if (faults.length > 0 || !isJsonObject(normalized)) return {};
  checkRules(METADATA_SCHEMA, normalized, ['metadata'], report);
  checkName(kind.kind, normalized, report);
  const ignored = checkNamespace(kind.namespaced, normalized['namespace'], report);
  checkLabels(normalized['labels'], report);
  checkAnnotations(normalized['annotations'], report);
  checkFinalizers(kind, normalized['finalizers'], report);
  return ignored ? withoutNamespace(normalized) : normalized;
}

function checkName(kind: string, { name, generateName }: JsonObject, report: Report): void {
  if (typeof name === 'string' && name !== '') {
    refuse(nameFormat(kind), name, (message) => {
      report(['metadata', 'name'], 'invalid-value', message, nameHint(nameFormat(kind), name));
    });
    return;
  }
  const hint =
    generateName === undefined
      ? 'add "name:" below "metadata:"'
      : 'write "name:" instead: "generateName:" needs an API server';
  report(['metadata', 'name'], 'missing-field', 'required field "name" is missing', hint);
}

function nameFormat(kind: string): NameFormat {
  return kind === 'Namespace' || kind === 'Service' ? dns1123Label : dns1123Subdomain;
}

/** The name with capitals and underscores replaced, if that makes it valid. */
function nameHint(format: NameFormat, name: string): string | null {
  const better = name.toLowerCase().replaceAll(/[_ ]/g, '-');
  return format(better) === null ? `write "${better}"` : null;
}

function refuse(format: NameFormat, value: string, tell: (message: string) => void): void {
  const expected = format(value);
  if (expected !== null) tell(`invalid value ${JSON.stringify(value)}: must be ${expected}`);
}

/** True when the namespace is to be dropped, as kube-apiserver does for cluster-scoped kinds. */
function checkNamespace(namespaced: boolean, namespace: unknown, report: Report): boolean {
  if (typeof namespace !== 'string' || namespace === '') return false;
  const path = ['metadata', 'namespace'];
  if (!namespaced) {
    report(
      path,
      'namespace-ignored',
      `objects of this kind have no namespace: "${namespace}" is ignored`,
      'remove the field',
    );
    return true;
  }
  refuse(dns1123Label, namespace, (message) => {
    report(path, 'invalid-value', message, nameHint(dns1123Label, namespace));
  });
  return false;
}

const withoutNamespace = (metadata: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'namespace'));

function checkLabels(labels: unknown, report: Report): void {
  for (const [key, value] of Object.entries((labels ?? {}) as Readonly<Record<string, string>>)) {
    const path = ['metadata', 'labels', key];
    refuse(qualifiedName, key, (message) => report(path, 'invalid-value', message));
    refuse(labelValue, value, (message) => report(path, 'invalid-value', message));
  }
}

function checkAnnotations(annotations: unknown, report: Report): void {
  let bytes = 0;
  for (const [key, value] of Object.entries((annotations ?? {}) as Readonly<Record<string, string>>)) {
    refuse(qualifiedName, key.toLowerCase(), (message) =>
      report(['metadata', 'annotations', key], 'invalid-value', message),
    );
    bytes += utf8Length(key) + utf8Length(value);
  }
  if (bytes > MAX_ANNOTATION_BYTES) {
    report(
      ['metadata', 'annotations'],
      'too-long',
      `has ${String(bytes)} bytes, at most ${String(MAX_ANNOTATION_BYTES)} are allowed`,
    );
  }
}

const STANDARD_FINALIZERS = ['orphan', 'foregroundDeletion', 'kubernetes'];

function checkFinalizers({ group }: Kind, finalizers: unknown, report: Report): void {
  const names = (finalizers ?? []) as readonly string[];
  for (const [index, name] of names.entries()) {
    const path = ['metadata', 'finalizers', index];
    refuse(qualifiedName, name, (message) => report(path, 'invalid-value', message));
    // The API server checks no more than this for custom resources.
    const isBuiltIn = !group.startsWith('gateway.');
    if (isBuiltIn && !name.includes('/') && !STANDARD_FINALIZERS.includes(name)) {
      report(
        path,
        'invalid-value',
        `invalid value ${JSON.stringify(name)}: must be a DNS name, "/" and a name`,
      );
    }
  }
  if (names.includes('orphan') && names.includes('foregroundDeletion')) {
    report(['metadata', 'finalizers'], 'invalid-value', 'orphan and foregroundDeletion exclude each other');
  }
}

function utf8Length(value: string): number {
  let bytes = 0;
  for (const character of value) {
    const point = character.codePointAt(0) ?? 0;
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x1_0000 ? 3 : 4;
  }
  return bytes;
}
