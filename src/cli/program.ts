/** The commands of `sluice` and their common settings. The code of a command is loaded on demand. */
import { Command } from 'commander';
import { registerCert } from './cert/command.ts';
import { registerCheck } from './check/command.ts';
import { registerController } from './controller/command.ts';
import { registerEcho } from './echo/command.ts';
import { registerExplain } from './explain/command.ts';
import { registerProxy } from './proxy/command.ts';
import { registerRun } from './run/command.ts';
import { registerStatus } from './status/command.ts';
import { print } from '../report/terminal.ts';
import { sluiceVersion } from './version.ts';

export function createProgram(): Command {
  const program = new Command('sluice')
    .description(
      'Kubernetes Gateway API with its own data plane: serve a folder of YAML, check it in CI, or run in a cluster',
    )
    .version(sluiceVersion(), '-v, --version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(true)
    .showHelpAfterError('(add --help for the options)')
    .showSuggestionAfterError(true)
    .exitOverride()
    .enablePositionalOptions();
  for (const register of [
    registerRun,
    registerCheck,
    registerExplain,
    registerStatus,
    registerEcho,
    registerCert,
    registerController,
    registerProxy,
  ])
    register(program);
  program
    .command('version')
    .description('print the version')
    .action(() => {
      print(sluiceVersion());
    });
  // Subcommands inherit neither of these from their parent.
  for (const command of program.commands)
    command.exitOverride().showSuggestionAfterError(true).showHelpAfterError('(add --help for the options)');
  return program;
}
