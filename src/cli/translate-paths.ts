/** Reads and translates manifests once, as `run` would, for the commands that only look. */
import { loadResources } from '../provider/file/load.ts';
import type { LoadedResources } from '../provider/file/store.ts';
import { translate } from '../translator/translate.ts';
import type { TranslateResult } from '../translator/types.ts';
import { translateOptions } from './translate-options.ts';

export interface TranslatedPaths {
  readonly loaded: LoadedResources;
  readonly result: TranslateResult;
}

export function translatePaths(paths: readonly string[], allClasses: boolean): TranslatedPaths {
  const loaded = loadResources(paths);
  return { loaded, result: translate(loaded.snapshot, { gateways: [] }, translateOptions({ allClasses })) };
}
