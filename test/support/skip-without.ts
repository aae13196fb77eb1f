/** For the option `skip` of tests that use a command: false where it is installed, else why the test is skipped. */
import { spawnSync } from 'node:child_process';

export const skipWithout = (command: string): false | string =>
  spawnSync(command, ['--help']).error === undefined ? false : `needs ${command}`;
