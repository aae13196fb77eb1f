/** What reading resources has to say about them, with the place in the text they came from. */
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
}

/** Every code of an input finding. Stable: codes are added, not renamed. docs/reference/findings.md is held to this table by a test. */
export const INPUT_FINDINGS = {
  'missing-path': { severity: 'error', text: 'A given path does not exist.' },
  'unreadable-file': { severity: 'error', text: 'A file cannot be read.' },
  syntax: { severity: 'error', text: 'The text is not valid YAML or JSON.' },
  'not-an-object': { severity: 'error', text: 'A document is a string, a number or a list, not an object.' },
  'not-kubernetes': { severity: 'info', text: 'The file contains no Kubernetes object and is skipped.' },
  template: { severity: 'warning', text: 'The file is a template and must be rendered first.' },
  'kustomization-not-applied': {
    severity: 'warning',
    text: 'A kustomization changes or generates objects; Sluice reads the folder without applying it.',
  },
  placeholder: {
    severity: 'info',
    text: 'Values contain placeholders such as `${NAME}`; Sluice reads them as names.',
  },
  'placeholder-not-read': {
    severity: 'warning',
    text: 'Objects contain placeholders where no name is allowed; Sluice does not read them.',
  },
  encrypted: { severity: 'info', text: 'The object is encrypted with SOPS; Sluice does not read it.' },
  'unknown-kind': { severity: 'info', text: 'Sluice does not read this kind.' },
  'misspelt-kind': { severity: 'error', text: 'The kind or its apiVersion resembles one that Sluice reads.' },
  'repeated-key': { severity: 'error', text: 'A key occurs twice in one map.' },
  'duplicate-object': { severity: 'error', text: 'The object is defined more than once.' },
  'last-version-in-force': {
    severity: 'warning',
    text: 'The object is now invalid; its last valid version is still served.',
  },
  'unusable-object': {
    severity: 'error',
    text: 'An object in the API server lacks fields that its kind requires, and cannot be used.',
  },
  'unknown-field': { severity: 'error', text: 'The kind has no such field here.' },
  'missing-field': { severity: 'error', text: 'A required field is missing.' },
  'wrong-type': { severity: 'error', text: 'The value has the wrong type for the field.' },
  'unsupported-value': { severity: 'error', text: 'The field does not allow this value.' },
  'invalid-value': {
    severity: 'error',
    text: 'The value violates the pattern, format or range of the field.',
  },
  'too-long': { severity: 'error', text: 'A string is longer than the field allows.' },
  'too-many': { severity: 'error', text: 'A list or map has more elements than the field allows.' },
  'too-few': { severity: 'error', text: 'A list or map has fewer elements than the field needs.' },
  duplicate: { severity: 'error', text: 'Two elements of a list have the same key.' },
  'rule-violated': { severity: 'error', text: 'The object violates a validation rule (CEL) of its kind.' },
  'namespace-ignored': {
    severity: 'warning',
    text: 'The kind is cluster-scoped; Sluice ignores the given namespace.',
  },
  'cluster-only': {
    severity: 'info',
    text: 'The object is served here, but the API server of a cluster would reject it.',
  },
} as const satisfies Readonly<Record<string, Meaning>>;

export type InputFindingCode = keyof typeof INPUT_FINDINGS;

/** A finding with its place in a file; it may be about text that is no object yet. */
export interface InputFinding extends Omit<Finding, 'object' | 'code' | 'target'> {
  readonly code: InputFindingCode;
  /** null when the text does not say which object it is. */
  readonly object: ObjectRef | null;
  readonly location: SourceLocation | null;
}

/** The severity of an input finding follows from its code. */
export function inputFinding(
  code: InputFindingCode,
  details: Pick<InputFinding, 'message' | 'location'> &
    Partial<Pick<InputFinding, 'object' | 'path' | 'hint'>>,
): InputFinding {
  const { severity } = INPUT_FINDINGS[code];
  return { severity, code, object: null, path: '', hint: null, ...details };
}
