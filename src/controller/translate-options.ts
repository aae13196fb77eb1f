/** Translation options of every command. Separate from reading files, which the controller does not need (and would load into memory). */
import { hash } from 'node:crypto';
import { readCertificate, validateCaBundle } from '../provider/certificate-reader.ts';
import { measureRegex } from '../proxy/router/regex.ts';
import { CONTROLLER_NAME, type TranslateOptions } from '../translator/types.ts';

/** Options that differ by command. */
export type TranslateChoices = Partial<
  Pick<TranslateOptions, 'allClasses' | 'addresses' | 'trustedCidrs' | 'externalBackends'>
>;

/** Native SHA-256. */
export const platformDigest = (text: string): string => hash('sha256', text, 'hex');

/** Defaults: for proxies that run where the manifests are read. */
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
