/**
 * Loaded with `--import` by a process under test: makes the translator throw while the file exists that the environment names
 * (SLUICE_TEST_DEFECT).
 */
import { existsSync } from 'node:fs';
import { Translator } from '../../src/translator/translate.ts';

/* eslint-disable-next-line @typescript-eslint/unbound-method -- it is called with its `this` below. */
const { translate } = Translator.prototype;

Translator.prototype.translate = function planted(...parameters) {
  if (existsSync(process.env['SLUICE_TEST_DEFECT'] ?? '')) throw new Error('a planted defect');
  return translate.apply(this, parameters);
};
