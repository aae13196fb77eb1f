/** Findings of reading resources, with their position in the text. */
import type { Finding, Severity } from './finding.ts';
import type { ObjectRef } from './ref.ts';

/** A place in an input file; `line` and `column` count from 1. `file` is the path as the user gave it, `<stdin>` for standard input. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

interface Meaning {
  readonly severity: Severity;
  readonly text: string;
  /** What to do. Markdown, as the text. */
  readonly advice: string;
}

/** Every code of an input finding. Stable: codes are added, not renamed. docs/reference/findings.md is generated from this table. */
export const INPUT_FINDINGS = {
  'missing-path': {
    severity: 'error',
    text: 'A given path does not exist.',
    advice: 'check the path; Sluice reads it once it exists',
  },
  'unreadable-file': {
    severity: 'error',
    text: 'A file cannot be read.',
    advice: 'check its permissions; its last content is still served',
  },
  syntax: {
    severity: 'error',
    text: 'The text is not valid YAML or JSON.',
    advice: 'fix the text at the position; the previous content of the file is served until then',
  },
  'not-an-object': {
    severity: 'error',
    text: 'A document is a string, a number or a list, not an object.',
    advice: 'write a map with `apiVersion`, `kind` and `metadata`',
  },
  'not-kubernetes': {
    severity: 'info',
    text: 'The file contains no Kubernetes object and is skipped.',
    advice: 'nothing; `check --strict` makes it an error',
  },
  template: {
    severity: 'warning',
    text: 'The file is a template and must be rendered first.',
    advice: '`helm template CHART | sluice check -`',
  },
  'kustomization-not-applied': {
    severity: 'warning',
    text: 'A kustomization changes or generates objects; Sluice reads the folder without applying it.',
    advice: '`kustomize build FOLDER | sluice check -`',
  },
  placeholder: {
    severity: 'info',
    text: 'Values contain placeholders such as `${NAME}`; Sluice reads them as names.',
    advice: 'nothing; or substitute them first (`flux envsubst`)',
  },
  'placeholder-not-read': {
    severity: 'warning',
    text: 'Objects contain placeholders where no name is allowed; Sluice does not read them.',
    advice: 'substitute them first (`flux envsubst`)',
  },
  encrypted: {
    severity: 'info',
    text: 'The object is encrypted with SOPS; Sluice does not read it.',
    advice: 'nothing',
  },
  'unknown-kind': {
    severity: 'info',
    text: 'Sluice does not read this kind.',
    advice: 'nothing, if the object is for another tool',
  },
  'misspelled-kind': {
    severity: 'error',
    text: 'The kind or its apiVersion resembles one that Sluice reads.',
    advice: 'write the name in the hint',
  },
  'repeated-key': {
    severity: 'error',
    text: 'A key occurs twice in one map.',
    advice: 'remove one, or begin a new list element with `- `',
  },
  'duplicate-object': {
    severity: 'error',
    text: 'The object is defined more than once.',
    advice: 'remove one; Sluice uses the first by file name and line',
  },
  'last-valid-version-served': {
    severity: 'warning',
    text: 'The object is now invalid; its last valid version is still served.',
    advice: 'fix the other findings, or remove the object',
  },
  'unusable-object': {
    severity: 'error',
    text: 'An object in the API server lacks fields that its kind requires, and cannot be used.',
    advice: 'apply the object again in its newest version',
  },
  'unknown-field': {
    severity: 'error',
    text: 'The kind has no such field here.',
    advice: 'check spelling and indentation; the hint names the closest field',
  },
  'missing-field': { severity: 'error', text: 'A required field is missing.', advice: 'add it' },
  'wrong-type': {
    severity: 'error',
    text: 'The value has the wrong type for the field.',
    advice: 'add or remove quotes or `- `, as the hint says',
  },
  'unsupported-value': {
    severity: 'error',
    text: 'The field does not allow this value.',
    advice: 'use a value that the message lists',
  },
  'invalid-value': {
    severity: 'error',
    text: 'The value violates the pattern, format or range of the field.',
    advice: 'the message shows the expected value',
  },
  'too-long': { severity: 'error', text: 'A string is longer than the field allows.', advice: 'shorten it' },
  'too-many': {
    severity: 'error',
    text: 'A list or map has more elements than the field allows.',
    advice: 'split the object',
  },
  'too-few': {
    severity: 'error',
    text: 'A list or map has fewer elements than the field needs.',
    advice: 'add elements, or omit the field',
  },
  duplicate: {
    severity: 'error',
    text: 'Two elements of a list have the same key.',
    advice: 'remove one, or give it another key',
  },
  'rule-violated': {
    severity: 'error',
    text: 'The object violates a validation rule (CEL) of its kind.',
    advice: 'see the message, which comes from the rule',
  },
  'namespace-ignored': {
    severity: 'warning',
    text: 'The kind is cluster-scoped; Sluice ignores the given namespace.',
    advice: 'remove `metadata.namespace`',
  },
  'cluster-only': {
    severity: 'info',
    text: 'The object is served here, but the API server of a cluster would reject it.',
    advice: 'nothing, without a cluster: endpoints on the local machine are an example',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

export type InputFindingCode = keyof typeof INPUT_FINDINGS;

/** A finding with its position in a file; the text may not be an object. */
export interface InputFinding extends Omit<Finding, 'object' | 'code' | 'target'> {
  readonly code: InputFindingCode;
  /** null when the text does not say which object it is. */
  readonly object: ObjectRef | null;
  /** Kind of an object that has no name. */
  readonly kind?: Pick<ObjectRef, 'group' | 'kind'>;
  readonly location: SourceLocation | null;
}

/** The severity of an input finding follows from its code. */
export function inputFinding(
  code: InputFindingCode,
  details: Pick<InputFinding, 'message' | 'location'> &
    Partial<Pick<InputFinding, 'object' | 'kind' | 'path' | 'hint'>>,
): InputFinding {
  const { severity } = INPUT_FINDINGS[code];
  return { severity, code, object: null, path: '', hint: null, ...details };
}
