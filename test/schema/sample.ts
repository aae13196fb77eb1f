/** The mutated manifests that a real API server was asked about, and how its answers are kept. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, type JsonObject } from '../../src/gatewayapi/validation/schema.ts';
import { mutate } from './mutate.ts';
import { Random } from '../support/random.ts';

export const SAMPLE_SIZE = 6_000;
export const RECORD_FILE = join(import.meta.dirname, 'verdicts.json');

export interface Verdicts {
  /** Which API server was asked. */
  readonly server: string;
  /** One letter per manifest: `a` accepted, `r` refused, `-` not asked. */
  readonly verdicts: readonly string[];
}

/** How many letters a line of the record holds, so that a change shows where it is. */
export const LINE_LENGTH = 100;

export const readVerdicts = (): Verdicts => JSON.parse(readFileSync(RECORD_FILE, 'utf8')) as Verdicts;

/** Number `index` of the sample: always the same manifest. */
export function sampleManifest(
  seeds: readonly JsonObject[],
  index: number,
): { readonly seed: JsonObject; readonly manifest: JsonObject } {
  const random = new Random(index);
  const seed = random.pick(seeds);
  return { seed, manifest: mutate(random, seed) };
}

/** The mutation changed a name that is also in the URL: the API server would reject the mismatch. */
export function isAskable(seed: JsonObject, manifest: JsonObject): boolean {
  const { metadata } = manifest;
  const namespace = isJsonObject(metadata) ? metadata['namespace'] : undefined;
  return (
    manifest['kind'] === seed['kind'] &&
    manifest['apiVersion'] === seed['apiVersion'] &&
    (namespace === undefined || (typeof namespace === 'string' && /^[a-z0-9-]{1,63}$/.test(namespace)))
  );
}
