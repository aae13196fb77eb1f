/** Container images without an engine: a docker-archive of one layer, the same bytes for the same files. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { run } from './command.ts';

export interface ImageSpec {
  /** `repository:tag`; several names may share one image. */
  readonly names: readonly string[];
  readonly entrypoint: readonly string[];
  readonly env?: readonly string[];
  readonly user?: string;
  /** Path in the image → file or folder on this machine, or text. */
  readonly files: Readonly<Record<string, { readonly path: string } | { readonly text: string }>>;
}

const REPRODUCIBLE = ['--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner'];

/** Writes `archive`, importable by `ctr images import` or `docker load`. */
export function writeImageArchive(spec: ImageSpec, archive: string): void {
  const work = mkdtempSync(join(tmpdir(), 'sluice-image-'));
  try {
    const root = join(work, 'root');
    for (const folder of ['tmp', 'etc', 'var', 'dev', 'proc', 'sys'])
      mkdirSync(join(root, folder), { recursive: true });
    chmodSync(join(root, 'tmp'), 0o1777);
    for (const [path, source] of Object.entries(spec.files)) place(join(root, path), source);
    const layer = join(work, 'layer.tar');
    run('tar', [...REPRODUCIBLE, '-cf', layer, '-C', root, '.']);
    const digest = sha256(readFileSync(layer));
    const config = JSON.stringify({
      architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
      os: 'linux',
      config: {
        Entrypoint: spec.entrypoint,
        Env: ['PATH=/usr/local/bin:/usr/bin:/bin', ...(spec.env ?? [])],
        User: spec.user ?? '',
      },
      rootfs: { type: 'layers', diff_ids: [`sha256:${digest}`] },
    });
    const configName = `${sha256(config)}.json`;
    writeFileSync(join(work, configName), config);
    writeFileSync(
      join(work, 'manifest.json'),
      JSON.stringify([{ Config: configName, RepoTags: spec.names, Layers: [basename(layer)] }]),
    );
    run('tar', [...REPRODUCIBLE, '-cf', archive, '-C', work, configName, basename(layer), 'manifest.json']);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function place(target: string, source: { readonly path: string } | { readonly text: string }): void {
  mkdirSync(dirname(target), { recursive: true });
  if ('text' in source) writeFileSync(target, source.text);
  else if (statSync(source.path).isDirectory())
    cpSync(source.path, target, { recursive: true, dereference: true });
  else copyFileSync(source.path, target);
}

const sha256 = (data: string | Buffer): string => createHash('sha256').update(data).digest('hex');

/** The shared libraries and the loader that a dynamically linked program needs, by the path it asks for. */
export function sharedLibraries(program: string): Record<string, { path: string }> {
  const files: Record<string, { path: string }> = {};
  for (const match of run('ldd', [program]).matchAll(/(\/\S+) \(0x/g)) {
    const path = match[1];
    if (path !== undefined) files[path] = { path };
  }
  return files;
}
