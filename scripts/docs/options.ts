/** The commands: docs/reference/cli.md, and kubernetes.md for the two that run in a cluster. */
import type { Command, Option } from 'commander';
import { createProgram } from '../../src/cli/program.ts';
import { asCode, markdownTable, type Section } from './section.ts';

/** The chart runs these two. */
const IN_KUBERNETES: readonly string[] = ['controller', 'proxy'];

const isShown = ({ hidden, long }: Option): boolean => !hidden && long !== '--help';

function defaultOf({ defaultValue, defaultValueDescription }: Option): string {
  const value: unknown = defaultValue;
  if (defaultValueDescription !== undefined) return defaultValueDescription;
  return value === undefined || value === false ? '' : JSON.stringify(value).replaceAll('"', '');
}

function rowOf(option: Option): string[] {
  const { flags, argChoices, description } = option;
  const choices = argChoices === undefined ? '' : ` (${argChoices.map(asCode).join(', ')})`;
  return [asCode(flags), defaultOf(option), description + choices];
}

function describeCommand(command: Command): string {
  const options = command.options.filter(isShown);
  const table =
    options.length === 0 ? '' : markdownTable(['option', 'default', 'meaning'], options.map(rowOf));
  return IN_KUBERNETES.includes(command.name()) ? table : `${command.description()}\n\n${table}`;
}

export const COMMAND_OPTIONS: readonly Section[] = createProgram()
  .commands.filter((command) => command.name() !== 'help')
  .map((command) => ({
    page: IN_KUBERNETES.includes(command.name()) ? 'docs/reference/kubernetes.md' : 'docs/reference/cli.md',
    name: `options-${command.name()}`,
    render: () => describeCommand(command),
  }));
