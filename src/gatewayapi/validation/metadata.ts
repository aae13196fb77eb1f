/** `metadata` of any object, as the API server checks it. */
import { suggest } from '../../lib/suggest.ts';
import type { Issue, PathSegment } from './schema.ts';

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const LABEL_NAME = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

const FIELDS = new Set([
  'name',
  'generateName',
  'namespace',
  'selfLink',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'managedFields',
]);

/** Which rule names of a kind follow. */
export function checkMetadata(kind: string, namespaced: boolean, metadata: unknown): Issue[] {
  const issues: Issue[] = [];
  const report = (path: readonly PathSegment[], message: string, hint: string | null = null): void => {
    issues.push({ path: ['metadata', ...path], severity: 'error', code: 'invalid-metadata', message, hint });
  };
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    report([], 'required field "metadata" is missing', 'add "metadata:" with a "name:" below it');
    return issues;
  }
  const fields = metadata as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) {
    if (FIELDS.has(name)) continue;
    const near = suggest(name, FIELDS);
    issues.push({
      path: ['metadata', name],
      severity: 'error',
      code: 'unknown-field',
      message: `unknown field "${name}"`,
      hint: near === null ? null : `did you mean "${near}"?`,
      atKey: true,
    });
  }
  checkName(kind, fields['name'], report);
  checkNamespace(namespaced, fields['namespace'], report);
  for (const block of ['labels', 'annotations'] as const) checkStrings(block, fields[block], report);
  return issues;
}

type Report = (path: readonly PathSegment[], message: string, hint?: string | null) => void;

function checkName(kind: string, name: unknown, report: Report): void {
  if (name === undefined || name === '') {
    report([], 'required field "name" is missing', 'add "name:" below "metadata:"');
    return;
  }
  if (typeof name !== 'string') {
    report(['name'], `must be a string, is ${JSON.stringify(name)}`, 'write it with quotes');
    return;
  }
  const hint = name === name.toLowerCase() ? null : `write "${name.toLowerCase()}"`;
  if (kind === 'Service') {
    if (name.length > 63 || !DNS_1035.test(name)) {
      report(
        ['name'],
        `invalid value "${name}": a Service's name is a letter, then letters, digits and "-", at most 63`,
        hint,
      );
    }
  } else if (kind === 'Namespace') {
    if (name.length > 63 || !LABEL.test(name)) {
      report(
        ['name'],
        `invalid value "${name}": a namespace's name has lower-case letters, digits and "-", at most 63`,
        hint,
      );
    }
  } else if (name.length > 253 || !SUBDOMAIN.test(name)) {
    report(
      ['name'],
      `invalid value "${name}": names have lower-case letters, digits, "-" and ".", begin and end with a letter or digit, at most 253`,
      hint,
    );
  }
}

function checkNamespace(namespaced: boolean, namespace: unknown, report: Report): void {
  if (namespace === undefined || namespace === '') return;
  if (typeof namespace !== 'string' || namespace.length > 63 || !LABEL.test(namespace)) {
    report(
      ['namespace'],
      `invalid value ${JSON.stringify(namespace)}: lower-case letters, digits and "-", at most 63`,
    );
  } else if (!namespaced) {
    report(['namespace'], 'objects of this kind have no namespace', 'remove the field');
  }
}

function checkStrings(block: 'labels' | 'annotations', value: unknown, report: Report): void {
  if (value === undefined || value === null) return;
  if (typeof value !== 'object' || Array.isArray(value)) {
    report([block], 'must be an object');
    return;
  }
  for (const [key, text] of Object.entries(value as Readonly<Record<string, unknown>>)) {
    if (!isQualifiedName(key)) report([block, key], `invalid key "${key}"`);
    if (typeof text !== 'string') {
      const shown = JSON.stringify(text);
      report([block, key], `must be a string, is ${shown}`, `write "${shown}", with quotes`);
    } else if (block === 'labels' && text !== '' && (text.length > 63 || !LABEL_NAME.test(text))) {
      report([block, key], `invalid label value "${text}": letters, digits, "-", "_" and ".", at most 63`);
    }
  }
}

/** `name` or `prefix/name`. */
function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  const name = key.slice(slash + 1);
  const prefix = slash === -1 ? null : key.slice(0, slash);
  if (prefix !== null && (prefix.length > 253 || !SUBDOMAIN.test(prefix))) return false;
  return name.length <= 63 && LABEL_NAME.test(name);
}
