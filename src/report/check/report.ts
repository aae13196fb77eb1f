/** The findings of `check`, with the effects of its options. */
import type { Finding } from '../../gatewayapi/finding.ts';
import { loadResources } from '../../provider/file/load.ts';
import type { LoadedResources } from '../../provider/file/store.ts';
import { translatePaths } from '../translate-paths.ts';
import type { CheckReport } from './formats.ts';
import { commandFindings } from '../../admin/findings/command-findings.ts';
import { collectProblems, type Problem } from '../../admin/findings/problem.ts';

export interface CheckOptions {
  readonly only?: 'schema';
  readonly tlsDir?: string;
  readonly allClasses?: true;
  readonly assumeExisting?: true;
  readonly strict?: true;
  /** Codes of findings to omit. */
  readonly ignore: readonly string[];
}

export function checkPaths(paths: readonly string[], options: CheckOptions): CheckReport {
  if (options.only === 'schema') {
    const loaded = loadResources(paths);
    return reportOf(loaded, [], [], options);
  }
  const { assumeExisting, tlsDir } = options;
  // The controller of a GatewayClass that is not in the files is unknown: it is checked as if it were Sluice's.
  const allClasses = options.allClasses === true || assumeExisting === true;
  const { loaded, result } = translatePaths(paths, { allClasses, tlsDir });
  const findings = result.findings.map((finding) =>
    isAbsence(finding) && (assumeExisting === true || isExpected(finding, loaded))
      ? { ...finding, severity: 'info' as const, hint: 'assumed to exist: it is not in these files' }
      : finding,
  );
  const more = commandFindings(loaded, result.findings, Date.now());
  return reportOf(loaded, findings, more, options);
}

/** An object is not in the files, but may be in the cluster. */
const isAbsence = ({ target }: Finding): boolean => target !== undefined;

const isExpected = ({ target }: Finding, loaded: LoadedResources): boolean =>
  target !== undefined && loaded.isExpected(target);

function reportOf(
  loaded: LoadedResources,
  findings: readonly Finding[],
  more: readonly Problem[],
  options: CheckOptions,
): CheckReport {
  const problems = collectProblems(loaded, findings, more)
    .filter(({ code }) => !options.ignore.includes(code))
    .map((problem) => (options.strict === true && UNREAD.has(problem.code) ? asError(problem) : problem));
  return { problems, objects: loaded.objectCount };
}

/** Skipped files and kinds; errors with `--strict`. */
const UNREAD: ReadonlySet<string> = new Set([
  'unknown-kind',
  'not-kubernetes',
  'template',
  'kustomization-not-applied',
  'placeholder-not-read',
]);

const asError = (problem: Problem): Problem => ({ ...problem, severity: 'error' });
