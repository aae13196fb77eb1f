/** A problem that `check` reports, from any stage. */
import type { Finding, Severity } from '../../gatewayapi/finding.ts';
import type { InputFinding, SourceLocation } from '../../gatewayapi/input-finding.ts';
import { describeRef } from '../../gatewayapi/ref.ts';
import type { LoadedResources } from '../../provider/file/store.ts';
import { hintForTarget } from './absent-target.ts';

export interface Problem {
  readonly severity: Severity;
  readonly code: string;
  /** `HTTPRoute default/shop`; null if the text does not name the object. */
  readonly object: string | null;
  /** Kind of the object, even if it has no name. */
  readonly kind: string | null;
  /** API group of the kind; `` for the core group. */
  readonly group: string | null;
  readonly path: string;
  readonly message: string;
  readonly hint: string | null;
  readonly location: SourceLocation | null;
}

const fromInput = ({ object, kind: type, ...rest }: InputFinding): Problem => ({
  ...rest,
  object: object === null ? null : describeRef(object),
  kind: object?.kind ?? type?.kind ?? null,
  group: object?.group ?? type?.group ?? null,
});

const fromTranslator = (finding: Finding, loaded: Input): Problem => ({
  severity: finding.severity,
  code: finding.code,
  object: describeRef(finding.object),
  kind: finding.object.kind,
  group: finding.object.group,
  path: finding.path,
  message: finding.message,
  hint: hintForTarget(finding, loaded.snapshot) ?? finding.hint,
  location: loaded.locate(finding.object, finding.path),
});

type Input = Pick<LoadedResources, 'snapshot' | 'findings' | 'locate'>;

/** All problems, in the order of the files. `more`: see `commandFindings`. */
export function collectProblems(
  loaded: Input,
  findings: readonly Finding[],
  more: readonly Problem[] = [],
): Problem[] {
  const problems = [
    ...loaded.findings.map(fromInput),
    ...findings.map((finding) => fromTranslator(finding, loaded)),
    ...more,
  ];
  return problems.toSorted((a, b) => compareLocations(a.location, b.location));
}

function compareLocations(a: SourceLocation | null, b: SourceLocation | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
