/** `sluice check`: reports all problems of manifests. */
import { Option, type Command } from 'commander';
import type { Severity } from '../../gatewayapi/finding.ts';
import { CLEAN, FINDINGS, USAGE_ERROR } from '../exit-codes.ts';
import { arePathsThere, namesOf } from '../paths.ts';
import { colorsFor, print, printError } from '../../report/terminal.ts';
import type { CheckFormat, CheckReport } from '../../report/check/formats.ts';
import type { CheckOptions } from '../../report/check/report.ts';

interface CommandOptions extends CheckOptions {
  readonly output: CheckFormat;
}

const EXAMPLES = `
Examples:
  sluice check gateway/                     all findings of a folder
  kustomize build . | sluice check -        of standard input
  sluice check --assume-existing app.yaml   one file, without its Gateway and Secrets
  sluice check --only schema gateway/       schema and CEL rules only, as an API server
  sluice check --output sarif gateway/      for code hosts; junit and json too

Exit code: 0 clean, 1 findings (notes alone are clean), 2 wrong usage, or no Kubernetes object found.`;

const collect = (code: string, codes: readonly string[]): string[] => [...codes, code];

export function registerCheck(program: Command): void {
  program
    .command('check')
    .description('report all problems of manifests: schema, CEL rules, references, conflicts')
    .argument('<path...>', 'files, folders, or - for standard input')
    .addOption(new Option('--only <stage>', 'stop after this stage').choices(['schema']))
    .addOption(
      new Option('-o, --output <format>', 'output format')
        .choices(['text', 'json', 'sarif', 'junit'])
        .default('text'),
    )
    .option(
      '--tls-dir <folder>',
      'folder of certificate and key files, which listeners can reference as Secrets',
    )
    .option('--all-classes', 'include Gateways of other controllers')
    .option('--assume-existing', 'assume that referenced objects exist, to check one app on its own')
    .addOption(
      new Option('--ignore <code>', 'omit findings with this code; may be repeated')
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--strict', 'report files and kinds that Sluice does not read as errors')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: CommandOptions) => {
      process.exitCode = await runCheck(paths, options);
    });
}

async function runCheck(paths: readonly string[], options: CommandOptions): Promise<number> {
  const folders = options.tlsDir === undefined ? paths : [...paths, options.tlsDir];
  if (!arePathsThere('check', folders)) return USAGE_ERROR;
  const { unknownCode } = await import('../../report/check/finding-codes.ts');
  const unknown = options.ignore.flatMap((code) => unknownCode(code) ?? []);
  for (const why of unknown) printError(`sluice check: --ignore: ${why}`);
  if (unknown.length > 0) return USAGE_ERROR;
  const { checkPaths } = await import('../../report/check/report.ts');
  const report = checkPaths(paths, options);
  await printReport(report, options.output);
  const has = (severity: Severity): boolean =>
    report.problems.some((problem) => problem.severity === severity);
  if (report.objects === 0 && !has('error')) {
    printError(`sluice check: no Kubernetes object that Sluice reads was found in ${namesOf(paths, ', ')}`);
    return USAGE_ERROR;
  }
  return has('error') || has('warning') ? FINDINGS : CLEAN;
}

async function printReport(report: CheckReport, format: CheckFormat): Promise<void> {
  const { formatJson, formatJunit, formatSarif, formatText } = await import('../../report/check/formats.ts');
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
