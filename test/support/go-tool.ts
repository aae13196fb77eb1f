/** Tools of the outside that are Go modules, built into the cache. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

import { missingBecause, missingTool, type OutsideTool } from './outside-tool.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

/** Path of a tool that `go install` makes of `packagePath` (with its version), kept in a folder of the cache. */
export async function buildGoTool(folderName: string, packagePath: string): Promise<OutsideTool> {
  const folder = join(process.env['SLUICE_CACHE_DIR'] ?? join(root, '.cache'), folderName);
  const name = /([^/]+)@/.exec(packagePath)?.[1] ?? '';
  const path = join(folder, name);
  if (existsSync(path)) return { kind: 'tool', tool: path };
  if (!(await hasGo())) return missingTool(`there is no Go to build ${name} with`);
  mkdirSync(folder, { recursive: true });
  try {
    await run('go', ['install', packagePath], { env: { ...process.env, GOBIN: folder } });
  } catch (error) {
    return missingBecause(name, error);
  }
  return { kind: 'tool', tool: path };
}

async function hasGo(): Promise<boolean> {
  try {
    await run('go', ['version']);
    return true;
  } catch {
    return false;
  }
}
