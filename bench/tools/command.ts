/** Runs a command to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Tool } from './tool.ts';

const execute = promisify(execFile);

/** Standard output and standard error together; rejects when the command fails. */
export async function output(tool: Tool, args: readonly string[], cwd?: string): Promise<string> {
  const { stdout, stderr } = await execute(tool.path, [...args], {
    cwd,
    env: { ...process.env, ...tool.env },
    maxBuffer: 64 * 1024 * 1024,
  });
  return `${stdout}${stderr}`;
}

/** The first version number in the program's version output. */
export async function versionOf(tool: Tool, args: readonly string[]): Promise<string> {
  const text = await output(tool, args);
  return /\d+\.\d+\.\d+[\w+~-]*/u.exec(text.replaceAll(tool.path, ''))?.[0] ?? 'unknown';
}
