/** Entry of the `sluice` program: finds the command, and turns what goes wrong with it into an exit code. */
import { CommanderError } from 'commander';
import { ignoreClosedPipes } from './closed-pipes.ts';
import { createProgram } from './program.ts';
import { USAGE_ERROR } from './exit-codes.ts';

ignoreClosedPipes();
try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has said what is wrong; --help and --version end here too, with 0.
  process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
}
