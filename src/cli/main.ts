/** Entry of the `sluice` program: runs the command, and turns errors into an exit code. */
import { CommanderError } from 'commander';
import { ignoreClosedPipes } from './closed-pipes.ts';
import { createProgram } from './program.ts';
import { USAGE_ERROR } from './exit-codes.ts';

ignoreClosedPipes();
try {
  await createProgram().parseAsync(process.argv);
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed the error; --help and --version end here too, with 0.
  process.exitCode = error.exitCode === 0 ? 0 : USAGE_ERROR;
}
