/** `sluice explain`: how a request would be handled, and why, without sending it. */
import { Option, type Command } from 'commander';
import { DEFAULT_ADMIN, describeNoAdmin } from '../admin-client.ts';
import { CLEAN, FINDINGS, USAGE_ERROR } from '../exit-codes.ts';
import { arePathsThere } from '../paths.ts';
import { parseAddress, parsePath, parsePortMap, type HostPort } from '../options.ts';
import { print, printError } from '../../report/terminal.ts';
import type { ExplainAnswer } from '../../report/explain/answer.ts';
import type { ParsedRequest } from '../../admin/explain/request.ts';

interface ExplainOptions {
  readonly request: string;
  readonly header: readonly string[];
  readonly output: 'text' | 'json';
  readonly map: ReadonlyMap<number, number>;
  readonly tlsDir?: string;
  readonly allClasses?: true;
  readonly echo?: true;
  /** true: the default address. */
  readonly admin?: HostPort | true;
}

const EXAMPLES = `
Examples:
  sluice explain gateway/ --request 'GET https://shop.example/cart' -H 'x-user: a'
  sluice explain gateway/ --echo --map 80=8080 --request http://localhost:8080/ --output json
  sluice explain gateway/ --request tls://db.example:443      by server name; tcp:// and udp:// by port
  sluice explain --admin --request http://localhost:8080/     in the running gateway

Exit code: 0 if the gateway forwards or redirects the request or a filter responds to it; 1 if the gateway rejects it, or some of
such requests get an error; 2 wrong usage, or no gateway responds.`;

const collect = (line: string, lines: readonly string[]): string[] => [...lines, line];

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description(
      'explain how a request would be handled: listener, host, rule, filters, backends, near misses',
    )
    .argument('[path...]', 'files, folders, or - for standard input; none with --admin')
    .requiredOption('-r, --request <request>', "method and URL, such as 'GET https://shop.example/cart'")
    .addOption(
      new Option('-H, --header <line>', "a header of the request, such as 'x-user: a'; may be repeated")
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(new Option('-o, --output <format>', 'output format').choices(['text', 'json']).default('text'))
    .addOption(
      new Option('--map <port=port>', 'as for run; the URL may use either port')
        .argParser(parsePortMap)
        .default(new Map<number, number>(), 'none'),
    )
    .option('--tls-dir <folder>', 'as for run: folder of certificate and key files', parsePath)
    .option('--all-classes', 'include Gateways of other controllers')
    .option('--echo', 'as for run: substitute missing backends and certificates')
    .addOption(
      new Option(
        '--admin [address]',
        `ask the running gateway, at ${DEFAULT_ADMIN} or this address`,
      ).argParser(parseAddress),
    )
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: ExplainOptions) => {
      process.exitCode = await runExplain(paths, options);
    });
}

async function runExplain(paths: readonly string[], options: ExplainOptions): Promise<number> {
  const problem = usageProblem(paths, options);
  if (problem !== null) {
    printError(`sluice explain: ${problem}`);
    return USAGE_ERROR;
  }
  const { tlsDir } = options;
  if (!arePathsThere('explain', tlsDir === undefined ? paths : [...paths, tlsDir])) return USAGE_ERROR;
  const { parseRequest } = await import('../../admin/explain/request.ts');
  const parsed = parseRequest(options.request, options.header);
  if (!parsed.ok) {
    printError(`sluice explain: ${parsed.message}`);
    return USAGE_ERROR;
  }
  const answer = await answerOf(paths, options, parsed);
  if (answer === null) return USAGE_ERROR;
  const { isTrouble, isUnbound } = await import('../../report/explain/answer.ts');
  const { formatAnswer } = await import('../../report/explain/text.ts');
  if (options.output === 'json') print(JSON.stringify(answer.explanations, null, 2));
  else print(formatAnswer(answer, process.stdout).join('\n'));
  const isServed = answer.explanations.some((one) => !isTrouble(one));
  return isServed && !isUnbound(answer) ? CLEAN : FINDINGS;
}

function usageProblem(paths: readonly string[], { admin, map, tlsDir, echo }: ExplainOptions): string | null {
  if (admin === undefined)
    return paths.length > 0 ? null : 'name files or folders, or ask the running gateway with --admin';
  if (paths.length > 0) return '--admin asks the running gateway; omit the paths';
  return map.size > 0 || tlsDir !== undefined || echo === true
    ? '--admin asks the running gateway, which has its own --map, --tls-dir and --echo'
    : null;
}

/** null if no gateway responds, which has been reported. */
async function answerOf(
  paths: readonly string[],
  options: ExplainOptions,
  { request }: Extract<ParsedRequest, { readonly ok: true }>,
): Promise<ExplainAnswer | null> {
  const { admin, map, tlsDir = null, allClasses, echo } = options;
  if (admin === undefined) {
    const { explainOffline } = await import('./offline.ts');
    const choices = { map, tlsDir, allClasses: allClasses === true, echo: echo === true };
    return explainOffline(paths, request, choices);
  }
  const address = admin === true ? parseAddress(DEFAULT_ADMIN) : admin;
  const { explainOnline } = await import('./online.ts');
  try {
    const { header: headers, request: text } = options;
    return await explainOnline(address, { text, headers, port: request.port });
  } catch (error) {
    printError(describeNoAdmin('explain', address, error));
    return null;
  }
}
