/** How every command translates; apart from the reading of files, which the controller has no use (and no memory) for. */
import { hash } from 'node:crypto';
import { readCertificate, validateCaBundle } from '../provider/certificate-reader.ts';
import { measureRegex } from '../proxy/router/regex.ts';
import { CONTROLLER_NAME, type TranslateOptions } from '../translator/types.ts';

/** What a command says of the translation; the rest is the same for all. */
export type TranslateChoices = Partial<
  Pick<TranslateOptions, 'allClasses' | 'addresses' | 'trustedCidrs' | 'externalBackends'>
>;

/** SHA-256 at the speed of the machine. */
export const platformDigest = (text: string): string => hash('sha256', text, 'hex');

/** Without choices: for proxies that run where the manifests are read. */
export function translateOptions(choices: TranslateChoices): TranslateOptions {
  return {
    controllerName: CONTROLLER_NAME,
    allClasses: false,
    addresses: 'bind',
    trustedCidrs: [],
    externalBackends: true,
    readCertificate,
    validateCaBundle,
    measureRegex,
    sha256Hex: platformDigest,
    ...choices,
  };
}
