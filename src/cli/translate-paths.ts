/** Reads and translates manifests once, as `run` would, for the commands that only look. */
import { readCertificate, validateCaBundle } from '../provider/certificate-reader.ts';
import { loadResources } from '../provider/file/load.ts';
import type { LoadedResources } from '../provider/file/store.ts';
import { regexError } from '../proxy/router/regex.ts';
import { translate } from '../translator/translate.ts';
import { CONTROLLER_NAME, type TranslateOptions, type TranslateResult } from '../translator/types.ts';

/** What a command says of the translation; the rest is the same for all. */
export type TranslateChoices = Partial<Pick<TranslateOptions, 'allClasses' | 'addresses' | 'trustedCidrs'>>;

/** Without choices: for proxies that run where the manifests are read. */
export function translateOptions(choices: TranslateChoices): TranslateOptions {
  return {
    controllerName: CONTROLLER_NAME,
    allClasses: false,
    addresses: 'bind',
    trustedCidrs: [],
    readCertificate,
    validateCaBundle,
    validateRegex: regexError,
    ...choices,
  };
}

export interface TranslatedPaths {
  readonly loaded: LoadedResources;
  readonly result: TranslateResult;
}

export function translatePaths(paths: readonly string[], allClasses: boolean): TranslatedPaths {
  const loaded = loadResources(paths);
  return { loaded, result: translate(loaded.snapshot, { gateways: [] }, translateOptions({ allClasses })) };
}
