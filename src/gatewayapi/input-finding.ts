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
  'missing-path': { severity: 'error', text: 'A path that was given does not exist.' },
  'unreadable-file': { severity: 'error', text: 'A file cannot be read.' },
  syntax: { severity: 'error', text: 'The text is not valid YAML or JSON.' },
  'not-an-object': { severity: 'error', text: 'A document is a text, a number or a list, not an object.' },
  'not-kubernetes': { severity: 'info', text: 'The file holds no Kubernetes object: it is skipped.' },
  template: { severity: 'warning', text: 'The file is a template, which must be rendered first.' },
  'kustomization-not-applied': {
    severity: 'warning',
    text: 'A kustomization changes or makes objects, which reading the folder does not.',
  },
  placeholder: {
    severity: 'info',
    text: 'Values hold placeholders such as `${NAME}`, which are read as names.',
  },
  'placeholder-not-read': {
    severity: 'warning',
    text: 'Objects hold placeholders where no name can be, and are not read.',
  },
  encrypted: { severity: 'info', text: 'The object is encrypted with SOPS, and is not read.' },
  'unknown-kind': { severity: 'info', text: 'The object is of a kind that Sluice does not read.' },
  'misspelt-kind': { severity: 'error', text: 'The kind or its apiVersion is nearly one that Sluice reads.' },
  'repeated-key': { severity: 'error', text: 'A key occurs twice in one map.' },
  'duplicate-object': { severity: 'error', text: 'The object is defined in another place too.' },
  'last-version-in-force': {
    severity: 'warning',
    text: 'The object is invalid now; its last valid version is still served.',
  },
  'unusable-object': {
    severity: 'error',
    text: 'The API server holds an object without what its kind requires; nothing of it can be used.',
  },
  'unknown-field': { severity: 'error', text: 'The kind has no such field at this place.' },
  'missing-field': { severity: 'error', text: 'A required field is missing.' },
  'wrong-type': { severity: 'error', text: 'A value is of another type than the field.' },
  'unsupported-value': { severity: 'error', text: 'The value is none of those that the field allows.' },
  'invalid-value': { severity: 'error', text: 'The value breaks the pattern, format or range of the field.' },
  'too-long': { severity: 'error', text: 'A text is longer than the field allows.' },
  'too-many': { severity: 'error', text: 'A list or map has more elements than the field allows.' },
  'too-few': { severity: 'error', text: 'A list or map has fewer elements than the field needs.' },
  duplicate: { severity: 'error', text: 'An element of a list has the key of another one.' },
  'rule-violated': { severity: 'error', text: 'A validation rule (CEL) of the kind does not hold.' },
  'namespace-ignored': {
    severity: 'warning',
    text: 'The kind has no namespaces; the one that is given is dropped.',
  },
  'cluster-only': {
    severity: 'info',
    text: 'The object is served here, but the API server of a cluster would refuse it.',
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
