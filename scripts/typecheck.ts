/**
 * `npm run typecheck`: the native compiler over everything, and over the pure layers with no Node types and a bare
 * ES library, so that `process`, `fs`, timers or `Buffer` do not exist there. Both at once.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** `@typescript/native` is TypeScript 7; the package `typescript` is 6, which the linter's plugins need. */
const compiler = fileURLToPath(new URL('../node_modules/@typescript/native/bin/tsc', import.meta.url));

async function check(project: string): Promise<boolean> {
  const child = spawn(process.execPath, [compiler, '-p', project], { cwd: root, stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code === 0;
}

const passed = await Promise.all(['tsconfig.json', 'tsconfig.core.json'].map(check));
process.exitCode = passed.every(Boolean) ? 0 : 1;
