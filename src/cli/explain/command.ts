/** `sluice explain`: what happens to a request, and why; without sending it. */
import { Option, type Command } from 'commander';
import { CLEAN, FINDINGS, USAGE_ERROR } from '../exit-codes.ts';
import { arePathsThere } from '../paths.ts';
import { colorsFor, print, printError } from '../terminal.ts';

interface ExplainOptions {
  readonly request: string;
  readonly header: readonly string[];
  readonly output: 'text' | 'json';
  readonly allClasses?: true;
}

const EXAMPLES = `
Examples:
  sluice explain gateway/ --request 'GET https://shop.example/cart' -H 'x-user: a'
  sluice explain gateway/ --request http://shop.example:8080/ --output json

Exit code: 0 when the request is forwarded or redirected, 1 when it is refused, 2 wrong usage.`;

const collect = (line: string, lines: readonly string[]): string[] => [...lines, line];

export function registerExplain(program: Command): void {
  program
    .command('explain')
    .description(
      'say what would happen to a request, and why: listener, host, rule, filters, backends, near misses',
    )
    .argument('<path...>', 'files, folders, or - for standard input')
    .requiredOption('-r, --request <request>', "method and URL, as 'GET https://shop.example/cart'")
    .addOption(
      new Option('-H, --header <line>', "a header of the request, as 'x-user: a'; may be repeated")
        .argParser(collect)
        .default([], 'none'),
    )
    .addOption(new Option('-o, --output <format>', 'how to print').choices(['text', 'json']).default('text'))
    .option('--all-classes', 'look at Gateways of other controllers too')
    .addHelpText('after', EXAMPLES)
    .action(async (paths: string[], options: ExplainOptions) => {
      process.exitCode = await explainPaths(paths, options);
    });
}

async function explainPaths(paths: readonly string[], options: ExplainOptions): Promise<number> {
  if (!arePathsThere('explain', paths)) return USAGE_ERROR;
  const { parseRequest } = await import('./request.ts');
  const parsed = parseRequest(options.request, options.header);
  if (!parsed.ok) {
    printError(`sluice explain: ${parsed.message}`);
    return USAGE_ERROR;
  }
  const [{ translatePaths }, { explain }, { compileRegex }, { formatExplanation }, { settingsOf }] =
    await Promise.all([
      import('../translate-paths.ts'),
      import('../../proxy/router/explain.ts'),
      import('../../proxy/router/regex.ts'),
      import('./text.ts'),
      import('./settings.ts'),
    ]);
  const { configs, policies } = translatePaths(paths, { allClasses: options.allClasses === true }).result;
  const explanations = configs.flatMap((config, index) => {
    const settings = settingsOf(config, policies[index] ?? new Map());
    return explain(config, parsed.request, compileRegex, settings) ?? [];
  });
  if (options.output === 'json') print(JSON.stringify(explanations, null, 2));
  else if (explanations.length === 0) print(noListener(parsed.request.port, configs));
  else print(explanations.map((one) => formatExplanation(one, colorsFor(process.stdout))).join('\n\n'));
  return explanations.some(({ outcome }) => outcome !== 'refuse') ? CLEAN : FINDINGS;
}

interface WithPorts {
  readonly ports: readonly { readonly number: number; readonly transport: string }[];
}

function noListener(port: number, configs: readonly WithPorts[]): string {
  const ports = configs.flatMap((config) =>
    config.ports.map(({ number, transport }) => `${String(number)}/${transport}`),
  );
  const served =
    ports.length === 0 ? 'no Gateway is served' : `served ports are ${[...new Set(ports)].join(', ')}`;
  return `no listener at port ${String(port)}: ${served}`;
}
