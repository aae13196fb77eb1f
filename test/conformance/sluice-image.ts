/** The image of Sluice for the cluster: what the Dockerfile makes, built without an engine. */
import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './cluster/command.ts';
import { sharedLibraries, writeImageArchive } from './cluster/image-archive.ts';
import { ctr } from './cluster/node.ts';
import type { Layout } from './cluster/layout.ts';

export const SLUICE_IMAGE = { repository: 'sluice.local/sluice', tag: 'lab' } as const;

const ROOT = join(import.meta.dirname, '..', '..');
const PASSWD = 'root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:65532:65532::/home/nonroot:/sbin/nologin\n';

/** Compiles a release, packs it with the pinned Node and production dependencies only, and gives it to the node. */
export function buildSluiceImage(layout: Layout): void {
  const stage = join(layout.cache, 'sluice');
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  run('npm', ['run', 'build'], { cwd: ROOT });
  for (const name of ['package.json', 'package-lock.json', '.npmrc', 'bin', 'dist']) {
    cpSync(join(ROOT, name), join(stage, name), { recursive: true });
  }
  run('npm', ['ci', '--omit=dev', '--ignore-scripts'], { cwd: stage });
  const node = join(stage, 'node_modules', `node-linux-${process.arch}`, 'bin', 'node');
  const bundle = '/etc/ssl/certs/ca-certificates.crt';
  const archive = join(layout.images, 'sluice.tar');
  writeImageArchive(
    {
      names: [`${SLUICE_IMAGE.repository}:${SLUICE_IMAGE.tag}`],
      entrypoint: ['/usr/local/bin/node', '/sluice/dist/cli/main.js'],
      env: ['NODE_ENV=production', 'NODE_COMPILE_CACHE=/tmp/node-compile-cache'],
      user: '65532:65532',
      files: {
        '/usr/local/bin/node': { path: node },
        ...sharedLibraries(node),
        '/etc/passwd': { text: PASSWD },
        ...(existsSync(bundle) ? { [bundle]: { path: bundle } } : {}),
        '/sluice/package.json': { path: join(stage, 'package.json') },
        '/sluice/dist': { path: join(stage, 'dist') },
        '/sluice/node_modules': { path: join(stage, 'node_modules') },
      },
    },
    archive,
  );
  ctr(layout, 'images', 'import', archive);
}
