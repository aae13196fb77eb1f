/** `sluice status`: what a running gateway serves, and since when; asked from its admin API. */
import { Option, type Command } from 'commander';
import type { StatusAnswer } from '../../admin/status-report.ts';
import { askAdmin, DEFAULT_ADMIN, describeNoAdmin } from '../admin-client.ts';
import { CLEAN, FINDINGS, USAGE_ERROR } from '../exit-codes.ts';
import { layoutFor } from '../../report/layout.ts';
import { parseAddress, type HostPort } from '../options.ts';
import { print, printError } from '../../report/terminal.ts';

interface StatusOptions {
  readonly admin: HostPort;
  readonly output: 'table' | 'json';
  readonly public?: true;
}

const EXAMPLES = `
Examples:
  sluice status
  sluice status --admin 127.0.0.1:15001 --output json
  sluice status --public

Exit code: 0 if every object is served, 1 if some are not, 2 if no gateway responds.`;

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('show what a running gateway serves: objects, conditions, and since when')
    .addOption(
      new Option('--admin <address>', 'admin API of the gateway')
        .argParser(parseAddress)
        .default(parseAddress(DEFAULT_ADMIN), DEFAULT_ADMIN),
    )
    .addOption(
      new Option('-o, --output <format>', 'output format').choices(['table', 'json']).default('table'),
    )
    .option('--public', 'list only the routes with rules that need no authentication')
    .addHelpText('after', EXAMPLES)
    .action(async (options: StatusOptions) => {
      process.exitCode = await showStatus(options);
    });
}

async function showStatus({ admin, output, public: isPublic }: StatusOptions): Promise<number> {
  let report: StatusAnswer;
  try {
    report = await askAdmin<StatusAnswer>(admin, '/status');
  } catch (error) {
    printError(describeNoAdmin('status', admin, error));
    return USAGE_ERROR;
  }
  if (isPublic === true) return showPublic(report, output);
  if (output === 'json') {
    print(JSON.stringify(report, null, 2));
  } else {
    const { formatStatus } = await import('../../report/status/table.ts');
    print(formatStatus(report, layoutFor(process.stdout), Date.now()).join('\n'));
  }
  const { isHealthy } = await import('../../report/status/health.ts');
  return isHealthy(report) ? CLEAN : FINDINGS;
}

async function showPublic(report: StatusAnswer, output: StatusOptions['output']): Promise<number> {
  const { formatPublic } = await import('../../report/status/public.ts');
  if (output === 'json') print(JSON.stringify(report.publicRoutes, null, 2));
  else print(formatPublic(report, layoutFor(process.stdout)).join('\n'));
  return CLEAN;
}
