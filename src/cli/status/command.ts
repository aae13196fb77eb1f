/** `sluice status`: what a running gateway serves, and since when; asked from its admin API. */
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { Option, type Command } from 'commander';
import type { StatusAnswer } from '../../admin/status-report.ts';
import { CLEAN, FINDINGS, USAGE_ERROR } from '../exit-codes.ts';
import { layoutFor } from '../layout.ts';
import { parseAddress, type HostPort } from '../run/options.ts';
import { print, printError } from '../terminal.ts';

interface StatusOptions {
  readonly admin: HostPort;
  readonly output: 'table' | 'json';
}

const DEFAULT_ADMIN = '127.0.0.1:15000';
const TIMEOUT_MS = 5_000;

const EXAMPLES = `
Examples:
  sluice status
  sluice status --admin 127.0.0.1:15001 --output json

Exit code: 0 when everything is served as asked, 1 when something is not, 2 when no gateway answers.`;

export function registerStatus(program: Command): void {
  program
    .command('status')
    .description('show what a running gateway serves: objects, conditions, since when')
    .addOption(
      new Option('--admin <address>', 'admin API of the gateway')
        .argParser(parseAddress)
        .default(parseAddress(DEFAULT_ADMIN), DEFAULT_ADMIN),
    )
    .addOption(
      new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table'),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (options: StatusOptions) => {
      process.exitCode = await showStatus(options);
    });
}

async function showStatus({ admin, output }: StatusOptions): Promise<number> {
  const { host, port } = admin;
  const address = `${host.includes(':') ? `[${host}]` : host}:${String(port)}`;
  let report: StatusAnswer;
  try {
    report = await getStatus(host, port);
  } catch (error) {
    printError(`sluice status: no gateway answers on ${address} (${reasonOf(error)})`);
    printError('start one with "sluice run PATH", or name its admin API with --admin');
    return USAGE_ERROR;
  }
  if (output === 'json') {
    print(JSON.stringify(report, null, 2));
  } else {
    const { formatStatus } = await import('./table.ts');
    print(formatStatus(report, layoutFor(process.stdout), Date.now()).join('\n'));
  }
  const { isHealthy } = await import('./health.ts');
  return isHealthy(report) ? CLEAN : FINDINGS;
}

/** Not `fetch`, which refuses some ports for the sake of browsers. */
async function getStatus(host: string, port: number): Promise<StatusAnswer> {
  const request = get({ host, port, path: '/status', signal: AbortSignal.timeout(TIMEOUT_MS) });
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`it answers ${String(response.statusCode)}`);
  return JSON.parse(body) as StatusAnswer;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && error.code === 'ECONNREFUSED' ? 'connection refused' : error.message;
}
