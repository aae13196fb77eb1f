/** Reads and translates manifests once, as `run` would, for commands that do not serve. */
import { loadResources } from '../provider/file/load.ts';
import type { LoadedResources } from '../provider/file/store.ts';
import { readTlsFolder, withSecrets } from '../provider/file/tls-folder.ts';
import { translate } from '../translator/translate.ts';
import type { TranslateResult } from '../translator/types.ts';
import { translateOptions } from '../controller/translate-options.ts';

export interface TranslatedPaths {
  readonly loaded: LoadedResources;
  readonly result: TranslateResult;
}

export interface TranslatePathsOptions {
  readonly allClasses: boolean;
  /** Certificates in files, as `sluice run --tls-dir` reads them. */
  readonly tlsDir?: string | undefined;
}

export function translatePaths(
  paths: readonly string[],
  { allClasses, tlsDir }: TranslatePathsOptions,
): TranslatedPaths {
  const files = loadResources(paths);
  const loaded = tlsDir === undefined ? files : withCertificates(files, tlsDir);
  return { loaded, result: translate(loaded.snapshot, { dataPlanes: [] }, translateOptions({ allClasses })) };
}

function withCertificates(files: LoadedResources, tlsDir: string): LoadedResources {
  const { secrets, findings } = readTlsFolder(tlsDir);
  return {
    ...files,
    snapshot: withSecrets(files.snapshot, secrets),
    findings: [...files.findings, ...findings],
  };
}
