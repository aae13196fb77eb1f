/** `sluice check`: everything that is wrong with manifests, before anything serves them. */
import { Option, type Command } from 'commander';
import type { Severity } from '../../gatewayapi/finding.ts';
import type { ResourceSnapshot } from '../../gatewayapi/snapshot.ts';
import { CLEAN, FINDINGS, USAGE_ERROR } from '../exit-codes.ts';
import { arePathsThere } from '../paths.ts';
import { colorsFor, print } from '../terminal.ts';
import type { CheckFormat, CheckReport } from './formats.ts';

interface CheckOptions {
  readonly only?: 'schema';
  readonly output: CheckFormat;
  readonly allClasses?: true;
}

const EXAMPLES = `
Examples:
  sluice check gateway/                     all findings of a folder
  kustomize build . | sluice check -        of standard input
  sluice check --only schema gateway/       what an API server would say
  sluice check --output sarif gateway/      for code hosts; junit and json too

Exit code: 0 clean, 1 findings (notes alone are clean), 2 wrong usage.`;

export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('report everything that is wrong with manifests: schema, CEL rules, references, conflicts')
    .argument('<path...>', 'files, folders, or - for standard input')
    .addOption(new Option('--only <stage>', 'stop after this stage').choices(['schema']))
    .addOption(
      new Option('-o, --output <format>', 'how to print')
        .choices(['text', 'json', 'sarif', 'junit'])
        .default('text'),
    )
    .option('--all-classes', 'judge Gateways of other controllers too')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: CheckOptions) => {
      if (!arePathsThere('check', paths)) {
        process.exitCode = USAGE_ERROR;
        return;
      }
      const report = await check(paths, options);
      await printReport(report, options.output);
      const serious: readonly Severity[] = ['error', 'warning'];
      process.exitCode = report.problems.some(({ severity }) => serious.includes(severity))
        ? FINDINGS
        : CLEAN;
    });
}

async function check(paths: readonly string[], options: CheckOptions): Promise<CheckReport> {
  const { collectProblems } = await import('./problem.ts');
  if (options.only === 'schema') {
    const { loadResources } = await import('../../provider/file/load.ts');
    const loaded = loadResources(paths);
    return { problems: collectProblems(loaded, []), objects: countObjects(loaded.snapshot) };
  }
  const { translatePaths } = await import('../translate-paths.ts');
  const { loaded, result } = translatePaths(paths, options.allClasses === true);
  return { problems: collectProblems(loaded, result.findings), objects: countObjects(loaded.snapshot) };
}

const countObjects = (snapshot: ResourceSnapshot): number =>
  Object.values(snapshot as unknown as Readonly<Record<string, readonly object[]>>).reduce(
    (sum, list) => sum + list.length,
    0,
  );

async function printReport(report: CheckReport, format: CheckFormat): Promise<void> {
  const { formatJson, formatJunit, formatSarif, formatText } = await import('./formats.ts');
  switch (format) {
    case 'text':
      print(formatText(report, colorsFor(process.stdout)));
      return;
    case 'json':
      print(formatJson(report));
      return;
    case 'sarif':
      print(formatSarif(report));
      return;
    case 'junit':
      print(formatJunit(report));
  }
}
