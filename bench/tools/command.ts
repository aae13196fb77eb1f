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

export async function firstLine(tool: Tool, args: readonly string[]): Promise<string> {
  const text = await output(tool, args);
  return text.split('\n').find((line) => line.trim() !== '') ?? 'unknown';
}
